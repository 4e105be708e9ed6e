"""What the store counts per address and day (`schema/0004_by_address.sql`), and how a question is put so that it reads
that instead of rows: whole days of Japan by these counts, the days of which the period has a part by their rows.

What is found is the same as from the rows alone, also where the store has no such counts.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sakimori.lib.jst import day_of, start_of_day
from sakimori.logs.condition import LogQuery, Values, condition_of, on_days
from sakimori.logs.filters import By
from sakimori.logs.store.clickhouse import EVENTS

# Written as in the schema, or the store would not see that it has these.
HOURS_SEEN = "groupBitOr(bitShiftLeft(toUInt32(1), toHour(time)))"
COUNTED_BY = frozenset({By.ADDRESS, By.OUTCOME})
_DAY = timedelta(hours=24)
_HOUR = timedelta(hours=1)
# More spans than these would make the question itself dear.
_MOST_SPANS = 200

Hours = Mapping[date, int]
Spans = list[tuple[datetime, datetime]]


@dataclass(frozen=True, slots=True)
class Days:
    """The whole days of a period, both included, and whether it has parts of others."""

    first: date
    last: date
    has_parts: bool


def whole_days(query: LogQuery) -> Days | None:
    """The days that the counts can answer for; None where there is no such day, or where a filter needs the rows."""
    if any(each.by not in COUNTED_BY for each in query.filters):
        return None
    first, after = day_of(query.begins), day_of(query.ends)
    begins_within = start_of_day(first) < query.begins
    if begins_within:
        first += _DAY
    if first >= after:
        return None
    return Days(first, after - _DAY, begins_within or start_of_day(after) < query.ends)


def by_days(query: LogQuery, days: Days, columns: str, keys: str) -> tuple[str, Values]:
    """The question for `columns` grouped by `keys`; the groups of whole days and those of the rest come apart."""
    whole, values = on_days(query, days.first, days.last, called="whole")
    asked = [whole]
    if days.has_parts:
        condition, further = condition_of(query)
        asked.append(f"{condition} AND (day < {{first_whole:Date}} OR day > {{last_whole:Date}})")
        values |= further
    sql = "\nUNION ALL\n".join(f"SELECT {columns} FROM {EVENTS} WHERE {each} GROUP BY {keys}" for each in asked)  # noqa: S608
    return sql, values


def spans_of(hours: Hours, begins: datetime, ends: datetime) -> Spans:
    """When, between two moments, there are events at all: spans of whole hours, cut at the ends, the oldest first.

    Empty where that is not known, or in too many pieces to be of use.
    """
    spans: Spans = []
    for day in sorted(hours):
        for place in range(24):
            begin = start_of_day(day) + place * _HOUR
            end = min(begin + _HOUR, ends)
            begin = max(begin, begins)
            if begin >= end or not hours[day] >> _hour_of_utc(place) & 1:
                continue
            if spans and spans[-1][1] == begin:
                spans[-1] = spans[-1][0], end
            else:
                spans.append((begin, end))
    return spans if len(spans) <= _MOST_SPANS else []


def _hour_of_utc(place: int) -> int:
    """The hour of the world's time that is the so-manieth of a day of Japan."""
    return (place + 15) % 24
