"""Sums up each hour of visits once it is over: so judging and charts read a few rows instead of months of visits.

An hour and the mark that it was summed up are one transaction: killed in between, or done by two workers, it is done
once. Signals may come late, so an hour is summed up some time after its end.
"""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Min, Q, QuerySet

from sakimori.customers.models import Site
from sakimori.incidents.baseline import HOUR, hour_of, same_hours, usual_ms
from sakimori.incidents.hour_sums import Around, HourSum, Seen, Span, hour_sum
from sakimori.incidents.models import Incident, LateSignal, PlannedStop, Probe, ProbePath, SiteHour, SummedHour

KEPT = timedelta(days=100)
_GRACE = timedelta(minutes=15)
_BEFORE = timedelta(minutes=10)  # An attack has begun before it is reported.
_HOURS_AT_ONCE = 24
_ROWS_AT_ONCE = 5000
_WEEK = timedelta(weeks=1)


def sum_hours(*, now: datetime) -> int:
    """Sum up hours that are over and were not yet. Returns how many; a clock that was set back finds nothing new."""
    return sum(_sum_hour(hour, now) for hour in _hours_to_sum(now))


def _hours_to_sum(now: datetime) -> list[datetime]:
    """The next hours with visits and without a mark. A time without visits costs one look."""
    last, hour = hour_of(now - _GRACE) - HOUR, hour_of(now - KEPT)
    marks = set(SummedHour.objects.filter(begins_at__gte=hour).values_list("begins_at", flat=True))
    hours: list[datetime] = []
    while len(hours) < _HOURS_AT_ONCE:
        while hour in marks:
            hour += HOUR
        visit = Probe.objects.filter(at__gte=hour).order_by("at").values_list("at", flat=True).first()
        if visit is None or hour_of(visit) > last:
            break
        hour = hour_of(visit)
        if hour not in marks:
            hours.append(hour)
            hour += HOUR
    return hours


def _sum_hour(hour: datetime, now: datetime) -> int:
    with transaction.atomic():
        _, new = SummedHour.objects.get_or_create(begins_at=hour, defaults={"at": now})
        if not new:
            return 0
        sums = sums_between(_visits(hour), hour)
        before = _times_before(sums, hour + _WEEK)
        SiteHour.objects.bulk_create(
            [
                SiteHour(
                    site_id=site,
                    begins_at=hour,
                    usual_ms=usual_ms({**before.get(site, {}), hour: done.times}, hour + _WEEK),
                    **asdict(done),
                )
                for site, done in sums.items()
            ],
            batch_size=500,
            ignore_conflicts=True,
        )
    return 1


def sum_again(site: Site, *, since: datetime, until: datetime, now: datetime) -> int:
    """What is reported late happened in hours that may be summed up already: it leaves their measure. Returns how many.

    Call it after the report was written down. Only the latest hours are looked at: of older ones the visits are gone.
    """
    first = hour_of(since - _BEFORE)
    if first > hour_of(now - _GRACE) - HOUR:
        return 0
    rows = list(SiteHour.objects.filter(site=site, begins_at__gte=first, begins_at__lte=min(until + _BEFORE, now)))
    for row in rows:
        sums = sums_between(_visits(row.begins_at).filter(site=site), row.begins_at)
        row.times = sums[site.pk].times if site.pk in sums else []
        before = _times_before([site.pk], row.begins_at + _WEEK).get(site.pk, {})
        row.usual_ms = usual_ms({**before, row.begins_at: row.times}, row.begins_at + _WEEK)
        row.save(update_fields=["times", "usual_ms"])
    return len(rows)


def visitors_visits() -> QuerySet[Probe]:
    """Visits on a visitor's way to the site: from here, through whatever the name leads to; none of an exercise."""
    return Probe.objects.filter(vantage="").exclude(path=ProbePath.ORIGIN).exclude(incident__is_exercise=True)


def _visits(hour: datetime) -> QuerySet[Probe]:
    return visitors_visits().filter(at__gte=hour, at__lt=hour + HOUR)


def sums_between(visits: QuerySet[Probe], hour: datetime) -> dict[int, HourSum]:
    """The sums, by site, of the visits of an hour. A browser takes its own time: no measure of others."""
    found: dict[int, list[Seen]] = defaultdict(list)
    for site, at, verdict, total_ms, path in visits.values_list("site_id", "at", "verdict", "total_ms", "path"):
        found[site].append(Seen(at, verdict, total_ms if path == ProbePath.VISITOR else None))
    around = _around(found, hour)
    return {site: hour_sum(seen, hour, around.get(site, Around())) for site, seen in found.items()}


def _around(sites: Collection[int], hour: datetime) -> dict[int, Around]:
    """Planned stops and incidents that touch the hour."""
    until = hour + HOUR
    stops: dict[int, list[Span]] = defaultdict(list)
    for row in PlannedStop.objects.filter(starts_at__lt=until, ends_at__gt=hour):
        ends_at = min(row.ends_at, row.cancelled_at) if row.cancelled_at else row.ends_at
        stops[row.site_id].append(Span(row.starts_at, ends_at))
    attacks: dict[int, list[Span]] = defaultdict(list)
    open_then = Q(ended_at=None) | Q(ended_at__gt=hour)
    begun = Q(opened_at__lt=until + _BEFORE) | Q(sources__first_at__lt=until + _BEFORE)
    rows = Incident.objects.filter(open_then, begun, site__isnull=False)
    rows = rows.annotate(seen_at=Min("sources__first_at"))  # It may have been reported late.
    for site, opened_at, seen_at, ended_at in rows.values_list("site_id", "opened_at", "seen_at", "ended_at"):
        if site is not None:
            attacks[site].append(Span(min(opened_at, seen_at or opened_at) - _BEFORE, ended_at))
    late = LateSignal.objects.filter(site__isnull=False, first_at__lt=until + _BEFORE, last_at__gt=hour - _BEFORE)
    for site, first_at, last_at in late.values_list("site_id", "first_at", "last_at"):
        if site is not None:
            attacks[site].append(Span(first_at - _BEFORE, last_at + _BEFORE))
    return {site: Around(stops[site], attacks[site]) for site in sites if site in stops or site in attacks}


def _times_before(sites: Collection[int], moment: datetime) -> dict[int, dict[datetime, Sequence[int]]]:
    found: dict[int, dict[datetime, Sequence[int]]] = defaultdict(dict)
    rows = SiteHour.objects.filter(begins_at__in=same_hours(moment), site__in=sites)
    for site, begins_at, times in rows.values_list("site_id", "begins_at", "times"):
        found[site][begins_at] = times
    return found


def usual_of(sites: Collection[int], moment: datetime) -> Mapping[int, int]:
    """What is usual for each of the sites at a moment, in milliseconds; a site without two weeks of it is left out.

    Costs at most eight small rows per site, by the index: the weeks before have it ready.
    """
    rows = SiteHour.objects.filter(site__in=sites, begins_at__in=same_hours(moment), usual_ms__isnull=False)
    found = rows.order_by("begins_at").values_list("site_id", "usual_ms")
    return {site: usual for site, usual in found if usual is not None}


def forget_old_hours(*, now: datetime) -> int:
    """Delete sums that no page shows any more. Returns how many."""
    old = SiteHour.objects.filter(begins_at__lt=now - KEPT).values_list("pk", flat=True)[:_ROWS_AT_ONCE]
    deleted, _ = SiteHour.objects.filter(pk__in=list(old)).delete()
    SummedHour.objects.filter(begins_at__lt=now - KEPT - timedelta(days=1)).delete()
    return deleted
