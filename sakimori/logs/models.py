"""What arrived (LogFile, QuarantinedLine), its chain (ChainHead, ChainDay, ChainLink), what was let go of
(RetentionProof), what is handed out (Export).

How the doors go: PullState, DoorState, DoorFlow. What did not arrive: MissingFiles (pull), Residue (syslog).
Whether the store holds what the ledger says: StoreCheck.
"""

from django.conf import settings
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
    storing began, and it holds for every further try.
    """

    contract = models.ForeignKey(Contract, on_delete=models.PROTECT, related_name="log_files")
    door = models.CharField("受信経路", max_length=16)
    name = models.CharField("ファイル名", max_length=200)
    sha256 = models.CharField(max_length=64)
    size_bytes = models.PositiveBigIntegerField()
    spool_name = models.CharField(max_length=100, unique=True)
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


class ChainHead(models.Model):
    """Where a contract's chain begins and ends. Whoever adds a link locks this row, so the chain never forks.

    contract_number: as it is part of every digest. anchor: the digest of the last day that was let go of, which the
    oldest day that is still there continues.
    """

    contract = models.OneToOneField(Contract, on_delete=models.PROTECT, related_name="chain_head")
    contract_number = models.CharField(max_length=32)
    began_at = models.DateTimeField(help_text="Files that were stored before have no link.")
    newest_day = models.DateField(null=True, blank=True)
    anchor = models.CharField(max_length=64)
    anchor_day = models.DateField(null=True, blank=True)

    class Meta:
        verbose_name = "ログの連鎖"


class ChainDay(models.Model):
    """The links of a contract that were written on a day of Japan. See `chain/rules.py` for the digests."""

    contract = models.ForeignKey(Contract, on_delete=models.PROTECT, related_name="chain_days")
    day = models.DateField()
    links = models.PositiveIntegerField(default=0)
    last = models.CharField(max_length=64, blank=True)
    previous = models.CharField(max_length=64)
    check_at = models.DateTimeField(db_index=True, help_text="When the duty looks at this day next.")

    class Meta:
        verbose_name = "ログの連鎖（日）"
        constraints = [
            models.UniqueConstraint(fields=["contract", "day"], name="one_chain_day"),
            models.UniqueConstraint(fields=["contract", "previous"], name="days_do_not_fork"),
        ]


class ChainLink(models.Model):
    """A stored file's place in the chain; what its digest covers besides lies in the file's row. Never changed."""

    day = models.ForeignKey(ChainDay, on_delete=models.PROTECT, related_name="chain_links")
    file = models.OneToOneField(LogFile, on_delete=models.PROTECT, related_name="chain_link")
    sequence = models.PositiveIntegerField()
    linked_at = models.DateTimeField()
    oldest_day = models.DateField(null=True, blank=True, help_text="Of the file's events; none if it has none.")
    newest_day = models.DateField(null=True, blank=True)
    previous = models.CharField(max_length=64)
    digest = models.CharField(max_length=64)

    class Meta:
        verbose_name = "ログの連鎖（ファイル）"
        constraints = [models.UniqueConstraint(fields=["day", "sequence"], name="links_do_not_fork")]


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


class StoreCheck(models.Model):
    """What comparing a contract's ledger with the store has shown. Files and rows are sums of all that was compared."""

    contract = models.OneToOneField(Contract, on_delete=models.CASCADE, related_name="store_check")
    checked_at = models.DateTimeField("照合日時")
    whole_at = models.DateTimeField(null=True, blank=True, help_text="When all of its files were last compared anew.")
    position = models.PositiveBigIntegerField(default=0, help_text="The last file of a whole comparison under way.")
    differences = models.JSONField(default=dict, help_text="By file: rows of the ledger, rows of the store.")

    class Meta:
        verbose_name = "保管庫との照合"


class MissingFiles(models.Model):
    """Numbers that the vendor's index has passed over: files that it skipped, or let go of before we came.

    begins_at, ends_at: between which events of the files beside them the missing ones lie, once that is known.
    """

    contract = models.ForeignKey(Contract, on_delete=models.CASCADE, related_name="missing_files")
    prefix = models.CharField(max_length=20)
    first = models.PositiveBigIntegerField()
    last = models.PositiveBigIntegerField()
    noticed_at = models.DateTimeField()
    begins_at = models.DateTimeField(null=True, blank=True)
    ends_at = models.DateTimeField(null=True, blank=True)

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


class ExportForm(models.TextChoices):
    """How events are written: as a table for spreadsheet programs, or as the lines came."""

    CSV = "csv", "CSV"
    LINES = "lines", "原文"


class ExportState(models.TextChoices):
    """How far an export is."""

    WAITING = "waiting", "順番待ち"
    RUNNING = "running", "作成中"
    READY = "ready", "作成済み"
    FAILED = "failed", "失敗"
    CANCELLED = "cancelled", "中止"


class Export(Claimable):
    """A bundle that somebody asked for: what a search finds, with the chain. Row and file go at `expires_at`.

    query: the search as the part of an address behind the question mark. stored_name: the file of this try, whole only
    when the export is ready. done, total: lines.
    """

    contract = models.ForeignKey(Contract, on_delete=models.PROTECT, related_name="exports")
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    query = models.TextField()
    form = models.CharField("形式", max_length=8, choices=ExportForm)
    state = models.CharField("状態", max_length=12, choices=ExportState, default=ExportState.WAITING)
    reason = models.CharField("理由", max_length=300, blank=True)
    total = models.PositiveBigIntegerField(default=0)
    done = models.PositiveBigIntegerField(default=0)
    stored_name = models.CharField(max_length=32, blank=True)
    size_bytes = models.PositiveBigIntegerField(default=0)
    sha256 = models.CharField(max_length=64, blank=True)
    attempts = models.PositiveIntegerField(default=0)
    asked_at = models.DateTimeField("依頼日時")
    next_try_at = models.DateTimeField()
    finished_at = models.DateTimeField("作成日時", null=True, blank=True)
    expires_at = models.DateTimeField("削除日時", db_index=True)

    class Meta:
        verbose_name = "ログのダウンロード"
        indexes = [models.Index(fields=["state", "next_try_at"])]
