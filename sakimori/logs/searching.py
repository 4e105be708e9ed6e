"""Searching many stored files by one query: which rows are theirs, and which are late by the rule of their own file.

A query costs the store the same work whatever it finds, so a file by itself is dear. `WITH_FILES_SQL` is the query's
WITH, `OF_FILES_SQL` its condition and `IS_TIMELY` a name in it; the values are those of `values_of`.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from sakimori.lib.jst import day_of
from sakimori.logs.lateness import Timely, timely
from sakimori.logs.models import LogFile

_MOST_ROWS = 200_000
_BEGINNING = date(1970, 1, 1)
IS_TIMELY = "is_timely"
WITH_FILES_SQL = f"""indexOf({{files:Array(UInt64)}}, file_id) AS place,
    time >= fromUnixTimestamp64Milli({{firsts:Array(Int64)}}[place], 'UTC')
        AND time <= fromUnixTimestamp64Milli({{lasts:Array(Int64)}}[place], 'UTC') AS {IS_TIMELY}"""
# A number belongs to one contract; the days only keep what cannot hold any row of these files from being opened.
OF_FILES_SQL = """contract_id IN {contracts:Array(UInt32)} AND file_id IN {files:Array(UInt64)}
    AND {contracts:Array(UInt32)}[place] = contract_id AND day >= {oldest:Date}"""


@dataclass(frozen=True, slots=True)
class Searched:
    """A stored file that is to be searched, and which of its events are not late.

    oldest: none of its events is of an earlier day of Japan.
    """

    contract_id: int
    file_id: int
    timely: Timely
    oldest: date = _BEGINNING


def searched(file: LogFile, *, late: timedelta) -> Searched:
    """How a file is searched. late: how far from the file's arrival an event's time may be."""
    span = timely(door=file.door, received_at=file.received_at, limit=late)
    return Searched(file.contract_id, file.pk, span, _oldest(file))


def values_of(files: Sequence[Searched]) -> dict[str, object]:
    """The values that a query over these files binds; there must be one at least."""
    return {
        "files": [file.file_id for file in files],
        "contracts": [file.contract_id for file in files],
        "firsts": [file.timely.first for file in files],
        "lasts": [file.timely.last for file in files],
        "oldest": min(file.oldest for file in files),
    }


def searched_together(files: Iterable[LogFile], *, most_rows: int = _MOST_ROWS) -> list[LogFile]:
    """The first of these files, as many as one query may well look through: one at least, however large it is."""
    some, rows = list[LogFile](), 0
    for file in files:
        rows += file.rows
        if some and rows > most_rows:
            break
        some.append(file)
    return some


def _oldest(file: LogFile) -> date:
    """Of files that were stored before times were noted nothing is known."""
    return _BEGINNING if file.first_at is None else max(_BEGINNING, day_of(file.first_at))
