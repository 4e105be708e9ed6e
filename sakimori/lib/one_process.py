"""One process at a time, of all that share a database. The lock ends with the process that has it, however it ends."""

import fcntl
import hashlib
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import structlog
from django.db.backends.base.base import BaseDatabaseWrapper

_log = structlog.get_logger()


@contextmanager
def one_process(what: str, *, database: BaseDatabaseWrapper, folder: Path) -> Iterator[None]:
    """Wait until no other process does this, and keep others waiting meanwhile; `what` is the name of a file.

    PostgreSQL holds the lock, for all machines, as long as a connection of its own lives. SQLite lies on this machine:
    there the lock is one of the system, on a file in the folder. Raises the database's errors, or OSError.
    """
    with _by_server(what, database) if database.vendor == "postgresql" else _by_file(folder / f"{what}.lock"):
        yield


@contextmanager
def _by_server(what: str, database: BaseDatabaseWrapper) -> Iterator[None]:
    number = int.from_bytes(hashlib.sha256(what.encode()).digest()[:8], signed=True)
    with closing(database.copy()) as own, own.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s)", [number])
        if not cursor.fetchone()[0]:
            _log.info("one_process.waits", what=what)
            cursor.execute("SELECT pg_advisory_lock(%s)", [number])
        yield


@contextmanager
def _by_file(path: Path) -> Iterator[None]:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            _log.info("one_process.waits", what=path.stem)
            fcntl.flock(file, fcntl.LOCK_EX)
        yield
