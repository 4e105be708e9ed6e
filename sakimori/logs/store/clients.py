"""Clients of clickhouse-connect for one store, lent to one thread at a time, and their errors in our words.

A client of the embedded engine holds one lock for all its calls, one of a server may not be shared at all: so each call
borrows one that nobody else uses. Never fork a process that has opened an embedded store.
"""

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Lock
from urllib.parse import parse_qs, parse_qsl, unquote, urlsplit

import clickhouse_connect
import pyarrow.lib as pa
from clickhouse_connect.driver.client import Client
from clickhouse_connect.driver.exceptions import ClickHouseError, Error, OperationalError

from sakimori.logs.store.interface import StoreError, StoreUnavailable
from sakimori.logs.store.layout import Layout

_EMBEDDED = "chdb"
_SERVER_PORTS = {"clickhouse": 8123, "clickhouses": 8443}
_DEFAULT_DATABASE = "sakimori"
# Time-outs, too many queries or parts, no memory, no space, read-only, network, lost connection to the keeper.
_PASSING_CODES = frozenset({159, 164, 202, 203, 209, 210, 241, 242, 243, 252, 394, 425, 999})
_TAKEN = "the embedded log store cannot be opened: another process, such as `sakimori up`, may have it open"

MakeClient = Callable[[], Client]


class ClientPool:
    """Makes clients as threads need them and keeps them for the next one. is_embedded: of the engine in our process."""

    def __init__(self, make: MakeClient, *, is_embedded: bool = False) -> None:
        self.is_embedded = is_embedded
        self._make = make
        self._idle: list[Client] = []
        self._is_closed = False
        self._lock = Lock()

    @contextmanager
    def client(self) -> Iterator[Client]:
        """Lend a client. Errors of the driver leave as `StoreError`."""
        with _in_our_words():
            client = self._take()
            try:
                yield client
            finally:
                self._give_back(client)

    def close(self) -> None:
        """Close all clients; those that are lent are closed when they come back."""
        with self._lock:
            self._is_closed = True
            idle, self._idle = self._idle, []
        for client in idle:
            client.close()

    def _take(self) -> Client:
        with self._lock:
            if self._is_closed:
                raise StoreError("The log store is closed.")
            if self._idle:
                return self._idle.pop()
        return self._make()

    def _give_back(self, client: Client) -> None:
        with self._lock:
            if not self._is_closed:
                self._idle.append(client)
                return
        client.close()


def is_embedded(url: str) -> bool:
    """Whether a log store's URL means the engine in our own process."""
    return urlsplit(url).scheme == _EMBEDDED


def client_maker(url: str) -> MakeClient:
    """Read `chdb:///folder[?database=name]` or `clickhouse://user:password@host[:port]/database[?options]`.

    `clickhouses` speaks TLS. The embedded engine makes its database itself; on a server it must be there.
    Options: see `layout_of`. ValueError for any other URL.
    """
    parts, layout = urlsplit(url), layout_of(url)
    if parts.scheme == _EMBEDDED and parts.path and not parts.netloc:
        database = parse_qs(parts.query).get("database", [_DEFAULT_DATABASE])[0]
        return _embedded_maker(unquote(parts.path), database)
    if parts.scheme in _SERVER_PORTS and parts.hostname:
        return lambda: clickhouse_connect.get_client(
            host=parts.hostname,
            port=parts.port or _SERVER_PORTS[parts.scheme],
            username=unquote(parts.username or "default"),
            password=unquote(parts.password or ""),
            database=unquote(parts.path.strip("/")) or _DEFAULT_DATABASE,
            secure=parts.scheme == "clickhouses",
            tz_mode="aware",
            settings=dict(layout.settings),
        )
    raise ValueError("LOGSTORE_URL must be chdb:///folder or clickhouse://user:password@host/database")


def layout_of(url: str) -> Layout:
    """Read `replicated=1` and `cluster=name` of a server's URL. ValueError for other options, or if they do not fit."""
    parts = urlsplit(url)
    if parts.scheme not in _SERVER_PORTS:
        return Layout()
    options = dict(parse_qsl(parts.query, keep_blank_values=True))
    if not options.keys() <= {"replicated", "cluster"} or options.get("replicated", "1") not in ("0", "1"):
        raise ValueError("LOGSTORE_URL takes the options replicated=1 and cluster=name")
    return Layout(is_replicated=options.get("replicated") == "1", cluster=options.get("cluster", ""))


def _embedded_maker(folder: str, database: str) -> MakeClient:
    if not database.isidentifier():
        raise ValueError("The name of the log store's database must be an identifier.")

    def make() -> Client:
        client = clickhouse_connect.get_client(interface="chdb", path=folder, tz_mode="aware")
        client.command(f"CREATE DATABASE IF NOT EXISTS {database}")
        client.database = database
        return client

    return make


@contextmanager
def engine_held_quiet() -> Iterator[None]:
    """The embedded engine tells of its failure on the process's stderr by itself, before we can say it in our words.

    For a command that has no other threads: nobody's stderr is heard meanwhile.
    """
    sys.stderr.flush()
    kept = os.dup(2)
    try:
        with Path(os.devnull).open("w") as nowhere:
            os.dup2(nowhere.fileno(), 2)
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)


@contextmanager
def _in_our_words() -> Iterator[None]:
    try:
        yield
    except OperationalError as error:
        raise StoreUnavailable(str(error)) from error
    except Error as error:
        if "unable to open" in str(error).lower():
            raise StoreUnavailable(_TAKEN) from error
        raise (StoreUnavailable if error.code in _PASSING_CODES else StoreError)(str(error)) from error
    except (ClickHouseError, pa.ArrowException) as error:
        raise StoreError(str(error)) from error
    except OSError as error:
        raise StoreUnavailable(str(error)) from error
