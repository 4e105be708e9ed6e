"""What each policy, each site's list and each application of a policy was, at any time of the last hours.

One idea serves three needs: the state now, stale reads (the state some seconds ago) and the delay until a block
bites (the edge still works with the state of some seconds ago).
"""

import json
from typing import cast

from sakimori.simulators.state import JsonObject, State

KEPT_MS = 3_600_000


def put(state: State, subject: str, account_id: int, body: JsonObject | None, now_ms: int) -> None:
    """Write the subject's new content; None = it is gone. What is older than an hour is forgotten."""
    text = None if body is None else json.dumps(body, ensure_ascii=False)
    with state.change() as db:
        db.execute(
            "INSERT INTO version (subject, account_id, at_ms, body) VALUES (?, ?, ?, ?)",
            (subject, account_id, now_ms, text),
        )
        db.execute(
            "DELETE FROM version WHERE subject = ?1 AND id < "
            "(SELECT max(id) FROM version WHERE subject = ?1 AND at_ms <= ?2)",
            (subject, now_ms - KEPT_MS),
        )


def get(state: State, subject: str, at_ms: int) -> JsonObject | None:
    """The subject's content at that time; None if it was not there."""
    rows = state.rows(
        "SELECT body FROM version WHERE subject = ? AND at_ms <= ? ORDER BY id DESC LIMIT 1", subject, at_ms
    )
    return _body(rows[0]["body"]) if rows else None


def every(state: State, prefix: str, account_id: int, at_ms: int) -> list[JsonObject]:
    """All subjects of an account whose name begins with the prefix, as they were, oldest first."""
    rows = state.rows(
        "SELECT body, min(first) FROM ("
        " SELECT body, subject, id, min(id) OVER (PARTITION BY subject) AS first,"
        " row_number() OVER (PARTITION BY subject ORDER BY id DESC) AS age"
        " FROM version WHERE subject GLOB ? AND account_id = ? AND at_ms <= ?)"
        " WHERE age = 1 GROUP BY subject ORDER BY length(subject), subject",
        prefix + "*",
        account_id,
        at_ms,
    )
    bodies = [_body(row["body"]) for row in rows]
    return [body for body in bodies if body is not None]


def _body(text: str | None) -> JsonObject | None:
    return None if text is None else cast("JsonObject", json.loads(text))
