"""What the visits of one hour to one site come to. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from statistics import median_low

from sakimori.incidents.baseline import HOUR, thinned
from sakimori.incidents.models import Verdict

LONGEST = timedelta(minutes=15)  # A visit says nothing of later than this.
DISPLAYED = (Verdict.NORMAL, Verdict.SLOW)
_UP, _DOWN = (Verdict.NORMAL,), (Verdict.NOT_DISPLAYED, Verdict.SLOW)


@dataclass(frozen=True, slots=True)
class Seen:
    """One visit: when, its verdict, and how long the page took (None: it was never complete)."""

    at: datetime
    verdict: str
    total_ms: int | None


@dataclass(frozen=True, slots=True)
class Span:
    """From when until when; `ends_at` None: it goes on."""

    begins_at: datetime
    ends_at: datetime | None

    def holds(self, moment: datetime) -> bool:
        """Whether a moment lies in it."""
        return self.begins_at <= moment and (self.ends_at is None or moment < self.ends_at)


@dataclass(frozen=True, slots=True)
class Around:
    """What was known of a site beside its visits: its planned stops, and its incidents with some time before them."""

    stops: Sequence[Span] = ()
    attacks: Sequence[Span] = ()


@dataclass(slots=True)
class HourSum:
    """The columns of a `SiteHour`. Seconds are whole and together not more than an hour."""

    visits: int = 0
    up_seconds: int = 0
    down_seconds: int = 0
    stopped_seconds: int = 0
    unknown_seconds: int = 0
    median_ms: int | None = None
    highest_ms: int | None = None
    times: list[int] = field(default_factory=list)


def hour_sum(visits: Iterable[Seen], begins_at: datetime, around: Around) -> HourSum:
    """Sum up the visits of an hour that begins then. Each stands for the time until the next one, or the hour's end."""
    found = sorted(visits, key=lambda visit: visit.at)
    result = HourSum(visits=len(found))
    usual, shown = [], []
    ends = [*(visit.at for visit in found[1:]), begins_at + HOUR]
    for visit, until in zip(found, ends, strict=False):
        seconds = int(min(until - visit.at, LONGEST).total_seconds())
        stopped = any(span.holds(visit.at) for span in around.stops)
        _count(result, visit, seconds, stopped=stopped)
        if visit.total_ms is None or stopped or visit.verdict not in DISPLAYED:
            continue
        shown.append(visit.total_ms)
        if visit.verdict in _UP and not any(span.holds(visit.at) for span in around.attacks):
            usual.append(visit.total_ms)
    if shown:
        result.median_ms, result.highest_ms = median_low(shown), max(shown)
    result.times = thinned(usual)
    return result


def availability(up_seconds: int, down_seconds: int) -> float | None:
    """The share of the known time, in per cent, in which the page was displayed. Planned stops count for nothing."""
    known = up_seconds + down_seconds
    return 100 * up_seconds / known if known else None


def _count(result: HourSum, visit: Seen, seconds: int, *, stopped: bool) -> None:
    if stopped:
        result.stopped_seconds += seconds
    elif visit.verdict in _UP:
        result.up_seconds += seconds
    elif visit.verdict in _DOWN:
        result.down_seconds += seconds
    else:
        result.unknown_seconds += seconds
