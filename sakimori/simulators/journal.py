"""The record of every call received and of what it changed. Append-only; tests use it as their oracle."""

import json
from dataclasses import dataclass, field
from typing import cast

from sakimori.simulators.state import State


@dataclass(frozen=True, slots=True)
class Change:
    """What one call did to one list. `subject` is `policy/<id>`, `acl/<site id>` or `applied/<site id>`.

    For `applied/...` the added and removed texts are policy ids, else addresses.
    """

    subject: str
    added: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    note: str = ""


@dataclass(frozen=True, slots=True)
class JournalEntry:
    """One call. `api_id` is the key's id, "console" for a human's edit; `status` is the HTTP status answered.

    A status of 0 means that the connection was closed without an answer.
    """

    id: int
    at_ms: int
    api_id: str
    method: str
    path: str
    status: int
    changes: tuple[Change, ...] = field(default=())
    fault: str = ""


def append(state: State, entry: JournalEntry) -> int:
    """Write it down and return its number; the entry's own `id` is ignored."""
    changes = [{"subject": c.subject, "added": c.added, "removed": c.removed, "note": c.note} for c in entry.changes]
    with state.change() as db:
        cursor = db.execute(
            "INSERT INTO journal (at_ms, api_id, method, path, status, changes, fault) VALUES (?, ?, ?, ?, ?, ?, ?)",
            (entry.at_ms, entry.api_id, entry.method, entry.path, entry.status, json.dumps(changes), entry.fault),
        )
        return cast("int", cursor.lastrowid)


def read(state: State, after: int = 0, limit: int = 10_000) -> list[JournalEntry]:
    """Entries with a number above `after`, oldest first."""
    rows = state.rows("SELECT * FROM journal WHERE id > ? ORDER BY id LIMIT ?", after, limit)
    return [_entry(dict(row)) for row in rows]


def latest(state: State, limit: int) -> list[JournalEntry]:
    """The last calls, newest first."""
    rows = state.rows("SELECT * FROM journal ORDER BY id DESC LIMIT ?", limit)
    return [_entry(dict(row)) for row in rows]


def _entry(row: dict[str, object]) -> JournalEntry:
    changes = tuple(
        Change(subject=c["subject"], added=tuple(c["added"]), removed=tuple(c["removed"]), note=c["note"])
        for c in json.loads(str(row["changes"]))
    )
    return JournalEntry(
        id=cast("int", row["id"]),
        at_ms=cast("int", row["at_ms"]),
        api_id=str(row["api_id"]),
        method=str(row["method"]),
        path=str(row["path"]),
        status=cast("int", row["status"]),
        changes=changes,
        fault=str(row["fault"]),
    )
