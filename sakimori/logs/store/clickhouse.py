"""The one LogStore: clickhouse-connect speaks to the embedded engine (chDB) and to a ClickHouse server alike."""

import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, date, datetime
from importlib.resources import files
from ipaddress import IPv4Address, IPv6Address
from threading import Lock
from typing import Any

from sakimori.lib.jst import milliseconds
from sakimori.logs.fields import Event
from sakimori.logs.store import statements
from sakimori.logs.store.blocks import as_table, blocks
from sakimori.logs.store.clients import ClientPool, client_maker
from sakimori.logs.store.interface import LogStore, StoreError
from sakimori.logs.store.statements import ADDRESS_TEXT, EVENTS

__all__ = ["ADDRESS_TEXT", "EVENTS", "ClickHouseStore", "open_store"]

_SCHEMA = "schema"
_NO_FILE = -1
# A hostile or very late file may spread over many days; that must make it slow, not impossible to store.
_INSERT_SETTINGS = {"max_partitions_per_insert_block": 0}


class ClickHouseStore:
    """See `interface.py` for the promises."""

    def __init__(self, pool: ClientPool) -> None:
        self._pool = pool
        # Within a process changes of rows that are there (mutations) take turns: marking and forgetting look first and
        # then change, and two mutations at once have been seen to wait for each other for ever in the embedded engine.
        self._settling = Lock()

    def migrate(self) -> None:
        self._command(statements.MAKE_VERSIONS)
        newest = self._number(statements.NEWEST_VERSION, "number")
        for number, sql in _migrations():
            if number <= newest:
                continue
            # Each statement can be repeated: a crash in the middle is mended by starting over.
            for statement in _statements(sql):
                self._command(statement)
            self._command(statements.NOTE_VERSION, number=number)

    def append(self, rows: Iterable[tuple[int, Event]], *, contract_id: int, file_id: int) -> int:
        stored, first, last = 0, None, None
        for block in blocks(rows):
            table = as_table(block, contract_id=contract_id, file_id=file_id)
            with self._pool.client() as client:
                client.insert_arrow("events", table, settings=_INSERT_SETTINGS)
            stored += len(block)
            times = [event.time for _, event in block]
            first = min(times) if first is None else min(first, *times)
            last = max(times) if last is None else max(last, *times)
        if first is not None and last is not None:
            with self._settling:
                self._mark_doubles(file_id, _span(contract_id, first, last))
        return stored

    def _mark_doubles(self, file_id: int, span: Mapping[str, Any]) -> None:
        """Marking comes after storing: of two files that are stored at once, the later to look sees both."""
        days = self._days(statements.DAYS_SHARED, file_id=file_id, **span)
        for day in days:
            self._command(statements.MARK_DOUBLES, day=day, file_id=file_id, **span)
        if days:
            self._show_hidden(_NO_FILE, span)

    def _show_hidden(self, gone: int, span: Mapping[str, Any]) -> None:
        for day in self._days(statements.DAYS_HIDDEN, gone=gone, **span):
            self._command(statements.SHOW_HIDDEN, day=day, gone=gone, **span)

    def forget_file(self, *, contract_id: int, file_id: int) -> None:
        """Show first, delete then: after a crash in between, an event is seen twice until the call is repeated.

        Looking again at the end mends what another process may have marked meanwhile because of the deleted rows.
        """
        file = {"contract_id": contract_id, "file_id": file_id}
        with self._settling:
            found = self.query(statements.SPAN_OF_FILE, file)[0]
            if not found["rows"]:
                return
            span = _span(contract_id, found["first"], found["last"])
            self._show_hidden(file_id, span)
            for day in self._days(statements.DAYS_OF_FILE, **file):
                self._command(statements.FORGET_FILE, day=day, **file)
            self._show_hidden(_NO_FILE, span)

    def count_file(self, *, contract_id: int, file_id: int) -> int:
        return self._number(statements.COUNT_FILE, "rows", contract_id=contract_id, file_id=file_id)

    def doubles(self, *, contract_id: int, file_id: int) -> int:
        return self._number(statements.COUNT_DOUBLES, "rows", contract_id=contract_id, file_id=file_id)

    def query(
        self, sql: str, parameters: Mapping[str, Any] | None = None, *, max_seconds: int = 60
    ) -> list[dict[str, Any]]:
        parameters = _bound(parameters or {})
        _insist_on_binding(sql, parameters)
        with self._pool.client() as client:
            result = client.query(sql, parameters=parameters or None, settings={"max_execution_time": max_seconds})
            names = result.column_names
            return [dict(zip(names, map(_plain, row), strict=True)) for row in result.result_rows]

    def drop_day(self, *, contract_id: int, day: date) -> None:
        with self._settling:
            self._command(statements.DROP_DAY, contract_id=contract_id, day=day)

    def forget_contract(self, contract_id: int) -> None:
        for day in self._days(statements.DAYS_OF_CONTRACT, contract_id=contract_id):
            self.drop_day(contract_id=contract_id, day=day)

    def ping(self) -> None:
        self.query("SELECT 1")

    def close(self) -> None:
        self._pool.close()

    def _command(self, sql: str, **parameters: Any) -> None:
        bound = _bound(parameters)
        _insist_on_binding(sql, bound)
        with self._pool.client() as client:
            client.command(sql, parameters=bound or None)

    def _days(self, sql: str, **parameters: Any) -> list[date]:
        return [row["day"] for row in self.query(sql, parameters)]

    def _number(self, sql: str, column: str, **parameters: Any) -> int:
        return int(self.query(sql, parameters)[0][column])


def open_store(url: str) -> LogStore:
    """Open `chdb:///folder` or `clickhouse://user:password@host/database`. ValueError for another URL."""
    return ClickHouseStore(ClientPool(client_maker(url)))


def _insist_on_binding(sql: str, parameters: Mapping[str, Any]) -> None:
    """The driver would paste parameters into SQL that does not bind them. That must never happen."""
    unbound = [name for name in parameters if not re.search(rf"\{{\s*{re.escape(name)}\s*:", sql)]
    if unbound:
        raise StoreError(f"Not bound in the SQL: {', '.join(unbound)}")


def _plain(value: object) -> object:
    if isinstance(value, IPv6Address):
        return str(value.ipv4_mapped or value)
    return str(value) if isinstance(value, IPv4Address) else value


def _migrations() -> Iterator[tuple[int, str]]:
    folder = files(__package__) / _SCHEMA
    for file in sorted(folder.iterdir(), key=lambda file: file.name):
        if file.name.endswith(".sql"):
            yield int(file.name.partition("_")[0]), file.read_text(encoding="utf-8")


def _statements(sql: str) -> list[str]:
    lines = [line for line in sql.splitlines() if not line.startswith("--")]
    return [statement.strip() for statement in "\n".join(lines).split(";\n") if statement.strip(" \n;")]


def _span(contract_id: int, first: datetime, last: datetime) -> dict[str, int]:
    return {"contract_id": contract_id, "first": milliseconds(first), "last": milliseconds(last)}


def _bound(parameters: Mapping[str, Any]) -> dict[str, Any]:
    """Moments go as text: the driver would send seconds, and the server reads few digits as something else."""
    return {
        name: value.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S.%f")[:-3] if isinstance(value, datetime) else value
        for name, value in parameters.items()
    }
