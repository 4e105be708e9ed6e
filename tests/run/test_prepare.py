"""Processes that start at the same instant: one of them prepares the stores, the others wait and find it done."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

import sakimori.logs.store
from sakimori.logs.store import statements
from sakimori.logs.store.clickhouse import ClickHouseStore, _statements, open_store
from tests.fixtures_logstore import database_over_http
from tests.run.test_cli import NEEDED, ROOT

_ROWS = 5_000
_SECONDS = 300  # Far longer than anything here takes on whatever machine; only a failing test waits for it.
_PREPARING = """
import os, signal, sys
signal.alarm(300)
import django
os.environ["DJANGO_SETTINGS_MODULE"] = "sakimori.settings"
django.setup()
from sakimori.run.prepare import prepare
print("ready", flush=True)
sys.stdin.readline()
prepare()
"""
_ONE_AFTER_THE_OTHER = """
import os, signal, sys
signal.alarm(300)
from pathlib import Path
import django
os.environ["DJANGO_SETTINGS_MODULE"] = "sakimori.settings"
django.setup()
from django.db import connection
from sakimori.lib.one_process import one_process
print("ready", flush=True)
with one_process("trial", database=connection, folder=Path(sys.argv[1])):
    print("has it", flush=True)
    sys.stdin.readline()
"""


@contextmanager
def started(code: str, *arguments: str, **settings: str) -> Iterator["subprocess.Popen[str]"]:
    """A process that has said that it is ready, and goes on when it is given a line."""
    dropped = ("SAKIMORI_", "DJANGO_", "DATABASE_URL", "LOGSTORE_URL")
    environment = {name: text for name, text in os.environ.items() if not name.startswith(dropped)}
    environment |= {"PYTHONPATH": str(ROOT), **NEEDED, **settings}
    process = subprocess.Popen(
        [sys.executable, "-c", code, *arguments],
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        yield process
    finally:
        process.kill()
        process.communicate()


@pytest.fixture
def older_store() -> Iterator[str]:
    """The URL of a store of the first schema, with rows."""
    with database_over_http() as url, closing(open_store(url)) as store:
        assert isinstance(store, ClickHouseStore)
        store._command(statements.MAKE_VERSIONS)
        first = Path(sakimori.logs.store.__path__[0]) / "schema" / "0001_events.sql"
        for sql in _statements(first.read_text(encoding="utf-8")):
            store._command(sql)
        store._command(statements.NOTE_VERSION, number=1)
        store._command(
            "INSERT INTO events (contract_id, file_id, line_no, time, request_id) SELECT number % 3, 1, number,"
            f" toDateTime64('2026-11-01 03:00:00', 3, 'UTC') + number * 60, toString(number) FROM numbers({_ROWS})"
        )
        yield url


def test_processes_that_start_at_once_on_an_older_store_keep_its_rows(tmp_path: Path, older_store: str) -> None:
    places = {"SAKIMORI_DATA": str(tmp_path / "data"), "LOGSTORE_URL": older_store}
    with started(_PREPARING, **places) as one, started(_PREPARING, **places) as other:
        for process in (one, other):
            assert process.stdin is not None
            process.stdin.write("\n")
            process.stdin.flush()
        said = [process.communicate(timeout=_SECONDS)[0] for process in (one, other)]
        assert (one.returncode, other.returncode) == (0, 0), "\n".join(text[-3000:] for text in said)
    with closing(open_store(older_store)) as store:
        (row,) = store.query("SELECT count() AS rows, uniqExact(request_id) AS events FROM events_once")
        assert (row["rows"], row["events"]) == (_ROWS, _ROWS)
        versions = store.query("SELECT number, count() AS times FROM schema_versions GROUP BY number")
        assert {version["times"] for version in versions} == {1}


def test_who_is_killed_lets_the_next_one_go_on_and_nobody_before(tmp_path: Path) -> None:
    """On the database of the tests: the lock is the server's or the system's, neither outlives its holder."""
    places = {"SAKIMORI_DATA": str(tmp_path), "DATABASE_URL": os.environ.get("TEST_DATABASE_URL", "")}
    with started(_ONE_AFTER_THE_OTHER, str(tmp_path), **places) as one:
        assert said(one, "has it")
        with started(_ONE_AFTER_THE_OTHER, str(tmp_path), **places) as other:
            assert said(other, "one_process.waits")
            one.send_signal(signal.SIGKILL)
            assert said(other, "has it")
            other.communicate("\n", timeout=_SECONDS)
            assert other.returncode == 0


def said(process: "subprocess.Popen[str]", words: str) -> bool:
    """Whether it says so, now or later. False when it has ended without."""
    assert process.stdout is not None
    return any(words in line for line in iter(process.stdout.readline, ""))
