"""Which spans of the vendor's statistics are to be read next. Pure.

The vendor keeps 90 days and may correct the last hours. Each Japanese day of each series is read until it is over,
once more some hours later, and once a day while samples of it are lacking.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Self

from sakimori.lib.jst import day_of, start_of_day

BUCKET = timedelta(minutes=5)
PER_DAY = timedelta(days=1) // BUCKET
_DAYS = 90
CORRECTED = timedelta(hours=6)
_AGAIN = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class KnownDay:
    """What is known of a day already: read up to `until`, at `read_at`, and then there were so many samples."""

    until: datetime
    read_at: datetime
    samples: int


@dataclass(frozen=True, slots=True)
class Chunk:
    """A span inside one Japanese day, in whole five minutes."""

    day: date
    start: datetime
    end: datetime

    @classmethod
    def whole(cls, day: date) -> Self:
        """The whole day."""
        return cls(day, start_of_day(day), start_of_day(day + timedelta(days=1)))


def last_complete(now: datetime) -> datetime:
    """The end of the newest five minutes that are over."""
    return now - (now - start_of_day(day_of(now))) % BUCKET


def first_day(starts_on: date, now: datetime) -> date:
    """The first day that is worth asking for: of the contract, and of what the vendor keeps."""
    return max(starts_on, day_of(now) - timedelta(days=_DAYS))


def chunks(known: Mapping[date, KnownDay], *, since: date, now: datetime) -> list[Chunk]:
    """What to read of one series, the newest day first."""
    days = (day_of(now) - timedelta(days=number) for number in range((day_of(now) - since).days + 1))
    found = (_chunk(day, known.get(day), now) for day in days)
    return [chunk for chunk in found if chunk is not None and chunk.start < chunk.end]


def _chunk(day: date, known: KnownDay | None, now: datetime) -> Chunk | None:
    whole = Chunk.whole(day)
    begins, ends = whole.start, whole.end
    end = min(ends, last_complete(now))
    if known is None:
        return Chunk(day, begins, end)
    if known.until < end:
        return Chunk(day, max(begins, known.until - CORRECTED), end)
    if end < ends:
        return None  # The day goes on, and nothing new is complete.
    settled_at = ends + CORRECTED
    if known.read_at < settled_at <= now:
        return Chunk(day, ends - CORRECTED, ends)
    if known.samples < PER_DAY and known.read_at <= now - _AGAIN:
        return whole
    return None
