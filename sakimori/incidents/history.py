"""A site's history: how long its page took and how much of the time it was displayed, by hour or by day."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from statistics import median_low

from django.db.models import Q, QuerySet

from sakimori.customers.models import Site
from sakimori.incidents.baseline import HOUR, hour_of
from sakimori.incidents.hour_sums import DISPLAYED, HourSum, availability
from sakimori.incidents.hours import sums_between, visitors_visits
from sakimori.incidents.models import Incident, Probe, ProbePath, SiteHour, SummedHour
from sakimori.lib.jst import day_of, start_of_day

_MOST_LIVE = 3  # Hours that are not summed up yet.
_MOST_DOTS = 1500


class Period(StrEnum):
    """How far back a page looks."""

    DAY = "24h"
    WEEK = "7d"
    QUARTER = "90d"

    @property
    def label(self) -> str:
        """In Japanese."""
        return {"24h": "24 時間", "7d": "7 日間", "90d": "90 日間"}[self.value]

    @property
    def span(self) -> timedelta:
        """Its length."""
        return {"24h": timedelta(hours=24), "7d": timedelta(days=7), "90d": timedelta(days=90)}[self.value]

    @classmethod
    def read(cls, text: str | None) -> "Period":
        """What stands in the address; anything else is the last day."""
        return next((period for period in cls if period.value == text), cls.DAY)


@dataclass(frozen=True, slots=True)
class Bucket:
    """An hour or a day. usual_ms: what was usual at the time."""

    begins_at: datetime
    visits: int
    up_seconds: int
    down_seconds: int
    stopped_seconds: int
    unknown_seconds: int
    median_ms: int | None
    highest_ms: int | None

    @property
    def availability(self) -> float | None:
        """See `hour_sums.availability`."""
        return availability(self.up_seconds, self.down_seconds)


@dataclass(frozen=True, slots=True)
class Dot:
    """One visit on the chart of a day. total_ms: None where the page was not displayed: breaking off is quick, too."""

    at: datetime
    total_ms: int | None


@dataclass(frozen=True, slots=True)
class History:
    """What the page shows from one moment to another: buckets (the oldest first), and single visits of a day."""

    period: Period
    since: datetime
    until: datetime
    buckets: Sequence[Bucket]
    dots: Sequence[Dot]

    @property
    def availability(self) -> float | None:
        """Of the whole period."""
        up, down = (sum(getattr(bucket, name) for bucket in self.buckets) for name in ("up_seconds", "down_seconds"))
        return availability(up, down)

    @property
    def visits(self) -> int:
        """How many there were."""
        return sum(bucket.visits for bucket in self.buckets)

    @property
    def median_ms(self) -> int | None:
        """The middle of the buckets' medians."""
        found = [bucket.median_ms for bucket in self.buckets if bucket.median_ms is not None]
        return median_low(found) if found else None

    @property
    def mark(self) -> str:
        """Changes with whatever the charts show."""
        last = self.buckets[-1] if self.buckets else None
        return f"{self.period}:{self.visits}:{last.begins_at.timestamp() if last else 0}:{self.median_ms}"


def history_of(site: Site, period: Period, *, now: datetime) -> History:
    """The history of a site. Reads sums, and visits only of the last day."""
    since = hour_of(now - period.span) + HOUR
    if period is Period.QUARTER:
        since = start_of_day(day_of(now - period.span) + timedelta(days=1))
    hours = [*_summed(site, since), *_live(site, since, now)]
    buckets = _by_day(hours) if period is Period.QUARTER else hours
    return History(period, since, now, buckets, _dots(site, since) if period is Period.DAY else ())


def _summed(site: Site, since: datetime) -> list[Bucket]:
    rows = SiteHour.objects.filter(site=site, begins_at__gte=since).defer("times").order_by("begins_at")
    return [_bucket(row.begins_at, row) for row in rows]


def _live(site: Site, since: datetime, now: datetime) -> list[Bucket]:
    """The hours that no duty has summed up yet."""
    last = SummedHour.objects.filter(begins_at__lte=now).order_by("-begins_at").first()
    hour = max(since, hour_of(now) - _MOST_LIVE * HOUR, last.begins_at + HOUR if last else since)
    found = []
    while hour <= now:
        visits = visitors_visits().filter(site=site, at__gte=hour, at__lt=min(hour + HOUR, now + HOUR))
        done = sums_between(visits, hour).get(site.pk)
        if done is not None:
            found.append(_bucket(hour, done))
        hour += HOUR
    return found


def _bucket(begins_at: datetime, row: SiteHour | HourSum) -> Bucket:
    return Bucket(
        begins_at,
        row.visits,
        row.up_seconds,
        row.down_seconds,
        row.stopped_seconds,
        row.unknown_seconds,
        row.median_ms,
        row.highest_ms,
    )


def _by_day(hours: Iterable[Bucket]) -> list[Bucket]:
    days: dict[datetime, list[Bucket]] = {}
    for hour in hours:
        days.setdefault(start_of_day(day_of(hour.begins_at)), []).append(hour)
    return [_together(day, found) for day, found in days.items()]


def _together(day: datetime, hours: Sequence[Bucket]) -> Bucket:
    medians = [hour.median_ms for hour in hours if hour.median_ms is not None]
    highest = [hour.highest_ms for hour in hours if hour.highest_ms is not None]
    return Bucket(
        day,
        sum(hour.visits for hour in hours),
        sum(hour.up_seconds for hour in hours),
        sum(hour.down_seconds for hour in hours),
        sum(hour.stopped_seconds for hour in hours),
        sum(hour.unknown_seconds for hour in hours),
        median_low(medians) if medians else None,
        max(highest, default=None),
    )


def _dots(site: Site, since: datetime) -> list[Dot]:
    rows = visitors_visits().filter(site=site, at__gte=since, path=ProbePath.VISITOR)
    found = rows.order_by("-at").values_list("at", "verdict", "total_ms")[:_MOST_DOTS]
    return [Dot(at, total_ms if verdict in DISPLAYED else None) for at, verdict, total_ms in reversed(found)]


def incidents_since(site: Site, since: datetime) -> QuerySet[Incident]:
    """Incidents of a site that were open within a time, the newest first; exercises where it is an invented one."""
    rows = Incident.objects.filter(Q(ended_at=None) | Q(ended_at__gte=since), site=site)
    return rows.order_by("-opened_at", "-pk")


def last_visit(site: Site) -> Probe | None:
    """The newest visit on the visitors' path."""
    return visitors_visits().filter(site=site).order_by("-at", "-pk").first()
