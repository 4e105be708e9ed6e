"""What is usual for a site at a weekday and hour of Japan. Pure: which earlier hours count, and their percentile.

The measure is the 95th percentile by nearest rank: the smallest value of the sample such that at least 95 of 100 values
are not greater (NIST/SEMATECH e-Handbook of Statistical Methods, 7.2.6.2, and R's `quantile(type = 1)`, Hyndman and
Fan 1996, definition 1). It is always a time that was really measured, and one slow visit in twenty does not move it.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

WEEKS = 8
LEAST_WEEKS = 2
LEAST_MEASURES = 10
MOST_TIMES = 60  # Of one hour; more would only make the row longer.
HOUR = timedelta(hours=1)
_WEEK = timedelta(weeks=1)
_SHARE = 95


def percentile95(times: Sequence[int]) -> int:
    """The 95th percentile of a sample by nearest rank. ValueError for an empty one."""
    if not times:
        raise ValueError("an empty sample has no percentile")
    rank = -(-len(times) * _SHARE // 100)
    return sorted(times)[rank - 1]


def hour_of(moment: datetime) -> datetime:
    """The beginning of the hour of Japan in which a moment lies; hours begin there when they begin in UTC."""
    return moment.replace(minute=0, second=0, microsecond=0)


def same_hours(moment: datetime) -> list[datetime]:
    """The same weekday's same hour of the weeks before, the latest first. Japan has no summer time."""
    begins_at = hour_of(moment)
    return [begins_at - number * _WEEK for number in range(1, WEEKS + 1)]


def usual_ms(times_by_hour: Mapping[datetime, Sequence[int]], moment: datetime) -> int | None:
    """What is usual at a moment, from the times of normal visits by hour. None: less than two weeks, or too little."""
    weeks = [times for begins_at in same_hours(moment) if (times := times_by_hour.get(begins_at))]
    times = [time for week in weeks for time in week]
    if len(weeks) < LEAST_WEEKS or len(times) < LEAST_MEASURES:
        return None
    return percentile95(times)


def thinned(times: Sequence[int]) -> list[int]:
    """At most MOST_TIMES of the times of an hour, spread evenly over it."""
    if len(times) <= MOST_TIMES:
        return list(times)
    return [times[number * len(times) // MOST_TIMES] for number in range(MOST_TIMES)]
