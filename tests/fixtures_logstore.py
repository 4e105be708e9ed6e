"""Fixture `log_store`: a fresh, migrated database per test on the one embedded engine of the process. Fixture
`any_log_store`: the same, and over HTTP: on a real server where CLICKHOUSE_TEST_URL names one
(`clickhouse://user:password@host:port`), otherwise on a small front over the embedded engine.

The engine can be opened on one folder per process only, so the folder belongs to the process, not to a fixture:
any number of conftest files may import `log_store`.
"""

import atexit
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from itertools import count

import pytest
from clickhouse_connect import get_client

from sakimori.logs.store.clickhouse import open_store
from sakimori.logs.store.clients import client_maker
from sakimori.logs.store.interface import LogStore
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


@pytest.fixture
def log_store() -> Iterator[LogStore]:
    """A migrated store without rows."""
    yield from _migrated(fresh_store_url())


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
    """A migrated store without rows, embedded and over HTTP in turn."""
    if request.param == "embedded":
        yield from _migrated(fresh_store_url())
        return
    with database_over_http() as url:
        yield from _migrated(url)


def _migrated(url: str) -> Iterator[LogStore]:
    store = open_store(url)
    store.migrate()
    yield store
    store.close()
