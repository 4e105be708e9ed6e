"""What arrived (LogFile, QuarantinedLine) and what was let go of (RetentionProof).

How the doors go: PullState, DoorState. What did not arrive: MissingFiles (pull), Residue (syslog).
"""

from django.db import models

from sakimori.customers.models import Contract
from sakimori.lib.claims import Claimable


class LogFileState(models.TextChoices):
    """Where a file stands. `storing` means that rows may lie in the store already: they are forgotten first."""

    RECEIVED = "received", "受信済み"
    STORING = "storing", "取込中"
    STORED = "stored", "取込済み"
    QUARANTINED = "quarantined", "隔離"


class LogFile(Claimable):
    """One file that lies, or lay, in the spool. The same content under the same name is one row.

    lines = rows + quarantined_lines + unkept_lines, once the file is stored. `searched_at`: when its attacks were
    found. `keeps_access_lines`: what the contract said when storing began, and it holds for every further try.
    """

    contract = models.ForeignKey(Contract, on_delete=models.PROTECT, related_name="log_files")
    door = models.CharField("受信経路", max_length=16)
    name = models.CharField("ファイル名", max_length=200)
    sha256 = models.CharField(max_length=64)
    size_bytes = models.PositiveBigIntegerField()
    spool_name = models.CharField(max_length=100, unique=True)
    state = models.CharField("状態", max_length=16, choices=LogFileState, default=LogFileState.RECEIVED)
    reason = models.CharField("理由", max_length=300, blank=True)
    received_at = models.DateTimeField()
    stored_at = models.DateTimeField(null=True, blank=True)
    searched_at = models.DateTimeField(null=True, blank=True)
    spool_cleared_at = models.DateTimeField(null=True, blank=True)
    attempts = models.PositiveIntegerField(default=0)
    next_try_at = models.DateTimeField()
    lines = models.PositiveBigIntegerField(default=0)
    rows = models.PositiveBigIntegerField(default=0)
    quarantined_lines = models.PositiveBigIntegerField(default=0)
    unkept_lines = models.PositiveBigIntegerField(
        "保存対象外の行", default=0, help_text="Access lines that the contract does not keep."
    )
    doubles = models.PositiveBigIntegerField("重複", null=True, blank=True, help_text="Counted only of imported files.")
    keeps_access_lines = models.BooleanField("アクセスログを保存", null=True, blank=True)

    class Meta:
        verbose_name = "ログファイル"
        constraints = [
            models.UniqueConstraint(fields=["contract", "door", "name", "sha256"], name="same_file_is_one_row")
        ]
        indexes = [
            models.Index(fields=["state", "next_try_at"]),
            models.Index(fields=["state", "searched_at"]),
            models.Index(
                fields=["contract", "received_at"],
                condition=models.Q(keeps_access_lines=False),
                name="files_without_access_lines",
            ),
        ]


class QuarantinedLine(models.Model):
    """A line that could not be read, kept as it came (its beginning, if it was longer than may be kept)."""

    file = models.ForeignKey(LogFile, on_delete=models.CASCADE, related_name="bad_lines")
    line_number = models.PositiveIntegerField("行")
    reason = models.CharField("理由", max_length=40)
    raw = models.BinaryField()

    class Meta:
        verbose_name = "隔離行"
        constraints = [models.UniqueConstraint(fields=["file", "line_number"], name="bad_line_once")]


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


class MissingFiles(models.Model):
    """Numbers that the vendor's index has passed over: files that it skipped, or let go of before we came."""

    contract = models.ForeignKey(Contract, on_delete=models.CASCADE, related_name="missing_files")
    prefix = models.CharField(max_length=20)
    first = models.PositiveBigIntegerField()
    last = models.PositiveBigIntegerField()
    noticed_at = models.DateTimeField()

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


class RetentionProof(models.Model):
    """That a contract's log was looked through on a day of Japan, and what was too old and is gone since."""

    contract = models.ForeignKey(Contract, on_delete=models.CASCADE, related_name="retention_proofs")
    day = models.DateField("実行日")
    ran_at = models.DateTimeField("最終実行")
    kept_from = models.DateField("保管開始日", help_text="The oldest day that may be kept.")
    days = models.PositiveIntegerField("削除した日数", default=0)
    rows = models.PositiveBigIntegerField("削除した行数", default=0)
    lines = models.PositiveBigIntegerField("削除した隔離行数", default=0)
    oldest_day = models.DateField("残る最古の日", null=True, blank=True)

    class Meta:
        verbose_name = "ログ保管の記録"
        constraints = [models.UniqueConstraint(fields=["contract", "day"], name="one_retention_proof_per_day")]
