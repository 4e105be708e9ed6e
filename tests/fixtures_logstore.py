"""Fixture `log_store`: a migrated database without rows on the one embedded engine of the process. Fixture
`any_log_store`: the same, and over HTTP: on a real server where CLICKHOUSE_TEST_URL names one
(`clickhouse://user:password@host:port`), otherwise on a small front over the embedded engine.

The engine can be opened on one folder per process only, so the folder belongs to the process, not to a fixture:
any number of conftest files may import `log_store`.
"""

import atexit
import os
import shutil
import tempfile
from collections.abc import Generator, Iterator
from contextlib import contextmanager, suppress
from functools import cache
from itertools import count

import pytest
from clickhouse_connect import get_client

from sakimori.logs.store.clickhouse import ClickHouseStore, open_store
from sakimori.logs.store.clients import client_maker
from sakimori.logs.store.interface import LogStore, StoreError
from tests.clickhouse_front import serving

_numbers = count(1)


@cache
def engine_folder() -> str:
    """The folder of this process's engine."""
    folder = tempfile.mkdtemp(prefix="sakimori-store-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder


def fresh_store_url() -> str:
    """A URL of a database that no other test uses."""
    return f"chdb://{engine_folder()}?database=test_{next(_numbers)}"


_shared: list[LogStore] = []  # One per process: making one costs a hundred times what emptying one does.


@pytest.fixture
def log_store() -> Iterator[LogStore]:
    """A migrated store without rows. Whoever closes it only makes the next test open another."""
    if not _shared:
        _shared.append(_migrated(fresh_store_url()))
    store = _shared[0]
    yield store
    try:
        _empty(store)
    except StoreError:
        _shared.clear()


def _empty(store: LogStore) -> None:
    """Leave nothing but the empty events: also no table in which a broken-off file waits."""
    assert isinstance(store, ClickHouseStore)
    for table in store.query("SELECT name, engine FROM system.tables WHERE database = currentDatabase()"):
        if table["name"] == "events":
            store._command("TRUNCATE TABLE events")
        elif table["name"] != "schema_versions" and table["engine"] != "View":
            store._command(f"DROP TABLE `{table['name']}` SYNC")


def _migrated(url: str) -> LogStore:
    store = open_store(url)
    store.migrate()
    return store


@contextmanager
def database_over_http() -> Iterator[str]:
    """A URL of an empty database that no other test uses, behind HTTP."""
    name = f"test_{os.getpid()}_{next(_numbers)}"
    if server := os.environ.get("CLICKHOUSE_TEST_URL"):
        admin = client_maker(f"{server}/default")()
        admin.command(f"CREATE DATABASE {name}")
        yield f"{server}/{name}"
        admin.command(f"DROP DATABASE {name} SYNC")
        admin.close()
        return
    with get_client(interface="chdb", path=engine_folder()) as embedded:
        embedded.command(f"CREATE DATABASE {name}")
        with serving(engine_folder()) as port:
            yield f"clickhouse://127.0.0.1:{port}/{name}"


@pytest.fixture(params=["embedded", "http"])
def any_log_store(request: pytest.FixtureRequest) -> Iterator[LogStore]:
    """A migrated store without rows that is the test's own, embedded and over HTTP in turn."""
    if request.param == "embedded":
        store = _migrated(fresh_store_url())
        yield store
        store.close()
        return
    with database_over_http() as url:
        store = _migrated(url)
        yield store
        store.close()


@contextmanager
def killed_at_command(store: ClickHouseStore, place: int) -> Generator[None]:
    """Whoever uses the store meanwhile is killed before its so-manieth command, counted from 1."""
    command, given = store._command, count(1)

    def killed(sql: str, **parameters: object) -> None:
        if next(given) == place:
            raise KeyboardInterrupt
        command(sql, **parameters)

    with pytest.MonkeyPatch.context() as patch, suppress(KeyboardInterrupt):
        patch.setattr(store, "_command", killed)
        yield
