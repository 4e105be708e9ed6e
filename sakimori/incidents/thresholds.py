"""When blocked traffic counts as a DDoS, and what a counter that rose tells. Pure.

The vendor has no event for an attack on a web site, but it counts what it blocks. Five minutes are a signal when
more was blocked than an absolute rate allows, and far more than is usual for this site: bots that are turned away
all day long are no attack.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from statistics import median

from sakimori.waf.interface import BlockedSample

BUCKET = timedelta(minutes=5)
_DAY = timedelta(days=1)
_ENOUGH = 12  # With less than an hour of five minutes before, nothing is usual yet.


@dataclass(frozen=True, slots=True)
class Threshold:
    """per_second: requests blocked per second, on average of five minutes. times_usual: as many times the median."""

    per_second: float
    times_usual: float


def window_of(now: datetime) -> datetime:
    """Since when the vendor is asked to count: yesterday's midnight (UTC), so that a day's traffic is there too."""
    midnight = now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    return midnight - _DAY


def floods(samples: Sequence[BlockedSample], threshold: Threshold, *, since: datetime) -> list[BlockedSample]:
    """The five minutes in which so much was blocked that it is a signal, oldest first.

    samples: oldest first; five minutes without any are left out. since: from when on they were asked for.
    Those that still run are judged by what they have so far, which only grows.
    """
    least = threshold.per_second * BUCKET.total_seconds()
    return [
        sample
        for place, sample in enumerate(samples)
        if sample.requests >= max(least, threshold.times_usual * _usual(samples[:place], since, sample.at))
    ]


def _usual(before: Sequence[BlockedSample], since: datetime, until: datetime) -> float:
    """The median of all five minutes from `since` to `until`."""
    places = max(0, (until - since) // BUCKET)
    if places < _ENOUGH:
        return 0.0
    counts = [sample.requests for sample in before if sample.at >= since][-places:]
    return float(median([0] * (places - len(counts)) + counts))


def rise(*, known: int, known_since: datetime | None, count: int, since: datetime) -> int:
    """By how much a counter has risen. It begins anew with its window; a correction downwards is no rise."""
    return max(0, count - (known if known_since == since else 0))
