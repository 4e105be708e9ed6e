"""How the doors go (PullState, DoorState, DoorFlow), and what did not arrive: MissingFiles (pull), Residue (syslog)."""

from django.db import models

from sakimori.customers.models import Contract


class PullState(models.Model):
    """How reading a contract's log index is going."""

    contract = models.OneToOneField(Contract, on_delete=models.CASCADE, related_name="pull_state")
    next_try_at = models.DateTimeField()
    last_success_at = models.DateTimeField(null=True, blank=True)
    last_file_at = models.DateTimeField(null=True, blank=True)
    failures = models.PositiveIntegerField(default=0)
    last_error = models.CharField(max_length=300, blank=True)
    newest = models.JSONField(
        default=dict, help_text="The highest number in the index, by the part of names before it."
    )

    class Meta:
        verbose_name = "ログ取得状況"


class DoorState(models.Model):
    """How it goes at one of a contract's other doors at which we take files ourselves: drop folder, bucket."""

    contract = models.ForeignKey(Contract, on_delete=models.CASCADE, related_name="door_states")
    door = models.CharField("受信経路", max_length=16)
    next_try_at = models.DateTimeField()
    last_success_at = models.DateTimeField(null=True, blank=True)
    last_file_at = models.DateTimeField(null=True, blank=True)
    failures = models.PositiveIntegerField(default=0)
    last_error = models.CharField(max_length=300, blank=True)
    position = models.CharField(max_length=1024, blank=True, help_text="Of a bucket: the last key that was taken.")

    class Meta:
        verbose_name = "受信経路の状況"
        constraints = [models.UniqueConstraint(fields=["contract", "door"], name="one_state_per_door")]


class DoorFlow(models.Model):
    """What a contract's files through one door have shown of its rhythm. `flow.py` says what the columns mean."""

    contract = models.ForeignKey(Contract, on_delete=models.CASCADE, related_name="door_flows")
    door = models.CharField("受信経路", max_length=16)
    files = models.PositiveBigIntegerField("ファイル数", default=0)
    last_received_at = models.DateTimeField("最終ファイル")
    complete_until = models.DateTimeField("最新のイベント", null=True, blank=True)
    recent = models.JSONField(default=list)
    pauses = models.JSONField(default=dict)

    class Meta:
        verbose_name = "受信の推移"
        constraints = [models.UniqueConstraint(fields=["contract", "door"], name="one_flow_per_door")]


class MissingFiles(models.Model):
    """Numbers that the vendor's index has passed over: files that it let go of before we came, or that never were, for
    it leaves out numbers of its own accord. was_listed: files that the index did name and that could not be had.

    begins_at, ends_at: between which events of the files beside them the missing ones lie, once that is known.
    """

    contract = models.ForeignKey(Contract, on_delete=models.CASCADE, related_name="missing_files")
    prefix = models.CharField(max_length=20)
    first = models.PositiveBigIntegerField()
    last = models.PositiveBigIntegerField()
    noticed_at = models.DateTimeField()
    begins_at = models.DateTimeField(null=True, blank=True)
    ends_at = models.DateTimeField(null=True, blank=True)
    was_listed = models.BooleanField(default=False)

    class Meta:
        verbose_name = "欠番"
        constraints = [models.UniqueConstraint(fields=["contract", "prefix", "first"], name="missing_numbers_once")]


class Residue(models.Model):
    """What a contract's syslog connections cut off on a day of Japan: lines that were begun and never ended, or lost.

    Syslog knows no "received", so a sender does not send again what a cut took.
    """

    contract = models.ForeignKey(Contract, on_delete=models.CASCADE, related_name="residues")
    day = models.DateField()
    cuts = models.PositiveIntegerField("切断", default=0)
    lines = models.PositiveIntegerField("失われた行", default=0)
    size_bytes = models.PositiveBigIntegerField("失われたバイト数", default=0)
    last_at = models.DateTimeField()

    class Meta:
        verbose_name = "syslog の欠損"
        constraints = [models.UniqueConstraint(fields=["contract", "day"], name="one_residue_per_day")]
