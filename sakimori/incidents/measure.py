"""By which limits a site is judged: its own settings or the SOC's, and its usual time at this weekday and hour."""

from collections.abc import Collection, Mapping
from dataclasses import replace
from datetime import datetime

from sakimori.customers.models import Site
from sakimori.incidents.hours import usual_of
from sakimori.incidents.visit import Limits
from sakimori.incidents.visitors import Examination


def limits_of(site: Site, limits: Limits, usual: Mapping[int, int] | None = None) -> Limits:
    """The limits of a site. limits: the SOC's. usual: what is usual by site; without it the ceiling alone counts."""
    return replace(
        limits,
        slow_seconds=site.slow_seconds or limits.slow_seconds,
        slow_factor=site.slow_factor or limits.slow_factor,
        usual_ms=(usual or {}).get(site.pk),
    )


def usual_where_slow(found: Collection[tuple[Site, Examination]], limits: Limits, now: datetime) -> Mapping[int, int]:
    """What is usual for those sites that were slow: of the others nobody asks, so at quiet times it costs nothing."""
    slow = {site.pk for site, done in found if _was_slow(done, limits_of(site, limits))}
    return usual_of(slow, now) if slow else {}


def _was_slow(done: Examination, limits: Limits) -> bool:
    return any(visit.total_ms > limits.slow_seconds * 1000 for visit in (*done.visits, *done.beside))
