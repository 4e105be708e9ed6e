"""Rows of what visits have shown over time: SiteHour, SummedHour; and Hold, many sites that are bad at once."""

from django.conf import settings
from django.db import models

from sakimori.customers.models import Site


class SiteHour(models.Model):
    """What visits to a site have shown in one hour: its history, and the measure of what is usual.

    Visits are those on the visitors' path from this machine; each stands for the time until the next one. Seconds in
    which the page was displayed (up), was not or extremely slowly (down), was stopped as planned, or nothing is known.
    times: milliseconds of those normal visits that lie in no attack and no planned stop. usual_ms: their 95th
    percentile together with the same hour of the weeks before; None while these are fewer than two (`baseline.py`).
    """

    site = models.ForeignKey(Site, on_delete=models.CASCADE, related_name="hours")
    begins_at = models.DateTimeField()
    visits = models.PositiveIntegerField(default=0)
    up_seconds = models.PositiveSmallIntegerField(default=0)
    down_seconds = models.PositiveSmallIntegerField(default=0)
    stopped_seconds = models.PositiveSmallIntegerField(default=0)
    unknown_seconds = models.PositiveSmallIntegerField(default=0)
    median_ms = models.PositiveIntegerField(null=True, blank=True)
    highest_ms = models.PositiveIntegerField(null=True, blank=True)
    times = models.JSONField(default=list)
    usual_ms = models.PositiveIntegerField(null=True, blank=True)

    class Meta:
        verbose_name = "サイトの 1 時間ごとの集計"
        constraints = [models.UniqueConstraint(fields=["site", "begins_at"], name="site_hour_once")]
        indexes = [models.Index(fields=["begins_at"])]


class SummedHour(models.Model):
    """The mark that an hour was summed up, written together with its sums."""

    begins_at = models.DateTimeField(unique=True)
    at = models.DateTimeField()


class Hold(models.Model):
    """多数サイトの同時障害: many sites are bad at once, so notices to their customers wait for an analyst.

    why: `waf` (a page behind the WAF that is no customer's cannot be opened) or `many`. proved_at: when that was more
    than a suspicion. released_at: from then on notices go out at once. ended_at: the sites are well again and nothing
    waits; is_open is NULL then. alarm_at: when the SOC is alarmed next about what still waits.
    """

    class Why(models.TextChoices):
        """What speaks for one common cause."""

        WAF = "waf", "WAF 経由の対照ページも開けない"
        MANY = "many", "多くのサイトが同時に異常"

    why = models.CharField("理由", max_length=8, choices=Why)
    opened_at = models.DateTimeField("発生日時")
    proved_at = models.DateTimeField(null=True, blank=True)
    alarm_at = models.DateTimeField(null=True, blank=True)
    released_at = models.DateTimeField("連絡の開始", null=True, blank=True)
    released_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    ended_at = models.DateTimeField("終了日時", null=True, blank=True)
    is_open = models.BooleanField(null=True, default=True, unique=True, help_text="True, or NULL: one is open at most.")

    class Meta:
        verbose_name = "多数サイトの同時障害"
