"""What is handed out: Export."""

from django.conf import settings
from django.db import models

from sakimori.customers.models import Contract
from sakimori.lib.claims import Claimable


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
