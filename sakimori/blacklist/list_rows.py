"""ListCheck (how a contract's list at the vendor compares with our rows), CountedFile (whose hits are counted)."""

from django.db import models

from sakimori.customers.models import Contract
from sakimori.logs.models import LogFile


class ListCheck(models.Model):
    """How the vendor's list of a contract compared with our rows when somebody last looked, and what it can hold.

    limit: what an analyst has entered; None: the setting. observed_limit: at how many entries the vendor said "full".
    foreign_entries, back: some of the entries that are not ours, and addresses that we took off and that are on again.
    gone_sites: sites that the account does not have any more. known_sites: those whose own list has held ours.
    paused_until: no call before, for the vendor's or for our own limit; adds_paused_until: only restores before.
    spent: calls that count against ours, as of `spent_at`. told, told_fill: what the SOC was told last.
    """

    contract = models.OneToOneField(Contract, on_delete=models.CASCADE, related_name="list_check")
    next_at = models.DateTimeField()
    checked_at = models.DateTimeField(null=True, blank=True)
    failures = models.PositiveIntegerField(default=0)
    last_error = models.CharField(max_length=300, blank=True)
    state = models.CharField(max_length=16, blank=True)
    entries = models.PositiveIntegerField("登録数", default=0)
    ours = models.PositiveIntegerField("当システムの登録", default=0)
    foreign = models.PositiveIntegerField("当システム以外の登録", default=0)
    foreign_entries = models.JSONField(default=list)
    back = models.JSONField(default=list)
    gone_sites = models.JSONField(default=list)
    known_sites = models.JSONField(default=list)
    limit = models.PositiveIntegerField("登録上限", null=True, blank=True)
    observed_limit = models.PositiveIntegerField(null=True, blank=True)
    observed_at = models.DateTimeField(null=True, blank=True)
    paused_until = models.DateTimeField(null=True, blank=True)
    adds_paused_until = models.DateTimeField(null=True, blank=True)
    spent = models.FloatField(default=0)
    spent_at = models.DateTimeField(null=True, blank=True)
    told = models.CharField(max_length=300, blank=True)
    told_fill = models.PositiveSmallIntegerField(default=0)

    class Meta:
        verbose_name = "WAF との照合"


class CountedFile(models.Model):
    """A stored log file whose requests from blocked addresses are counted on the blocks."""

    file = models.OneToOneField(LogFile, on_delete=models.CASCADE, related_name="hit_count")
    counted_at = models.DateTimeField()

    class Meta:
        verbose_name = "集計済みのログファイル"
