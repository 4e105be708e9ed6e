"""LogStore: where events lie. Safe for several threads; processes may share a server, but not an embedded store.

Every method may raise a `StoreError`; nothing else leaves an implementation.

    StoreError               the store refused: a wrong query, a row that does not fit; retry does not help
     +-- StoreUnavailable    the store cannot be reached, is full or overloaded; the same call may succeed later
          +-- StoreBusy      another process is storing files of some of the contracts; the same call may succeed soon
          +-- DayChanged     see `Rereading.replace`

How the ledger proves that nothing is lost: lines of a file = `count_file` + quarantined lines.
Rows are never changed or merged away. A row that reports an event which a stored row reports already (same contract,
time, request id and name) is stored as a double; it counts in `count_file` and in `doubles`, and is not seen through
the name `EVENTS`. The row that was stored first, within a file that of the smallest line, is the one that is seen.
Events without a request id are never doubles.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Protocol

import pyarrow.lib as pa

from sakimori.logs.fields import Event

Row = tuple[int, Event]


@dataclass(frozen=True, slots=True)
class SmallFile:
    """All rows of one file as one table (see `columns.py`): few enough to lie in memory with those of other files."""

    contract_id: int
    file_id: int
    rows: pa.Table


class StoreError(Exception):
    """The store refused the call."""

    retryable = False


class StoreUnavailable(StoreError):
    """The store could not do it now."""

    retryable = True


class StoreBusy(StoreUnavailable):
    """Another process stores files of these contracts just now."""

    def __init__(self, contracts: Iterable[int]) -> None:
        self.contracts = frozenset(contracts)
        super().__init__(f"another process is storing files of contracts {sorted(self.contracts)}")


class DayChanged(StoreUnavailable):
    """A copy of a day is not what the day is by now."""


@dataclass(frozen=True, slots=True)
class Prepared:
    """A copy of a contract's day that is to take its place. table: where it lies; nobody else makes one of that name.

    recount: files of which other numbers of rows are doubles in it.
    """

    day: date
    table: str
    recount: frozenset[int] = frozenset()


class Rereading(Protocol):
    """Rows of files of one contract that are made anew beside the stored ones, and then put in their place day by day.

    Nothing of the contract may be stored from `prepare` until `replace` is done. After an error or a crash everything
    may be begun again. But once `replace` was called it must be called until it returns, or raises `DayChanged`, by
    whoever comes, and before anything else: then the day is there once, as it was prepared.
    """

    def begin(self) -> None:
        """Forget what earlier tries have left behind, and be ready for rows."""

    def put(self, rows: Iterable[tuple[int, pa.Table]]) -> None:
        """Put tables of events by, each with its file's number. Nothing of them is seen."""

    def differing(self, files: Collection[int], *, kept_from: date | None) -> set[int]:
        """Those of the files whose new rows are not of the same lines on the same days as the stored ones.

        kept_from: days before that may have been let go of since.
        """

    def days(self, files: Collection[int]) -> list[date]:
        """The Japanese days on which the store holds rows of these files."""

    def prepare(self, day: date, files: Collection[int]) -> Prepared:
        """Make a copy of a day with the new rows of these files, doubles marked; of rows that report one event the one
        that was seen stays so.
        """

    def replace(self, prepared: Prepared) -> None:
        """Put a copy in the place of its day, in one step; does nothing if it is not there any more.

        Raises `DayChanged`, and has done nothing, if rows of the day have come or gone since the copy was made.
        """

    def end(self) -> None:
        """Forget what was put by."""


class LogStore(Protocol):
    """See the module's docstring for the errors and for what a double is."""

    def migrate(self) -> None:
        """Bring the tables to the newest schema; does nothing if they are."""

    def append(self, rows: Iterable[Row | pa.Table], *, contract_id: int, file_id: int) -> int:
        """Store (line_no, event) pairs and tables of events (see `columns.py`) of one file, in any order, doubles
        marked; returns how many rows were given.

        Durable on return. Nothing of it is seen before all rows are given; then each Japanese day comes whole. After
        an error the same call with the same rows completes it, whatever had happened; an error raised by `rows`
        itself passes through, and nothing is stored.
        """

    def append_together(self, files: Sequence[SmallFile]) -> list[int]:
        """Store small files, of one contract or of several, with the promises of `append` for each; returns how many
        rows are held of each afterwards, as `count_file` would.

        Durable on return. After an error each of the files may be completed by this call, in whatever company, or by
        `append`. A row that does not fit is an error for all of them: then store them one by one.
        """

    def discard(self, *, contract_id: int, file_id: int) -> None:
        """Let go of what an `append` that was broken off has left behind; rows that are stored stay."""

    def count_file(self, *, contract_id: int, file_id: int, days: tuple[date, date] | None = None) -> int:
        """Count the rows of a file, doubles included; with `days` only those of the first to the last of these Japanese
        days: then no other day is read.
        """

    def count_contract(self, contract_id: int) -> int:
        """Count all that is held of a contract: doubles too, and what a broken `append` has left behind."""

    def doubles(self, *, contract_id: int, file_id: int) -> int:
        """Count the rows of a file that are doubles."""

    def query(
        self, sql: str, parameters: Mapping[str, Any] | None = None, *, max_seconds: int = 60
    ) -> list[dict[str, Any]]:
        """Run a SELECT. Values go in as `{name:Type}` in the SQL and by name in `parameters`, never as text.

        Times come back as aware UTC, addresses as canonical text. Every parameter must occur in the SQL.
        """

    def rereading(self, contract_id: int) -> Rereading:
        """Make rows of a contract's files anew."""

    def drop_day(self, *, contract_id: int, day: date) -> None:
        """Delete a contract's rows of one Japanese day, for good."""

    def forget_contract(self, contract_id: int) -> None:
        """Delete all rows of a contract, for good."""

    def ping(self) -> None:
        """Return if the store answers."""

    def close(self) -> None:
        """Let go of the store. An embedded one can then be opened by another process."""
