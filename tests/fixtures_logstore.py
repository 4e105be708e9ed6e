"""Fixture `log_store`: a fresh, migrated database per test on the one embedded engine of the process.

The engine can be opened on one folder per process only, so the folder belongs to the process, not to a fixture:
any number of conftest files may import `log_store`.
"""

import atexit
import shutil
import tempfile
from collections.abc import Iterator
from functools import cache
from itertools import count

import pytest

from sakimori.logs.store.clickhouse import open_store
from sakimori.logs.store.interface import LogStore

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
    store = open_store(fresh_store_url())
    store.migrate()
    yield store
    store.close()
