"""Closing (a contract that was cancelled, until its data is gone) and DeletionProof (what remains: numbers only)."""

from django.conf import settings
from django.db import models

from sakimori.customers.models import Contract
from sakimori.lib.claims import Claimable


class Closing(Claimable):
    """解約: somebody entered the contract's day of cancellation. The day itself is `Contract.ends_on`.

    Goes with the contract's other rows. found: how much lay outside the database when the deletion first began, so
    that a deletion that was killed half-way still proves what it took.
    """

    contract = models.OneToOneField(Contract, on_delete=models.PROTECT, related_name="closing")
    entered_at = models.DateTimeField("入力日時")
    entered_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    approved_at = models.DateTimeField("承認日時", null=True, blank=True)
    approved_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    began_at = models.DateTimeField(null=True, blank=True)
    found = models.JSONField(default=dict)

    class Meta:
        verbose_name = "解約"


class DeletionProof(models.Model):
    """削除証明: that all data of a contract was deleted. It names nobody of the customer and points to no row.

    rows: deleted rows per kind, as a list of objects (label, rows). residue: what a second look found; always 0, for
    otherwise nothing is deleted and no proof is written. record: digest of the audit record's last entry.
    """

    contract_number = models.CharField("契約番号", max_length=32)
    customer_number = models.CharField("お客様番号", max_length=32)
    customer_too = models.BooleanField(
        "お客様の登録も削除", help_text="It was the last contract: the customer and his key are gone too."
    )
    ends_on = models.DateField("解約日")
    deletes_on = models.DateField("削除予定日")
    entered_by = models.CharField("入力者", max_length=150)
    entered_at = models.DateTimeField("入力日時")
    approved_by = models.CharField("承認者", max_length=150)
    approved_at = models.DateTimeField("承認日時")
    began_at = models.DateTimeField("削除開始")
    finished_at = models.DateTimeField("削除完了")
    rows = models.JSONField(default=list)
    store_rows = models.PositiveBigIntegerField("ログの行", default=0)
    spool_files = models.PositiveIntegerField("受信ファイル", default=0)
    dropped_files = models.PositiveIntegerField("受け渡しフォルダのファイル", default=0)
    files = models.PositiveIntegerField("添付・レポートファイル", default=0)
    left_on_list = models.PositiveIntegerField("WAF のリストに残るアドレス", default=0)
    residue = models.PositiveBigIntegerField("残存", default=0)
    record = models.CharField(max_length=64)

    class Meta:
        verbose_name = "削除証明"

    @property
    def total_rows(self) -> int:
        """All rows of the database that went."""
        return sum(entry["rows"] for entry in self.rows)
