"""How the rows of stored files are made anew: put by in a table of their own, then day by day in the place of the old.

A day of a contract is a partition. Its rows that stay are copied, the new ones are put beside them, doubles are marked
again, and the engine swaps the partition for the copy in one step: whoever reads sees the old day or the new one, and
rows are never changed where they lie (decision 26). The tables bear a file's number that no file has, so they count for
their contract and are forgotten with it like those in which files wait.
"""

# ruff: noqa: S608

import secrets
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import pyarrow.lib as pa

from sakimori.logs.store.blocks import with_owner
from sakimori.logs.store.interface import DayChanged, Prepared
from sakimori.logs.store.statements import (
    EVENT,
    TABLES_LIKE,
    drop_table,
    make_copy,
    make_like_events,
    replace_partition,
    staging_name,
)
from sakimori.logs.store.turns import Turn

_NO_FILE = 0
# In pieces, one after the other: a day may be large, and nothing hurries.
_IN_PIECES = """
SETTINGS max_threads = 1, max_insert_threads = 1, max_block_size = 8192, min_insert_block_size_rows = 131072,
    min_insert_block_size_bytes = 67108864, max_bytes_before_external_sort = 134217728
"""
_MAX_ROWS, _MAX_BYTES = 100_000, 32 << 20
_OF_DAY = "contract_id = {contract_id:UInt32} AND day = {day:Date}"
_OF_FILES = "contract_id = {contract_id:UInt32} AND file_id IN {files:Array(UInt64)}"


@dataclass(frozen=True, slots=True)
class Engine:
    """What a store lends. put: into a table; alone: while it is held nobody else stores rows of the contract."""

    command: Callable[..., None]
    query: Callable[..., list[dict[str, Any]]]
    put: Callable[[str, Sequence[pa.Table]], None]
    catch_up: Callable[[str], None]
    alone: Callable[[], AbstractContextManager[Turn]]


@dataclass
class Replacing:
    """See `interface.Rereading` for the promises."""

    engine: Engine
    contract_id: int
    _own: set[str] = field(default_factory=set)

    def begin(self) -> None:
        self.end()
        self.engine.command(make_like_events(self._again))

    def put(self, rows: Iterable[tuple[int, pa.Table]]) -> None:
        waiting, count, size = list[pa.Table](), 0, 0
        for file_id, table in rows:
            if not table.num_rows:
                continue
            waiting.append(with_owner(table, contract_id=self.contract_id, file_id=file_id))
            count, size = count + table.num_rows, size + table.nbytes
            if count >= _MAX_ROWS or size >= _MAX_BYTES:
                self.engine.put(self._again, waiting)
                waiting, count, size = [], 0, 0
        if waiting:
            self.engine.put(self._again, waiting)

    def differing(self, files: Collection[int], *, kept_from: date | None) -> set[int]:
        self.engine.catch_up("events")
        stored, anew = self._lines("events", files), self._lines(self._again, files)
        gone = {key for key in anew.keys() - stored.keys() if kept_from is not None and key[1] < kept_from}
        pairs = (stored.keys() | anew.keys()) - gone
        return {file for file, day in pairs if stored.get((file, day)) != anew.get((file, day))}

    def days(self, files: Collection[int]) -> list[date]:
        sql = f"SELECT DISTINCT day FROM events WHERE {_OF_FILES} ORDER BY day"
        return [row["day"] for row in self._query(sql, files=list(files))]

    def prepare(self, day: date, files: Collection[int]) -> Prepared:
        self.engine.catch_up("events")
        table = f"{self._tables}day_{secrets.token_hex(8)}"
        values = {"contract_id": self.contract_id, "day": day, "files": list(files)}
        self.engine.command(make_copy(table))
        self.engine.command(_copy_others(table), **values)
        self.engine.command(_copy_anew(self._again, table), **values)
        if self._query(_count_shared(table))[0]["rows"]:
            unmarked, table = table, f"{table}_marked"
            self.engine.command(make_copy(table))
            self.engine.command(_copy_marked(unmarked, table))
            self.engine.command(drop_table(unmarked))
        before, after = self._doubles("events", day), self._doubles(table, day)
        self._own.add(table)
        recount = {file for file in before.keys() | after.keys() if before.get(file) != after.get(file)}
        return Prepared(day, table, frozenset(recount))

    def replace(self, prepared: Prepared) -> None:
        day, table = prepared.day, prepared.table
        with self.engine.alone() as turn:
            if not self.engine.query(TABLES_LIKE, {"pattern": f"^{table}$"}):
                return
            self.engine.catch_up("events")
            held, copied = self._count("events", day), self._count(table, day)
            # After a crash the old rows and the new ones may both be there, all of them or some.
            if held != copied if table in self._own else held > 2 * copied:
                raise DayChanged(f"rows of contract {self.contract_id} of {day} have come or gone meanwhile")
            turn.hold()
            self.engine.command(replace_partition(table, f"{self.contract_id:d}-{day:%Y%m%d}"))
        self.engine.command(drop_table(table))

    def end(self) -> None:
        for row in self.engine.query(TABLES_LIKE, {"pattern": f"^{self._tables}"}):
            self.engine.command(drop_table(row["name"]))

    @property
    def _tables(self) -> str:
        """How the names of all tables begin."""
        return f"{staging_name(contract_id=self.contract_id, file_id=_NO_FILE)}_"

    @property
    def _again(self) -> str:
        return f"{self._tables}again"

    def _count(self, table: str, day: date) -> int:
        return int(self._query(f"SELECT count() AS rows FROM {table} WHERE {_OF_DAY}", day=day)[0]["rows"])

    def _lines(self, table: str, files: Collection[int]) -> Mapping[tuple[int, date], tuple[int, int]]:
        """Which lines of each file are rows of each day, in two numbers."""
        sql = (
            "SELECT file_id, day, count() AS rows, groupBitXor(cityHash64(line_no)) AS lines"
            f" FROM {table} WHERE {_OF_FILES} GROUP BY file_id, day"
        )
        return {
            (row["file_id"], row["day"]): (row["rows"], row["lines"]) for row in self._query(sql, files=list(files))
        }

    def _doubles(self, table: str, day: date) -> Mapping[int, int]:
        sql = f"SELECT file_id, count() AS rows FROM {table} WHERE {_OF_DAY} AND is_double = 1 GROUP BY file_id"
        return {row["file_id"]: row["rows"] for row in self._query(sql, day=day)}

    def _query(self, sql: str, **values: object) -> list[dict[str, Any]]:
        bound = {**values, "contract_id": self.contract_id} if "{contract_id:" in sql else values
        return self.engine.query(sql, bound)


def _copy_others(target: str) -> str:
    """Copy what stays of a day: rows of all other files, with their marks."""
    return (
        f"INSERT INTO {target} SELECT * FROM events WHERE {_OF_DAY} AND file_id NOT IN {{files:Array(UInt64)}}"
        f" {_IN_PIECES}"
    )


def _copy_anew(source: str, target: str) -> str:
    """Copy the new rows of a day. Whichever was a double is taken for one until the day is looked through."""
    were_doubles = (
        f"SELECT file_id, line_no FROM events WHERE {_OF_DAY} AND file_id IN {{files:Array(UInt64)}} AND is_double = 1"
    )
    return f"""
INSERT INTO {target}
SELECT * REPLACE ((file_id, line_no) IN ({were_doubles}) AS is_double) FROM {source}
WHERE {_OF_DAY} AND file_id IN {{files:Array(UInt64)}} {_IN_PIECES}
"""


def _count_shared(table: str) -> str:
    """Not 0 if rows of a day report the same event, or one is marked as a double."""
    return f"""
SELECT countIf(request_id != '') - uniqExactIf(cityHash64({EVENT}), request_id != '') + countIf(is_double = 1) AS rows
FROM {table}
"""


def _copy_marked(source: str, target: str) -> str:
    """Copy a day and mark its doubles: the row that was seen stays the one that is seen. The rows lie in order of time,
    so the engine need not sort the day.
    """
    return f"""
INSERT INTO {target}
SELECT * EXCEPT (place) REPLACE (request_id != '' AND place > 1 AS is_double)
FROM (
    SELECT *, row_number() OVER (PARTITION BY contract_id, {EVENT} ORDER BY is_double, file_id, line_no) AS place
    FROM {source}
) {_IN_PIECES}
"""
