"""Invents how the demo's sites were in the last ninety days, so that their history and their usual times can be seen.

Only sums are written, as months of visits would have left them; no visit of the past is invented.
"""

import random
from datetime import datetime, timedelta

from sakimori.customers.models import Site
from sakimori.incidents.baseline import HOUR, hour_of, percentile95
from sakimori.incidents.models import SiteHour
from sakimori.lib.jst import JST

_DAYS = 90
_VISITS = 12
_NEWEST = timedelta(hours=4)  # What is newer is measured.
_BUSY = range(9, 23)


def seed_sites(*, now: datetime) -> None:
    """The history of every watched site that has none yet."""
    for site in Site.objects.filter(watched=True, hours=None).order_by("pk"):
        SiteHour.objects.bulk_create(_hours(site, now), batch_size=500)


def _hours(site: Site, now: datetime) -> list[SiteHour]:
    chance = random.Random(site.vendor_site_id)  # noqa: S311 - an invented past, the same at every start
    newest = hour_of(now - _NEWEST)
    return [_hour(site, newest - number * HOUR, chance) for number in range(_DAYS * 24)]


def _hour(site: Site, begins_at: datetime, chance: random.Random) -> SiteHour:
    """Slower by day than by night, now and then a slow or a bad moment."""
    usual = 180 if begins_at.astimezone(JST).hour in _BUSY else 110
    times = [round(usual * chance.uniform(0.8, 1.6)) for _ in range(_VISITS)]
    down = chance.choice((300, 600)) if chance.random() < 0.01 else 0
    stopped = 3600 if begins_at.astimezone(JST).weekday() == 6 and begins_at.astimezone(JST).hour == 3 else 0
    return SiteHour(
        site=site,
        begins_at=begins_at,
        visits=_VISITS,
        up_seconds=0 if stopped else 3600 - down,
        down_seconds=0 if stopped else down,
        stopped_seconds=stopped,
        median_ms=sorted(times)[_VISITS // 2],
        highest_ms=max(times) * (8 if down else 1),
        times=[] if stopped else times,
        usual_ms=None if stopped else percentile95(times),
    )
