"""Faults of the vendor's service that can be switched on, in general or for the next calls. Stored."""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from sakimori.simulators.state import State


class FaultKind(StrEnum):
    """What goes wrong. `seconds` of the fault means something else for each kind."""

    TOO_MANY = "too_many"  # 429 with Retry-After: seconds
    SERVER_ERROR = "server_error"  # 503
    HTML = "html"  # 200 with an HTML page
    SLOW = "slow"  # the right answer, seconds later
    LOST_ANSWER = "lost_answer"  # the write is applied; the answer comes seconds later, or never when 0
    STALE = "stale"  # reads show the state of seconds ago
    DISABLED_KEY = "disabled_key"  # res 9418, or 401


class FaultScope(StrEnum):
    """Which of the vendor's services: Cloud v1 with statistics, the policies, the log files."""

    API = "api"
    POLICIES = "policies"
    LOGS = "logs"
    ALL = "all"


@dataclass(frozen=True, slots=True)
class Fault:
    """A fault that hits a share of the calls (probability), at most `calls` of them, until `until_ms`.

    path_part: only calls whose path contains it. None = no limit. `id` is given when it is stored.
    """

    kind: FaultKind
    scope: FaultScope = FaultScope.ALL
    probability: float = 1.0
    calls: int | None = None
    seconds: float = 0.0
    until_ms: int | None = None
    path_part: str = ""
    id: int = 0


def add_fault(state: State, fault: Fault) -> Fault:
    """Switch it on. ValueError if a figure makes no sense."""
    if not 0 < fault.probability <= 1 or fault.seconds < 0 or (fault.calls is not None and fault.calls < 1):
        raise ValueError("probability must be in ]0, 1], seconds >= 0, calls >= 1")
    with state.change() as db:
        cursor = db.execute(
            "INSERT INTO fault (kind, scope, probability, calls_left, seconds, until_ms, path_part)"
            " VALUES (?, ?, ?, ?, ?, ?, ?)",
            (fault.kind, fault.scope, fault.probability, fault.calls, fault.seconds, fault.until_ms, fault.path_part),
        )
        return stored_faults(state)[cursor.lastrowid or 0]


def clear_faults(state: State, fault_id: int | None = None) -> None:
    """Switch one off, or all."""
    with state.change() as db:
        db.execute("DELETE FROM fault WHERE ?1 IS NULL OR id = ?1", (fault_id,))


def active_faults(state: State, now_ms: int) -> list[Fault]:
    """Those that can still hit a call."""
    faults = stored_faults(state).values()
    return [f for f in faults if f.calls != 0 and (f.until_ms is None or f.until_ms > now_ms)]


def stored_faults(state: State) -> dict[int, Fault]:
    """All stored faults, used up or not."""
    return {
        row["id"]: Fault(
            kind=FaultKind(row["kind"]),
            scope=FaultScope(row["scope"]),
            probability=row["probability"],
            calls=row["calls_left"],
            seconds=row["seconds"],
            until_ms=row["until_ms"],
            path_part=row["path_part"],
            id=row["id"],
        )
        for row in state.rows("SELECT * FROM fault ORDER BY id")
    }


@dataclass(frozen=True, slots=True)
class FaultedCall:
    """What decides whether a fault hits a call."""

    scope: FaultScope
    path: str
    is_write: bool
    now_ms: int


def strike(state: State, call: FaultedCall, chance: random.Random) -> Sequence[Fault]:
    """The faults that hit this call; each that does is used up by one."""
    hits = [f for f in active_faults(state, call.now_ms) if _fits(f, call) and chance.random() < f.probability]
    if hits:
        with state.change() as db:
            db.executemany("UPDATE fault SET calls_left = calls_left - 1 WHERE id = ?", [(f.id,) for f in hits])
    return hits


def _fits(fault: Fault, call: FaultedCall) -> bool:
    if fault.scope not in (FaultScope.ALL, call.scope) or fault.path_part not in call.path:
        return False
    # A lost answer matters only where something was written, old data only where something is read.
    return {FaultKind.LOST_ANSWER: call.is_write, FaultKind.STALE: not call.is_write}.get(fault.kind, True)
