"""The embedded log store as the process answers that has it open (`answering.py`): a LogStore that is only read."""

import json
import socket
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from time import monotonic
from typing import Any, NoReturn

import pyarrow.lib as pa

from sakimori.logs.store.interface import Rereading, Row, SmallFile, StoreError, StoreUnavailable
from sakimori.logs.store.questions import LONGEST_SECONDS
from sakimori.logs.store.socket_path import connected_socket
from sakimori.logs.store.wire import (
    LONGEST_FRAME,
    LONGEST_QUESTION,
    VERSION,
    WrongFrame,
    frame,
    read_frame,
    tagged,
    untagged,
)

_CONNECT_SECONDS = 5.0
_MORE_SECONDS = 30.0  # For those who are before us, and for the way.
_HOLDER = "the process that has the embedded log store open"


class AskedStore:
    """See `interface.py`. Whatever would change the store is a StoreError. Each call has a connection of its own."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def query(
        self, sql: str, parameters: Mapping[str, Any] | None = None, *, max_seconds: int = LONGEST_SECONDS
    ) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = []
        given = {"sql": sql, "parameters": dict(parameters or {}), "max_seconds": max_seconds}
        for part in self._ask("query", given, seconds=max_seconds):
            names = part["names"]
            found += (dict(zip(names, map(untagged, row), strict=True)) for row in part["rows"])
            if not part["rows"]:
                break
        return found

    def count_file(self, *, contract_id: int, file_id: int, days: tuple[date, date] | None = None) -> int:
        return self._number("count_file", {"contract_id": contract_id, "file_id": file_id, "days": days})

    def count_contract(self, contract_id: int) -> int:
        return self._number("count_contract", {"contract_id": contract_id})

    def doubles(self, *, contract_id: int, file_id: int) -> int:
        return self._number("doubles", {"contract_id": contract_id, "file_id": file_id})

    def ping(self) -> None:
        next(self._ask("ping", {}))

    def read_bytes(self, file_id: int) -> int:
        """How many bytes of a file that process has read, if it is storing that one; otherwise 0."""
        return self._number("read_bytes", {"file_id": file_id})

    def close(self) -> None:
        """Nothing is held between calls."""

    def migrate(self) -> None:
        _refuse()

    def append(self, rows: Iterable[Row | pa.Table], *, contract_id: int, file_id: int) -> int:  # noqa: ARG002
        _refuse()

    def append_together(self, files: Sequence[SmallFile]) -> list[int]:  # noqa: ARG002
        _refuse()

    def discard(self, *, contract_id: int, file_id: int) -> None:  # noqa: ARG002
        _refuse()

    def rereading(self, contract_id: int) -> Rereading:  # noqa: ARG002
        _refuse()

    def drop_day(self, *, contract_id: int, day: date) -> None:  # noqa: ARG002
        _refuse()

    def forget_contract(self, contract_id: int) -> None:  # noqa: ARG002
        _refuse()

    def _number(self, call: str, given: Mapping[str, object]) -> int:
        return int(next(self._ask(call, given))["value"])

    def _ask(
        self, call: str, given: Mapping[str, object], *, seconds: int = LONGEST_SECONDS
    ) -> Iterator[dict[str, Any]]:
        """The frames of the answer; the caller knows which is the last."""
        deadline = monotonic() + seconds + _MORE_SECONDS
        with self._connection() as connection:
            values = {name: tagged(value) for name, value in given.items()}
            asked = {"version": VERSION, "call": call, "given": values}
            connection.sendall(frame(json.dumps(asked), longest=LONGEST_QUESTION))
            while True:
                answer = read_frame(connection, longest=LONGEST_FRAME, deadline=deadline)
                if "error" in answer:
                    raise (StoreUnavailable if answer.get("retryable") else StoreError)(str(answer["error"]))
                yield answer

    @contextmanager
    def _connection(self) -> Iterator[socket.socket]:
        """Errors of the way leave as those of a store."""
        try:
            with connected_socket(self._path, seconds=_CONNECT_SECONDS) as connection:
                yield connection
        except (WrongFrame, OSError) as error:
            raise StoreUnavailable(f"{_HOLDER} has not answered ({error})") from error
        except TypeError as error:
            raise StoreError(str(error)) from error


def answering_store(path: Path) -> AskedStore | None:
    """The store that somebody answers about at `path`; None where nobody does.

    StoreUnavailable where somebody may, and cannot be asked.
    """
    try:
        connected_socket(path, seconds=_CONNECT_SECONDS).close()
    except (FileNotFoundError, ConnectionRefusedError, NotADirectoryError):
        return None
    except OSError as error:
        raise StoreUnavailable(f"{_HOLDER} cannot be asked ({error})") from error
    return AskedStore(path)


def _refuse() -> NoReturn:
    raise StoreError("the running process only answers about its log store; it changes nothing for others")
