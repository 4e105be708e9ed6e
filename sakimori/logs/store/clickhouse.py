"""The one LogStore: clickhouse-connect speaks to the embedded engine (chDB) and to a ClickHouse server alike."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from contextlib import contextmanager
from datetime import UTC, date, datetime
from functools import partial
from importlib.resources import files as package_files
from ipaddress import IPv4Address, IPv6Address
from threading import Lock
from typing import Any

import pyarrow.compute as pc
import pyarrow.lib as pa

from sakimori.logs.store import statements
from sakimori.logs.store.blocks import blocks, with_owner
from sakimori.logs.store.clients import ClientPool, client_maker, is_embedded, layout_of
from sakimori.logs.store.inserting import insert
from sakimori.logs.store.interface import LogStore, Rereading, Row, SmallFile, StoreError
from sakimori.logs.store.layout import Layout
from sakimori.logs.store.replacing import Engine, Replacing
from sakimori.logs.store.statements import ADDRESS_TEXT, EVENTS
from sakimori.logs.store.turns import OneProcess, Turn, Turns

__all__ = ["ADDRESS_TEXT", "EVENTS", "ClickHouseStore", "open_store"]

_SCHEMA = "schema"
FileKey = tuple[int, int]  # A contract's number and its file's.
_ONE_SERVER, _ONE_PROCESS = Layout(), OneProcess()
# A whole file waits already, and whoever has the turn has it for some statements only.
_TURN_SECONDS = 10.0


class ClickHouseStore:
    """See `interface.py` for the promises."""

    def __init__(self, pool: ClientPool, layout: Layout = _ONE_SERVER, turns: Turns = _ONE_PROCESS) -> None:
        self._pool, self._layout, self._turns = pool, layout, turns
        # Of two files that are stored at once the later must see the earlier, so within a process they take turns.
        self._storing = Lock()

    def migrate(self) -> None:
        self._command(self._layout.everywhere(statements.MAKE_VERSIONS))
        self._catch_up("schema_versions")
        newest = self._number(statements.NEWEST_VERSION, "number")
        if newest:
            self._catch_up("events")
        for number, sql in _migrations():
            if number <= newest:
                continue
            # Each statement can be repeated: a crash in the middle is mended by starting over.
            for statement in _statements(sql):
                self._command(self._layout.everywhere(statement))
            self._command(statements.NOTE_VERSION, number=number)
        engine = self.query(statements.ENGINE_OF_EVENTS)[0]["engine"]
        if engine.startswith("Replicated") != self._layout.is_replicated:
            raise StoreError(f"LOGSTORE_URL: the events lie in {engine}; replicated= cannot be changed later")

    def append(self, rows: Iterable[Row | pa.Table], *, contract_id: int, file_id: int) -> int:
        """First all rows into a table of the file's own, then each of its days among the events."""
        staging = statements.staging_name(contract_id=contract_id, file_id=file_id)
        self.discard(contract_id=contract_id, file_id=file_id)
        self._command(statements.make_like_events(staging))
        stored, first, last = 0, None, None
        for block in blocks(rows):
            owned = [with_owner(table, contract_id=contract_id, file_id=file_id) for table in block]
            self._put(staging, owned)
            stored += sum(map(len, block))
            for earliest, latest in map(_ends, block):
                first = earliest if first is None else min(first, earliest)
                last = latest if last is None else max(last, latest)
            del block, owned
        if first is not None and last is not None:
            span = {"first": first, "last": last}
            with self._alone(contract_id) as turn:
                self._clear_left_overs(set(), contracts={contract_id})
                self._catch_up("events")
                self._move(self._marked(staging, contract_id, file_id, span), contract_id, file_id, span, turn)
        self.discard(contract_id=contract_id, file_id=file_id)
        return stored

    @contextmanager
    def _alone(self, contract_id: int) -> Iterator[Turn]:
        """Meanwhile nobody else stores rows of the contract, or takes any away."""
        with self._turns.of({contract_id}, wait_seconds=_TURN_SECONDS) as turn, self._storing:
            yield turn

    def _marked(self, staging: str, contract_id: int, file_id: int, span: Mapping[str, int]) -> str:
        """The table whose rows say which of them are doubles: the staged one itself where none is."""
        values = {"contract_id": contract_id, "file_id": file_id, **span}
        if not self._number(statements.count_shared(staging), "rows", **values):
            return staging
        marked = f"{staging}_marked"
        self._command(statements.make_like_events(marked))
        self._command(statements.copy_marked(staging, marked), **values)
        return marked

    def _move(self, table: str, contract_id: int, file_id: int, span: Mapping[str, int], turn: Turn) -> None:
        """Days that are there already came with an earlier try, which was broken off: they are whole."""
        there = self._partitions(statements.PARTITIONS_OF_FILE, contract_id=contract_id, file_id=file_id, **span)
        for partition in self._partitions(statements.partitions(table)):
            if partition not in there:
                turn.hold()
                self._command(statements.move_partition(table, partition))

    def append_together(self, files: Sequence[SmallFile]) -> list[int]:
        """First all rows into one table in memory, from there among the events by one statement."""
        if self._layout.is_replicated:  # A move waits for the other servers, an insert does not.
            return [self._append_alone(file) for file in files]
        contracts = {file.contract_id for file in files}
        with self._turns.of(contracts) as turn, self._storing:
            self._clear_left_overs({(file.contract_id, file.file_id) for file in files}, contracts=contracts)
            held = self._append_group(files, turn) if any(file.rows.num_rows for file in files) else {}
        return [held.get((file.contract_id, file.file_id), 0) for file in files]

    def _append_alone(self, file: SmallFile) -> int:
        self.append([file.rows], contract_id=file.contract_id, file_id=file.file_id)
        return self.count_file(contract_id=file.contract_id, file_id=file.file_id)

    def _append_group(self, files: Sequence[SmallFile], turn: Turn) -> Mapping[FileKey, int]:
        """How many rows are held of each afterwards."""
        first = min(files, key=lambda file: file.file_id)
        group = statements.group_name(contract_id=first.contract_id, file_id=first.file_id)
        owned = [with_owner(file.rows, contract_id=file.contract_id, file_id=file.file_id) for file in files]
        self._command(statements.make_group(group))
        self._put(group, [pa.concat_tables(owned).combine_chunks()])
        turn.hold()
        self._command(statements.store_group(group))
        counted = self.query(statements.count_stored(group))
        self._command(statements.drop_table(group))
        return {(row["contract_id"], row["file_id"]): row["rows"] for row in counted}

    def _clear_left_overs(self, files: AbstractSet[FileKey], *, contracts: AbstractSet[int] = frozenset()) -> None:
        """What earlier tries of these files have left behind; one that still runs on the server is waited for. So are
        those of all files of contracts whose turn is ours: they may be about to come among the events.

        A group bears the name of one of its files, and the others may come again before that one.
        """
        there = self._tables(statements.WAITING)
        own = {name for contract_id, file_id in files for name in statements.waiting_names(contract_id, file_id)}
        groups = {name for name in there - own if statements.is_group(name) and self._waits(name, files, contracts)}
        for name in sorted(there & own | groups):
            self._command(statements.drop_table(name))

    def _waits(self, group: str, files: AbstractSet[FileKey], contracts: AbstractSet[int]) -> bool:
        """Whether rows of one of these wait in a group; none do if it has been stored meanwhile."""
        try:
            held = {(row["contract_id"], row["file_id"]) for row in self.query(statements.files_of_group(group))}
        except StoreError:
            if group in self._tables(statements.GROUPS):
                raise
            return False
        return bool(files & held) or any(contract_id in contracts for contract_id, _ in held)

    def discard(self, *, contract_id: int, file_id: int) -> None:
        self._clear_left_overs({(contract_id, file_id)})

    def count_file(self, *, contract_id: int, file_id: int, days: tuple[date, date] | None = None) -> int:
        if days is None:
            return self._number(statements.COUNT_FILE, "rows", contract_id=contract_id, file_id=file_id)
        values = {"contract_id": contract_id, "file_id": file_id, "oldest": days[0], "newest": days[1]}
        return self._number(statements.COUNT_FILE_OF_DAYS, "rows", **values)

    def count_contract(self, contract_id: int) -> int:
        self._catch_up("events")
        held = self._number(statements.COUNT_CONTRACT, "rows", contract_id=contract_id)
        with self._storing:
            groups = self._groups(contract_id)
        return held + sum(self._staged(contract_id).values()) + sum(groups.values())

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

    def rereading(self, contract_id: int) -> Rereading:
        alone = partial(self._alone, contract_id)
        return Replacing(Engine(self._command, self.query, self._put, self._catch_up, alone), contract_id)

    def drop_day(self, *, contract_id: int, day: date) -> None:
        with self._alone(contract_id):  # Or a day that is just being replaced would come back.
            self._command(statements.drop_partition(f"{contract_id:d}-{day:%Y%m%d}"))

    def forget_contract(self, contract_id: int) -> None:
        with self._alone(contract_id):
            self._catch_up("events")
            for partition in self._partitions(statements.PARTITIONS_OF_CONTRACT, contract_id=contract_id):
                self._command(statements.drop_partition(partition))
            for name in self._groups(contract_id):
                self._command(statements.drop_table(name))
        for name in self._staged(contract_id):
            self._command(self._layout.everywhere(statements.drop_table(name)))

    def ping(self) -> None:
        self.query("SELECT 1")

    def close(self) -> None:
        self._pool.close()

    def _command(self, sql: str, **parameters: Any) -> None:
        bound = _bound(parameters)
        _insist_on_binding(sql, bound)
        with self._pool.client() as client:
            client.command(sql, parameters=bound or None)

    def _put(self, table: str, rows: Sequence[pa.Table]) -> None:
        with self._pool.client() as client:
            insert(client, table, rows, is_embedded=self._pool.is_embedded)

    def _staged(self, contract_id: int) -> dict[str, int]:
        """Tables in which rows of a contract wait, on whichever server, and how many."""
        database = self.query(statements.DATABASE)[0]["name"]
        values = {"pattern": statements.staging_pattern(contract_id), "database": database}
        found = self.query(statements.staging_tables(self._layout.tables), values)
        return {row["name"]: row["rows"] for row in found}

    def _groups(self, contract_id: int) -> dict[str, int]:
        """Tables in which rows of a contract wait together with those of others, and how many of them are its own."""
        names, values = self._tables(statements.GROUPS), {"contract_id": contract_id}
        rows = {name: self._number(statements.count_group(name), "rows", **values) for name in sorted(names)}
        return {name: number for name, number in rows.items() if number}

    def _tables(self, pattern: str) -> set[str]:
        return {row["name"] for row in self.query(statements.TABLES_LIKE, {"pattern": pattern})}

    def _catch_up(self, table: str) -> None:
        """Another server may have stored what this one has only heard of."""
        if self._layout.is_replicated:
            self._command(statements.catch_up(table))

    def _partitions(self, sql: str, **parameters: Any) -> list[str]:
        return [row["id"] for row in self.query(sql, parameters)]

    def _number(self, sql: str, column: str, **parameters: Any) -> int:
        return int(self.query(sql, parameters)[0][column])


def open_store(url: str, turns: Turns = _ONE_PROCESS) -> LogStore:
    """Open `chdb:///folder` or `clickhouse://user:password@host/database[?replicated=1&cluster=name]`.

    turns: how processes that store in one server take turns. ValueError for another URL.
    """
    return ClickHouseStore(ClientPool(client_maker(url), is_embedded=is_embedded(url)), layout_of(url), turns)


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
    folder = package_files(__package__) / _SCHEMA
    for file in sorted(folder.iterdir(), key=lambda file: file.name):
        if file.name.endswith(".sql"):
            yield int(file.name.partition("_")[0]), file.read_text(encoding="utf-8")


def _statements(sql: str) -> list[str]:
    lines = [line for line in sql.splitlines() if not line.startswith("--")]
    return [statement.strip() for statement in "\n".join(lines).split(";\n") if statement.strip(" \n;")]


def _ends(table: pa.Table) -> tuple[int, int]:
    """The first and the last moment in a table of events, in milliseconds."""
    ends = pc.min_max(table["time"].cast(pa.int64()))
    return ends["min"].as_py(), ends["max"].as_py()


def _bound(parameters: Mapping[str, Any]) -> dict[str, Any]:
    """Moments go as text: the driver would send seconds, and the server reads few digits as something else."""
    return {
        name: value.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S.%f")[:-3] if isinstance(value, datetime) else value
        for name, value in parameters.items()
    }
