"""The process that has an embedded log store open answers what others of this machine ask about it.

Through a Unix socket that only the owner of the process may open (mode 0600, in a folder of mode 0700): he may read the
store's files anyway. Who owns the store's lock owns the socket, so whatever lies there at the start was left by a
killed process. One question per connection, a few at a time; nothing can be changed through it.
"""

import contextlib
import json
import socket
import threading
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from time import monotonic
from typing import Any

import structlog

from sakimori.logs.store.interface import LogStore, StoreError
from sakimori.logs.store.questions import ask
from sakimori.logs.store.socket_path import bound_socket
from sakimori.logs.store.wire import LONGEST_QUESTION, VERSION, WrongFrame, frame, read_frame, tagged, untagged

_AT_ONCE = 2
_READ_SECONDS, _SEND_SECONDS, _STOP_SECONDS = 5.0, 30.0, 5.0
_LOOK_EVERY_SECONDS = 1.0
_ROWS_BYTES = 1 << 20

_log = structlog.get_logger()


class StoreDoor:
    """Answers about the embedded store of a URL, which this process has open as `store`, on a socket at `path`."""

    def __init__(
        self, store: LogStore, *, url: str, path: Path, read_bytes: Callable[[int], int] = lambda _: 0
    ) -> None:
        """read_bytes: how far a file has been read that is being stored."""
        self._store, self._url, self._path, self._read_bytes = store, url, path, read_bytes
        self._stopping = threading.Event()
        self._turns = threading.BoundedSemaphore(_AT_ONCE)
        self._lock = threading.Lock()
        self._open: set[socket.socket] = set()
        self._threads: set[threading.Thread] = set()
        self._listener: socket.socket | None = None
        self._thread = threading.Thread(target=self._listen, name="store-door", daemon=True)

    def start(self) -> None:
        """Begin to answer. Where no socket can be made the process goes on without, and its log says so."""
        try:
            self._listener = bound_socket(self._path)
        except OSError as error:
            _log.warning("store_door.not_opened", error=f"{type(error).__name__}: {error}"[:300])
            return
        self._listener.settimeout(_LOOK_EVERY_SECONDS)
        self._thread.start()

    def stop(self) -> None:
        """Stop answering, before the store is closed. Waits a moment for answers that are on their way."""
        self._stopping.set()
        if self._listener is None:
            return
        self._path.unlink(missing_ok=True)
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        with self._lock:
            threads, connections = [self._thread, *self._threads], list(self._open)
        for connection in connections:
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RD)  # Who has not asked yet is not waited for.
        until = monotonic() + _STOP_SECONDS
        for thread in threads:
            thread.join(max(0.0, until - monotonic()))
        self._listener.close()

    def _listen(self) -> None:
        while not self._stopping.is_set():
            if not self._turns.acquire(timeout=_LOOK_EVERY_SECONDS):
                continue
            connection = self._accept()
            if connection is None:
                self._turns.release()
                continue
            thread = threading.Thread(target=self._serve, args=(connection,), name="store-answer", daemon=True)
            with self._lock:
                self._open.add(connection)
                self._threads.add(thread)
            thread.start()

    def _accept(self) -> socket.socket | None:
        try:
            return self._listener.accept()[0] if self._listener else None
        except TimeoutError:
            return None
        except OSError as error:
            if not self._stopping.wait(_LOOK_EVERY_SECONDS):  # Such as too many open files: that passes.
                _log.warning("store_door.not_accepted", error=f"{type(error).__name__}: {error}"[:300])
            return None

    def _serve(self, connection: socket.socket) -> None:
        try:
            with contextlib.suppress(OSError), connection:  # Who asked may be gone.
                for part in self._frames(connection):
                    connection.settimeout(_SEND_SECONDS)
                    connection.sendall(part)
        finally:
            with self._lock:
                self._open.discard(connection)
                self._threads.discard(threading.current_thread())
            self._turns.release()

    def _frames(self, connection: socket.socket) -> Iterator[bytes]:
        """The answer to the one question of a connection."""
        try:
            question = read_frame(connection, longest=LONGEST_QUESTION, deadline=monotonic() + _READ_SECONDS)
            yield from self._answer(question)
        except StoreError as error:
            yield _failure(str(error), retryable=error.retryable)
        except WrongFrame as error:
            yield _failure(f"not answered: {error}")
        except OSError:
            raise
        except Exception:  # noqa: BLE001 - whatever a question does, it must not end the thread without an answer
            _log.exception("store_door.failed")
            yield _failure("not answered: the process that has the log store open has noted an error")

    def _answer(self, question: Mapping[str, Any]) -> Iterator[bytes]:
        if question.get("version") != VERSION:
            raise StoreError("the running process is of another version of Sakimori: restart it")
        call, values = question.get("call"), question.get("given")
        if not isinstance(values, dict):
            raise WrongFrame("a question that is not known")
        given = {name: untagged(value) for name, value in values.items()}
        if call == "query":
            yield from _rows(self._query(**given))
        else:
            yield frame(json.dumps({"value": self._value(call, given)}))

    def _query(self, *, sql: str, parameters: dict[str, Any], max_seconds: int) -> list[dict[str, Any]]:
        return ask(self._url, sql, parameters, max_seconds=max_seconds)

    def _value(self, call: object, given: Mapping[str, Any]) -> int | None:
        match call:
            case "ping":
                self._store.ping()
                return None
            case "count_file":
                return self._store.count_file(**given)
            case "count_contract":
                return self._store.count_contract(**given)
            case "doubles":
                return self._store.doubles(**given)
            case "read_bytes":
                return self._read_bytes(given["file_id"])
        raise WrongFrame("a question that is not known")


def _failure(sentence: str, *, retryable: bool = False) -> bytes:
    return frame(json.dumps({"error": sentence, "retryable": retryable}))


def _rows(rows: list[dict[str, Any]]) -> Iterator[bytes]:
    """Some rows in each frame; the last frame has none."""
    names = json.dumps(list(rows[0]) if rows else [])
    waiting, size = [], 0
    for row in rows:
        waiting.append(json.dumps([tagged(value) for value in row.values()]))
        size += len(waiting[-1])
        if size >= _ROWS_BYTES:
            yield _some(names, waiting)
            waiting, size = [], 0
    if waiting:
        yield _some(names, waiting)
    yield _some(names, [])


def _some(names: str, rows: list[str]) -> bytes:
    return frame(f'{{"names": {names}, "rows": [{", ".join(rows)}]}}')
