"""Report: the monthly report of one contract, from the day it is owed to the PDF on the portal."""

from django.conf import settings
from django.db import models

from sakimori.customers.models import Contract
from sakimori.lib.calendar import Month


class ReportState(models.TextChoices):
    """Where a report stands. Only `released` is seen by the customer, and never changes again."""

    WAITING = "waiting", "作成待ち"
    DRAFT = "draft", "下書き"
    RELEASED = "released", "公開済み"


class Report(models.Model):
    """One contract and month (`2026-10`). `figures` is what `figures.py` writes: frozen at `as_of`, printed as it is.

    The PDF lies under `stored_name` in the customer's folder (`customers/files.py`).
    """

    contract = models.ForeignKey(Contract, on_delete=models.PROTECT, related_name="reports")
    month = models.CharField("対象月", max_length=7)
    due_on = models.DateField("提供予定日")
    state = models.CharField("状態", max_length=16, choices=ReportState, default=ReportState.WAITING)
    figures = models.JSONField(null=True, blank=True)
    as_of = models.DateTimeField("集計日時", null=True, blank=True)
    comment = models.TextField("所見", blank=True)
    drafted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    released_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    released_at = models.DateTimeField("公開日時", null=True, blank=True)
    stored_name = models.CharField(max_length=64, blank=True)
    size_bytes = models.PositiveBigIntegerField(default=0)
    sha256 = models.CharField(max_length=64, blank=True)
    opened_at = models.DateTimeField()

    class Meta:
        verbose_name = "月次レポート"
        constraints = [models.UniqueConstraint(fields=["contract", "month"], name="one_report_per_month")]
        indexes = [models.Index(fields=["state", "due_on"])]

    def __str__(self) -> str:
        return f"{self.contract.number} {self.month}"

    @property
    def period(self) -> Month:
        """The month as the calendar knows it."""
        return Month.parse(self.month)
