"""What arrived (LogFile, QuarantinedLine), who stores it (StoringTurn), whether the store holds what the ledger says
(StoreCheck), and what was let go of (RetentionProof).
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
    found. `followed_at`: when its arrival was noted in the DoorFlow. `keeps_access_lines`: what the contract said when
    storing began, and it holds for every further try. `parser_version` (`formats/version.py`): likewise; None: its rows
    were made before versions were counted.
    """

    contract = models.ForeignKey(Contract, on_delete=models.PROTECT, related_name="log_files")
    door = models.CharField("受信経路", max_length=16)
    name = models.CharField("ファイル名", max_length=200)
    sha256 = models.CharField(max_length=64)
    size_bytes = models.PositiveBigIntegerField()
    spool_name = models.CharField(max_length=100, unique=True)
    # Null and not empty, so that the column is added to a ledger of millions of rows without rewriting it.
    listed_as = models.CharField(  # noqa: DJ001
        max_length=200, null=True, blank=True, help_text="Of a bucket: what its newest listing said of this content."
    )
    state = models.CharField("状態", max_length=16, choices=LogFileState, default=LogFileState.RECEIVED)
    reason = models.CharField("理由", max_length=300, blank=True)
    available_at = models.DateTimeField(
        null=True, blank=True, help_text="When the sender had it ready, as far as the door can tell; None: on receipt."
    )
    received_at = models.DateTimeField()
    stored_at = models.DateTimeField(null=True, blank=True)
    first_at = models.DateTimeField(null=True, blank=True, help_text="The time of its earliest event.")
    last_at = models.DateTimeField(
        null=True, blank=True, help_text="The time of its latest event; times that lie after its receipt do not count."
    )
    followed_at = models.DateTimeField(null=True, blank=True)
    searched_at = models.DateTimeField(null=True, blank=True)
    spool_cleared_at = models.DateTimeField(null=True, blank=True)
    attempts = models.PositiveIntegerField(default=0)
    next_try_at = models.DateTimeField()
    lines = models.PositiveBigIntegerField(default=0)
    rows = models.PositiveBigIntegerField(default=0)
    quarantined_lines = models.PositiveBigIntegerField(default=0)
    doubles = models.PositiveBigIntegerField(
        null=True, blank=True, help_text="Rows that are doubles, as the store counted them; None until it did."
    )
    unkept_lines = models.PositiveBigIntegerField(
        "保存対象外の行", default=0, help_text="Access lines that the contract does not keep."
    )
    keeps_access_lines = models.BooleanField("アクセスログを保存", null=True, blank=True)
    parser_version = models.PositiveSmallIntegerField("解析バージョン", null=True, blank=True)

    class Meta:
        verbose_name = "ログファイル"
        constraints = [
            models.UniqueConstraint(fields=["contract", "door", "name", "sha256"], name="same_file_is_one_row")
        ]
        indexes = [
            models.Index(fields=["state", "next_try_at"]),
            models.Index(fields=["state", "searched_at"]),
            models.Index(fields=["contract", "stored_at"]),
            models.Index(fields=["contract", "door", "received_at"], name="files_by_arrival"),
            models.Index(fields=["stored_at"], condition=models.Q(followed_at=None), name="files_to_follow"),
            models.Index(fields=["contract", "id"], condition=models.Q(doubles=None), name="files_to_count"),
            models.Index(
                fields=["contract", "state", "lines", "rows", "quarantined_lines", "doubles", "unkept_lines"],
                name="files_to_sum",
            ),
            models.Index(fields=["contract", "parser_version", "state", "rows"], name="files_by_parser"),
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


class StoreCheck(models.Model):
    """What comparing a contract's ledger with the store has shown. Files and rows are sums of all that was compared."""

    contract = models.OneToOneField(Contract, on_delete=models.CASCADE, related_name="store_check")
    checked_at = models.DateTimeField("照合日時")
    whole_at = models.DateTimeField(null=True, blank=True, help_text="When all of its files were last compared anew.")
    position = models.PositiveBigIntegerField(default=0, help_text="The last file of a whole comparison under way.")
    differences = models.JSONField(default=dict, help_text="By file: rows of the ledger, rows of the store.")

    class Meta:
        verbose_name = "保管庫との照合"


class StoringTurn(Claimable):
    """Which process may compare files of a contract with the log store and store them; see `turns.py`."""

    contract = models.OneToOneField(Contract, on_delete=models.CASCADE, related_name="storing_turn")

    class Meta:
        verbose_name = "ログ取込の順番"


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
