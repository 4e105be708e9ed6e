"""The questions that pages, downloads and the command line ask the store about a contract's events of a period.

Values are bound parameters; only names of columns from `fields.py` and constants are put into the SQL. Every function
raises StoreError; StoreUnavailable when an answer takes longer than MAX_SECONDS.
"""

# ruff: noqa: S608

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sakimori.lib.jst import day_of, milliseconds, start_of_day
from sakimori.logs.condition import LogQuery, condition_of
from sakimori.logs.fields import FIELDS
from sakimori.logs.filters import EMPTY, By
from sakimori.logs.store.clickhouse import ADDRESS_TEXT, EVENTS
from sakimori.logs.store.interface import LogStore
from sakimori.logs.whole_days import Spans

__all__ = [
    "LogQuery",
    "Place",
    "condition_of",
    "count",
    "days",
    "event_at",
    "listed",
    "rows",
    "walk",
]

Row = Mapping[str, Any]

MAX_SECONDS = 10
MAX_ROWS = 10_000  # Nobody reads further; whoever seeks something narrows the period or adds a filter.
_WALK_SECONDS = 60
_NEWEST_FIRST = "ORDER BY time DESC, file_id DESC, line_no DESC"
_OLDEST_FIRST = "ORDER BY time, file_id, line_no"
_SORTED = " SETTINGS optimize_read_in_order = 0"
_WHOLE = f"file_id, line_no, frame, {', '.join(field.name for field in FIELDS)}, ifNull({ADDRESS_TEXT}, '') AS address"
# What the list of a page shows. The wide columns stay unread: reading them for fifty scattered rows takes longer than
# finding the rows.
_BRIEF = (
    "time, file_id, line_no, site, country, attack_kind, attack_kinds, outcome, method, url, query, status,"
    f" rule_names, rule_ids, ifNull({ADDRESS_TEXT}, '') AS address"
)
_DAY = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class Place:
    """Where an event lies in the order of time; no two events share one."""

    time: datetime
    file_id: int
    line_no: int


def count(store: LogStore, query: LogQuery) -> int:
    """How many events fit."""
    condition, values = condition_of(query)
    return int(_ask(store, f"SELECT count() AS total FROM {EVENTS} WHERE {condition}", values)[0]["total"])


def days(store: LogStore, query: LogQuery) -> list[tuple[date, int]]:
    """The days of Japan on which events fit, the oldest first, and how many do."""
    condition, values = condition_of(query)
    sql = f"SELECT day, count() AS total FROM {EVENTS} WHERE {condition} GROUP BY day ORDER BY day"
    return [(row["day"], int(row["total"])) for row in _ask(store, sql, values)]


def listed(
    store: LogStore, query: LogQuery, *, offset: int, limit: int, sparse: bool = False, spans: Spans | None = None
) -> Sequence[Row]:
    """As `rows`, but only with what a list of events shows (`_BRIEF`).

    sparse: the events lie far apart, so sorting them costs less than reading everything between them in order.
    spans: where all of them lie; nothing else is read.
    """
    condition, values = condition_of(query)
    if spans:
        condition, values = f"{condition} AND {_within(spans)}", {**values, "days": _days_of(spans)}
    text = "'' AS client_ip_text" if _all_have_addresses(query) else "client_ip_text"
    sql = (
        f"SELECT {_BRIEF}, {text} FROM {EVENTS} WHERE {condition} {_NEWEST_FIRST}"
        f" LIMIT {{limit:UInt32}} OFFSET {{offset:UInt32}}{_SORTED if sparse else ''}"
    )
    return _ask(store, sql, {**values, "limit": limit, "offset": offset})


def _all_have_addresses(query: LogQuery) -> bool:
    """Then what a line had in place of an address, a wide column, need not be read."""
    sought = [each.value for each in query.filters if each.by is By.ADDRESS and not each.exclude]
    return bool(sought) and EMPTY not in sought


def _within(spans: Spans) -> str:
    """Numbers of our own, not values of a reader: as text the store's index can be asked for them."""
    moment = "fromUnixTimestamp64Milli(toInt64({}), 'UTC')"
    each = (
        f"time >= {moment.format(milliseconds(begins))} AND time < {moment.format(milliseconds(ends))}"
        for begins, ends in spans
    )
    return f"day IN {{days:Array(Date)}} AND ({' OR '.join(each)})"


def _days_of(spans: Spans) -> list[date]:
    found: set[date] = set()
    for begins, ends in spans:
        day, last = day_of(begins), day_of(ends - timedelta(milliseconds=1))
        found |= {day + timedelta(days=number) for number in range((last - day).days + 1)}
    return sorted(found)


def event_at(store: LogStore, contract_id: int, place: Place) -> Row | None:
    """The one event of a contract at a place with everything that is known of it; None if there is none."""
    return next(iter(whole(store, contract_id, [place])), None)


def rows(store: LogStore, query: LogQuery, *, offset: int, limit: int) -> Sequence[Row]:
    """Events with all columns of `fields.py`, `file_id`, `line_no` and `address` (canonical text), the newest first.

    Two questions: which events these are is found in the narrow columns that order them; the wide ones are read for
    the few that are shown.
    """
    condition, values = condition_of(query)
    sql = (
        f"SELECT time, file_id, line_no FROM {EVENTS} WHERE {condition} {_NEWEST_FIRST}"
        " LIMIT {limit:UInt32} OFFSET {offset:UInt32}"
    )
    found = _ask(store, sql, {**values, "limit": limit, "offset": offset})
    return whole(store, query.contract_id, [Place(row["time"], row["file_id"], row["line_no"]) for row in found])


def whole(store: LogStore, contract_id: int, places: Sequence[Place]) -> Sequence[Row]:
    """The events at these places with everything that is known of them, the newest first."""
    if not places:
        return ()
    times = [milliseconds(place.time) for place in places]
    sql = f"""
SELECT {_WHOLE} FROM {EVENTS}
WHERE contract_id = {{contract_id:UInt32}} AND day >= {{first_day:Date}} AND day <= {{last_day:Date}}
  AND (time, file_id, line_no) IN (
    SELECT fromUnixTimestamp64Milli(place.1, 'UTC'), place.2, place.3 FROM (
      SELECT arrayJoin(arrayZip(
        {{times:Array(Int64)}}, {{files:Array(UInt64)}}, {{lines:Array(UInt32)}})) AS place))
{_NEWEST_FIRST}"""
    values = {
        "contract_id": contract_id,
        "first_day": min(day_of(place.time) for place in places),
        "last_day": max(day_of(place.time) for place in places),
        "times": times,
        "files": [place.file_id for place in places],
        "lines": [place.line_no for place in places],
    }
    return _ask(store, sql, values)


def walk(store: LogStore, query: LogQuery, *, page: int = 2_000) -> Iterator[Row]:
    """Every event that fits, as `rows` gives them but the oldest first, for downloads of any size.

    Memory: `page` rows at a time. Day by day, and on from the last event seen, so that a question never reads what was
    given already. Events that arrive meanwhile come if they lie ahead. Each question may take a minute.
    """
    for day, _ in days(store, query):
        begins = max(query.begins, start_of_day(day))
        part = query.within(begins, min(query.ends, start_of_day(day) + _DAY))
        last: Place | None = None
        while True:
            found = _after(store, part, last, page)
            yield from found
            if len(found) < page:
                break
            last = Place(found[-1]["time"], found[-1]["file_id"], found[-1]["line_no"])


def _after(store: LogStore, query: LogQuery, last: Place | None, page: int) -> Sequence[Row]:
    """The next page of one day."""
    onward = ""
    place: dict[str, object] = {}
    if last is not None:
        query = query.within(last.time, query.ends)
        onward = (
            " AND (time, file_id, line_no) > (fromUnixTimestamp64Milli({last_time:Int64}, 'UTC'),"
            " {last_file:UInt64}, {last_line:UInt32})"
        )
        place = {"last_time": milliseconds(last.time), "last_file": last.file_id, "last_line": last.line_no}
    condition, values = condition_of(query)
    sql = f"SELECT {_WHOLE} FROM {EVENTS} WHERE {condition}{onward} {_OLDEST_FIRST} LIMIT {{limit:UInt32}}"
    return store.query(sql, {**values, **place, "limit": page}, max_seconds=_WALK_SECONDS)


def _ask(store: LogStore, sql: str, values: Mapping[str, object]) -> Sequence[Row]:
    return store.query(sql, values, max_seconds=MAX_SECONDS)
