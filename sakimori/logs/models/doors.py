"""How the doors go (PullState, DoorState, DoorFlow), what did not arrive (MissingFiles of the pull, Residue of syslog),
what came again as something else (RewrittenFile), and who was not let in (RefusedSender of syslog).
"""

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
    listed = models.JSONField(
        default=dict, help_text="Higher numbers that the index named and that could not be taken yet, likewise."
    )
    index_missing_since = models.DateTimeField(
        null=True, blank=True, help_text="Since when the vendor has answered that there is no index."
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
    left_out = models.CharField(
        max_length=300, blank=True, help_text="Which files could not be taken although the look went well, in words."
    )
    left_out_since = models.DateTimeField(null=True, blank=True)

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


class Dismissal(models.TextChoices):
    """Why the SOC wants to hear no more of missing numbers."""

    NEVER = "never", "ベンダーに確認済み：欠番（元から存在しない）"
    TAKEN = "taken", "取り込み済み"


class MissingFiles(models.Model):
    """Numbers that the vendor's index has passed over: files that it let go of before we came, or that never were, for
    it leaves out numbers of its own accord. was_listed: files that the index did name and that could not be had.

    begins_at, ends_at: between which events of the files beside them the missing ones lie, once that is known.
    A row goes when its numbers come after all. dismiss*: an analyst's word that nothing of it is missing.
    """

    contract = models.ForeignKey(Contract, on_delete=models.CASCADE, related_name="missing_files")
    prefix = models.CharField(max_length=20)
    first = models.PositiveBigIntegerField()
    last = models.PositiveBigIntegerField()
    noticed_at = models.DateTimeField()
    begins_at = models.DateTimeField(null=True, blank=True)
    ends_at = models.DateTimeField(null=True, blank=True)
    was_listed = models.BooleanField(default=False)
    sought_at = models.DateTimeField(null=True, blank=True, help_text="When the ledger was last searched for it.")
    dismissed_at = models.DateTimeField("対応済みにした日時", null=True, blank=True)
    dismissed_by_name = models.CharField("対応した人", max_length=150, blank=True)
    dismissal = models.CharField("対応", max_length=8, choices=Dismissal, blank=True)
    dismissal_reason = models.CharField("理由", max_length=300, blank=True)

    class Meta:
        verbose_name = "欠番"
        constraints = [models.UniqueConstraint(fields=["contract", "prefix", "first"], name="missing_numbers_once")]

    @property
    def span(self) -> str:
        """The numbers as pages name them."""
        first, last = f"{self.prefix}_{self.first}", f"{self.prefix}_{self.last}"
        return first if first == last else f"{first}～{last}"


class Explanation(models.TextChoices):
    """What the SOC has found out about a file that came again with another content."""

    REUSED = "reused", "送信元の運用：同じ名前を繰り返し使う（この名前では今後通知しない）"
    REPLACED = "replaced", "確認済み：送信元が正しい理由で差し替えた"
    FORGED = "forged", "確認済み：改ざんされていた"


class RewrittenFile(models.Model):
    """A name under which another content came through the same door. Each content is a file of the ledger; this row
    outlives them. first_*: what came first; last_*: the newest other content, and its key in the ledger.

    close*: an analyst's word. A further content opens it again, unless the sender is known to reuse the name.
    """

    contract = models.ForeignKey(Contract, on_delete=models.CASCADE, related_name="rewritten_files")
    door = models.CharField("受信経路", max_length=16)
    name = models.CharField("ファイル名", max_length=200)
    first_sha256 = models.CharField("最初の内容", max_length=64)
    first_at = models.DateTimeField("最初の受信")
    last_sha256 = models.CharField("最新の内容", max_length=64)
    last_at = models.DateTimeField("最新の受信")
    last_file = models.PositiveBigIntegerField()
    times = models.PositiveIntegerField("別の内容で届いた回数", default=1)
    closed_at = models.DateTimeField("対応済みにした日時", null=True, blank=True)
    closed_by_name = models.CharField("対応した人", max_length=150, blank=True)
    explanation = models.CharField("確認結果", max_length=8, choices=Explanation, blank=True)
    reason = models.CharField("理由", max_length=300, blank=True)

    class Meta:
        verbose_name = "書き換えられたファイル"
        constraints = [models.UniqueConstraint(fields=["contract", "door", "name"], name="one_case_per_rewritten_name")]

    @property
    def alarm_key(self) -> str:
        """The key of the alarm about it."""
        return f"rewritten:{self.pk}"


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


class Refusal(models.TextChoices):
    """Why the syslog door let somebody not in."""

    UNKNOWN_ADDRESS = "address", "証明書の提示がなく、アドレスも登録されていません"
    UNKNOWN_CERTIFICATE = "certificate", "提示された証明書は登録されていないか、有効期限外です"
    NO_TLS = "tls", "TLS の接続が成立しませんでした（TLS 1.2 以上が必要です）"
    TOO_MANY = "many", "契約あたりの同時接続数の上限を超えました"


class RefusedSender(models.Model):
    """Who was not let in at the syslog door, and how often. Nobody knows whose contract it was meant for.

    Only the newest are kept, and only for some days (`receive/refusals.py`): anybody on the internet can knock.
    """

    address = models.CharField("接続元", max_length=64, blank=True, help_text="Empty: several that are not kept apart.")
    why = models.CharField("理由", max_length=16, choices=Refusal)
    times = models.PositiveBigIntegerField("回数", default=0)
    first_at = models.DateTimeField("最初")
    last_at = models.DateTimeField("最後")

    class Meta:
        verbose_name = "syslog で受け付けなかった接続"
        constraints = [models.UniqueConstraint(fields=["address", "why"], name="refused_sender_once")]
