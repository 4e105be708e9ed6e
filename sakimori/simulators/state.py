"""State: the one SQLite file that every simulator keeps everything in.

A change is on the disk when `change` returns; a process killed inside it has changed nothing.
"""

import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

Clock = Callable[[], datetime]
JsonObject = dict[str, object]

SCHEMA = """
CREATE TABLE IF NOT EXISTS setting (name TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS journal (
    id INTEGER PRIMARY KEY AUTOINCREMENT, at_ms INTEGER NOT NULL, api_id TEXT NOT NULL, method TEXT NOT NULL,
    path TEXT NOT NULL, status INTEGER NOT NULL, changes TEXT NOT NULL, fault TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS version (
    id INTEGER PRIMARY KEY AUTOINCREMENT, subject TEXT NOT NULL, account_id INTEGER NOT NULL,
    at_ms INTEGER NOT NULL, body TEXT);
CREATE INDEX IF NOT EXISTS version_subject ON version (subject, id);
CREATE TABLE IF NOT EXISTS entry (
    subject TEXT NOT NULL, address TEXT NOT NULL, added_by TEXT NOT NULL, added_ms INTEGER NOT NULL,
    PRIMARY KEY (subject, address));
CREATE TABLE IF NOT EXISTS fault (
    id INTEGER PRIMARY KEY AUTOINCREMENT, kind TEXT NOT NULL, scope TEXT NOT NULL, probability REAL NOT NULL,
    calls_left INTEGER, seconds REAL NOT NULL, until_ms INTEGER, path_part TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS log_file (
    account_id INTEGER NOT NULL, number INTEGER NOT NULL, name TEXT NOT NULL, size INTEGER NOT NULL,
    created_ms INTEGER NOT NULL, visible_ms INTEGER NOT NULL, PRIMARY KEY (account_id, number));
CREATE TABLE IF NOT EXISTS tally (
    site_id INTEGER NOT NULL, bucket_ms INTEGER NOT NULL, what TEXT NOT NULL, amount INTEGER NOT NULL,
    PRIMARY KEY (site_id, bucket_ms, what));
CREATE TABLE IF NOT EXISTS flood (
    site_id INTEGER NOT NULL, since_ms INTEGER NOT NULL, until_ms INTEGER, blocked_per_second REAL NOT NULL,
    incidents_per_minute REAL NOT NULL);
CREATE TABLE IF NOT EXISTS network_event (
    id INTEGER PRIMARY KEY AUTOINCREMENT, account_id INTEGER NOT NULL, at_ms INTEGER NOT NULL, kind TEXT NOT NULL,
    target TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS mail (
    id INTEGER PRIMARY KEY AUTOINCREMENT, message_id TEXT NOT NULL UNIQUE, received_ms INTEGER NOT NULL,
    last_ms INTEGER NOT NULL, sender TEXT NOT NULL, recipients TEXT NOT NULL, content BLOB NOT NULL,
    deliveries INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS voice_call (
    id INTEGER PRIMARY KEY AUTOINCREMENT, recipient TEXT NOT NULL, caller TEXT NOT NULL, parent INTEGER NOT NULL,
    at_ms INTEGER NOT NULL, sid TEXT NOT NULL UNIQUE, body TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS phone_habit (number TEXT PRIMARY KEY, action TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS site_mode (site_id INTEGER PRIMARY KEY, mode TEXT NOT NULL, seconds REAL NOT NULL);
CREATE TABLE IF NOT EXISTS hec_batch (
    id INTEGER PRIMARY KEY AUTOINCREMENT, sink TEXT NOT NULL, lines BLOB NOT NULL, tries INTEGER NOT NULL,
    is_acknowledged INTEGER NOT NULL);
"""


class State:
    """An open file. Usable from several threads; they take turns."""

    def __init__(self, file: Path) -> None:
        file.parent.mkdir(parents=True, exist_ok=True)
        self._lock = threading.RLock()
        self._depth = 0
        self._db = sqlite3.connect(file, isolation_level=None, check_same_thread=False)
        self._db.row_factory = sqlite3.Row
        self._db.execute("PRAGMA journal_mode = WAL")
        self._db.execute("PRAGMA synchronous = FULL")
        self._db.executescript(SCHEMA)

    @contextmanager
    def change(self) -> Iterator[sqlite3.Connection]:
        """All or nothing. A change inside a change belongs to the outer one."""
        with self._lock:
            if self._depth == 0:
                self._db.execute("BEGIN IMMEDIATE")
            self._depth += 1
            try:
                yield self._db
            except BaseException:
                self._depth -= 1
                if self._depth == 0:
                    self._db.execute("ROLLBACK")
                raise
            self._depth -= 1
            if self._depth == 0:
                self._db.execute("COMMIT")

    def rows(self, query: str, *values: object) -> list[sqlite3.Row]:
        """Read at once, so that nobody holds the file open in the middle of a result."""
        with self._lock:
            return self._db.execute(query, values).fetchall()

    def setting(self, name: str) -> str:
        """The stored text, or an empty one."""
        found = self.rows("SELECT value FROM setting WHERE name = ?", name)
        return str(found[0]["value"]) if found else ""

    def set_setting(self, name: str, value: str) -> None:
        """Store a text under a name."""
        with self.change() as db:
            db.execute("REPLACE INTO setting (name, value) VALUES (?, ?)", (name, value))

    def close(self) -> None:
        """Close the file; the state stays."""
        with self._lock:
            self._db.close()


def milliseconds(moment: datetime) -> int:
    """Epoch milliseconds, the vendor's unit of time."""
    return int(moment.timestamp() * 1000)
