"""Where signals come from: SourceCount, and what reading the vendor's API remembers (VendorPoll, SiteFigures,
SeenEvent), so that a restart neither loses a signal nor counts one twice.
"""

from django.db import models

from sakimori.customers.models import Contract, Site
from sakimori.lib.claims import Claimable


class SignalSource(models.TextChoices):
    """Who says that a site is attacked."""

    LOG = "log", "ログ"
    THREATS = "threats", "脅威の統計"
    BLOCKED = "blocked", "遮断した通信の統計"
    NETWORK = "network", "ネットワーク保護のイベント"
    MAIL = "mail", "ベンダーの通知メール"


class SourceCount(models.Model):
    """What one source has told of an incident: lines, incidents by the vendor's count, five minutes, events, mails."""

    incident = models.ForeignKey("incidents.Incident", on_delete=models.CASCADE, related_name="sources")
    source = models.CharField("検知元", max_length=16, choices=SignalSource)
    signals = models.PositiveBigIntegerField("件数", default=0)
    first_at = models.DateTimeField("最初の検知")
    last_at = models.DateTimeField("最後の検知")

    class Meta:
        verbose_name = "検知元ごとの件数"
        constraints = [models.UniqueConstraint(fields=["incident", "source"], name="source_once_per_incident")]


class VendorPoll(Claimable):
    """When the vendor's API is asked about attacks next, and what was read of the whole account.

    asked_at: the last complete reading. window: since when DDoS incidents are counted; threats: how many of them are
    written down. unknown: how many of these no site of ours has; unexplained: readings in a row with more than that.
    events_until: up to when events of networks were read; where they are refused, `events_next_at` is far.
    """

    contract = models.OneToOneField(Contract, on_delete=models.CASCADE, related_name="vendor_poll")
    next_at = models.DateTimeField(db_index=True)
    asked_at = models.DateTimeField(null=True, blank=True)
    window = models.DateTimeField(null=True, blank=True)
    threats = models.PositiveBigIntegerField(default=0)
    unknown = models.PositiveBigIntegerField(default=0)
    unexplained = models.PositiveSmallIntegerField(default=0)
    events_next_at = models.DateTimeField(null=True, blank=True)
    events_until = models.DateTimeField(null=True, blank=True)
    failures = models.PositiveIntegerField(default=0)
    last_error = models.CharField(max_length=300, blank=True)

    class Meta:
        verbose_name = "攻撃の統計の取得"


class SiteFigures(models.Model):
    """What was read of a site. threats: DDoS incidents since `window` that are written down.

    blocked_at: the last five minutes (their beginning) whose blocked requests were a signal.
    """

    site = models.OneToOneField(Site, on_delete=models.CASCADE, related_name="attack_figures")
    window = models.DateTimeField()
    threats = models.PositiveBigIntegerField(default=0)
    blocked_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = "サイトの攻撃の統計"


class SeenEvent(models.Model):
    """An event of a network that is written down already. The vendor is asked about the same minutes again."""

    contract = models.ForeignKey(Contract, on_delete=models.CASCADE, related_name="seen_events")
    key = models.CharField(max_length=64)
    at = models.DateTimeField(db_index=True)

    class Meta:
        verbose_name = "読み取り済みのイベント"
        constraints = [models.UniqueConstraint(fields=["contract", "key"], name="event_once_per_contract")]
