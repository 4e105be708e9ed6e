"""How many events fit, over time: bars of equal length that begin at round moments of Japan, each split in parts.

One question to the store gives the sum of what was found, the bars, and where in time a page of the list lies. Bars of
whole days come from the counts per day where those can tell (`whole_days.py`), and with them the hours in which events
lie at all.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum

from sakimori.lib.jst import milliseconds, start_of_day
from sakimori.logs.condition import LogQuery, condition_of
from sakimori.logs.search import MAX_SECONDS, Row, listed
from sakimori.logs.store.clickhouse import EVENTS
from sakimori.logs.store.interface import LogStore
from sakimori.logs.whole_days import HOURS_SEEN, Days, Hours, by_days, spans_of, whole_days

MOST_BARS = 100
_JAPAN = timedelta(hours=9)  # Japan knows no summer time.
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_DAY = timedelta(hours=24)
# Up to so many pages of events in the span of a page are sorted; more are read in order until the page is full.
_SPARSE_PAGES = 20
STEPS = (
    *(timedelta(milliseconds=length) for length in (100, 500)),
    *(timedelta(seconds=length) for length in (1, 5, 10, 30)),
    *(timedelta(minutes=length) for length in (1, 2, 5, 10, 30)),
    *(timedelta(hours=length) for length in (1, 2, 3, 6, 12)),
    _DAY,
)


class Split(StrEnum):
    """What a bar is split by; the value is the column."""

    OUTCOME = "outcome"
    KIND = "attack_kind"


@dataclass(frozen=True, slots=True)
class Bar:
    """A span of time, from `begins` (with it) to `ends` (without it), and how many events of each part lie in it."""

    begins: datetime
    ends: datetime
    counts: Mapping[str, int]

    @property
    def total(self) -> int:
        """All its events."""
        return sum(self.counts.values())


@dataclass(frozen=True, slots=True)
class Timeline:
    """The bars of a period without a gap, the oldest first; those of no event too. step: the length of a whole bar.

    hours: in which of each day there are events; empty where that was not asked.
    """

    step: timedelta
    bars: Sequence[Bar]
    hours: Hours = field(default_factory=dict)

    @property
    def total(self) -> int:
        """All events of the period."""
        return sum(bar.total for bar in self.bars)


@dataclass(frozen=True, slots=True)
class Span:
    """A span of time, how many of its events (newest first) come before a page, and how many it has in all."""

    begins: datetime
    ends: datetime
    before: int
    total: int


def timeline(store: LogStore, query: LogQuery, split: Split = Split.OUTCOME) -> Timeline:
    """Count. Raises StoreError; StoreUnavailable when it takes longer than MAX_SECONDS."""
    step = step_of(query.ends - query.begins)
    days = whole_days(query) if step == _DAY else None
    if days is not None:
        return _by_days(store, query, split, days)
    condition, values = condition_of(query)
    sql = f"""
SELECT intDiv(toUnixTimestamp64Milli(time) + {{shift:Int64}}, {{step:Int64}}) AS place, {split.value} AS part,
    count() AS total
FROM {EVENTS} WHERE {condition} GROUP BY place, part
"""  # noqa: S608 - only constants of ours are put in; values go as bound parameters
    values |= {"shift": _length(_JAPAN), "step": _length(step)}
    found = store.query(sql, values, max_seconds=MAX_SECONDS)
    return Timeline(step, bars(query, step, ((int(row["place"]), row["part"], int(row["total"])) for row in found)))


def _by_days(store: LogStore, query: LogQuery, split: Split, days: Days) -> Timeline:
    """A bar for each day."""
    columns = f"day, {split.value} AS part, count() AS total, {HOURS_SEEN} AS hours"
    sql, values = by_days(query, days, columns, "day, part")
    found = store.query(sql, values, max_seconds=MAX_SECONDS)
    shift, length = _length(_JAPAN), _length(_DAY)
    places = [(milliseconds(start_of_day(row["day"])) + shift) // length for row in found]
    counted = [(place, row["part"], int(row["total"])) for place, row in zip(places, found, strict=True)]
    hours: dict[date, int] = {}
    for row in found:
        hours[row["day"]] = hours.get(row["day"], 0) | int(row["hours"])
    return Timeline(_DAY, bars(query, _DAY, counted), hours)


def step_of(length: timedelta) -> timedelta:
    """The length of a bar for a period: the shortest with which there are not more than MOST_BARS."""
    return next((step for step in STEPS if length <= (MOST_BARS - 1) * step), STEPS[-1])


def bars(query: LogQuery, step: timedelta, counted: Iterable[tuple[int, str, int]]) -> list[Bar]:
    """Bars from counts (number of the step since the epoch in Japan, part, count). The outer ones are cut."""
    counts: dict[int, dict[str, int]] = {}
    for place, part, total in counted:
        counts.setdefault(place, {})[part] = total
    shift, length = _length(_JAPAN), _length(step)
    first = (milliseconds(query.begins) + shift) // length
    last = (milliseconds(query.ends) - 1 + shift) // length
    made = []
    for place in range(first, last + 1):
        begins = _EPOCH + timedelta(milliseconds=place * length - shift)
        made.append(Bar(max(begins, query.begins), min(begins + step, query.ends), counts.get(place, {})))
    return made


def rows_of_page(store: LogStore, query: LogQuery, found: Timeline, *, offset: int, limit: int) -> Sequence[Row]:
    """A page of the list of what was counted, the newest first, as `listed` gives them. Raises as `timeline`."""
    span = span_of_rows(found, offset=offset, limit=limit)
    if span is None:
        return ()
    within = query.within(span.begins, span.ends)
    spans = spans_of(found.hours, span.begins, span.ends)
    is_sparse = span.total < _SPARSE_PAGES * limit
    return listed(store, within, offset=span.before, limit=limit, sparse=is_sparse, spans=spans)


def span_of_rows(found: Timeline, *, offset: int, limit: int) -> Span | None:
    """In which span of time the rows of a page lie (newest first); None where there are no such rows.

    The store then reads these bars instead of the whole period.
    """
    bars_of_page: list[Bar] = []
    newer = 0
    for bar in reversed(found.bars):
        if not bars_of_page and newer + bar.total <= offset:
            newer += bar.total
            continue
        bars_of_page.append(bar)
        total = sum(each.total for each in bars_of_page)
        if newer + total >= offset + limit:
            break
    if not bars_of_page:
        return None
    total = sum(each.total for each in bars_of_page)
    return Span(bars_of_page[-1].begins, bars_of_page[0].ends, before=offset - newer, total=total)


def _length(span: timedelta) -> int:
    return span // timedelta(milliseconds=1)
