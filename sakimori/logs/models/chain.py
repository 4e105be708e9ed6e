"""The chain of the stored files: ChainHead, ChainDay, ChainLink."""

from django.db import models

from sakimori.customers.models import Contract
from sakimori.logs.models.ledger import LogFile


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
