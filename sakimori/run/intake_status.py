"""How the intake of each contract is, as records of what JSON knows: for `sakimori logs status`."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import DatabaseError

from sakimori.customers.models import Contract
from sakimori.lib.jst import day_of
from sakimori.logs.flow import Lag
from sakimori.logs.formats.version import PARSER_VERSION
from sakimori.logs.gaps import Gap, troubled
from sakimori.logs.health import DoorHealth, Health, health_of
from sakimori.logs.models import DoorState, PullState
from sakimori.logs.queries import contracts_with_intake, door_states
from sakimori.logs.receive.without_index import is_lost

_TOLD_FOR = timedelta(days=3)


@dataclass(frozen=True, slots=True)
class Looks:
    """How looking at a door goes, where we take the files ourselves."""

    last_success_at: datetime | None = None
    next_try_at: datetime | None = None
    failures: int = 0
    error: str = ""
    left_out: str = ""
    index_missing_since: datetime | None = None


def statuses(*, contract: str, now: datetime) -> Sequence[Mapping[str, Any]]:
    """One record per contract, or of the one with this number. Gaps of the last three days are told.

    Raises LookupError with a sentence: there is no such contract, or the database cannot be read.
    """
    try:
        found = _statuses(contract, now)
    except DatabaseError as error:
        raise LookupError(f"The database cannot be read: {error}.") from error
    if contract and not found:
        raise LookupError(f"There is no contract {contract}.")
    return found


def _statuses(number: str, now: datetime) -> Sequence[Mapping[str, Any]]:
    rows = contracts_with_intake()
    contracts = list(rows.filter(number=number) if number else rows)
    running = {row.pk for row in contracts if row.runs_on(day_of(now))}
    limit = timedelta(minutes=settings.CONFIG.silent_minutes)
    health = {
        **health_of(running, now=now, limit=limit, reaching=now - _TOLD_FOR),
        # Of who has cancelled nothing is meant to come.
        **health_of({row.pk for row in contracts} - running, now=now, limit=timedelta.max, reaching=now - _TOLD_FOR),
    }
    states = {(state.contract_id, state.door): state for state in door_states()}
    return [_status(row, health[row.pk], states, runs=row.pk in running) for row in contracts]


def _status(
    contract: Contract, health: Health, states: Mapping[tuple[int, str], DoorState], *, runs: bool
) -> Mapping[str, Any]:
    sums = {
        "stored": contract.stored,  # type: ignore[attr-defined]
        "waiting": health.waiting.files,
        "quarantined": contract.quarantined,  # type: ignore[attr-defined]
        "lines": contract.lines,  # type: ignore[attr-defined]
        "rows": contract.rows,  # type: ignore[attr-defined]
        "quarantined_lines": contract.bad_lines,  # type: ignore[attr-defined]
        "unkept_lines": contract.unkept_lines,  # type: ignore[attr-defined]
        "doubles": contract.doubles,  # type: ignore[attr-defined]
    }
    counted = sums["rows"] + sums["quarantined_lines"] + sums["unkept_lines"]
    check = getattr(contract, "store_check", None)
    differences = check.differences if check else {}
    gaps = health.completeness.gaps
    doors = _doors(contract, health, states)
    without_some = runs and any(door["left_out"] or door["index_missing_since"] for door in doors)
    return {
        "contract": contract.number,
        "customer": contract.customer.name,
        "runs": runs,
        "troubled": troubled(gaps) or bool(differences) or sums["lines"] != counted or without_some,
        "complete_until": _text(health.completeness.complete_until),
        "gaps": [_gap(gap) for gap in gaps],
        "doors": doors,
        "oldest_waiting": _text(health.waiting.oldest_at),
        "sums": sums,
        "parser": {"version": PARSER_VERSION, "older_files": contract.parsed_before},  # type: ignore[attr-defined]
        "store": {"checked_at": _text(check.checked_at) if check else None, "differences": differences},
    }


def _doors(
    contract: Contract, health: Health, states: Mapping[tuple[int, str], DoorState]
) -> Sequence[Mapping[str, Any]]:
    """Doors through which something came, and those that are looked at in vain."""
    looks = {door: _looks(state) for (number, door), state in states.items() if number == contract.pk}
    pull: PullState | None = getattr(contract, "pull_state", None)
    if pull is not None:
        looks["pull"] = _looks(pull)
    came = {door.door: door for door in health.doors}
    return [_door(name, came.get(name), looks.get(name, Looks())) for name in sorted(came.keys() | looks.keys())]


def _looks(state: PullState | DoorState) -> Looks:
    if isinstance(state, DoorState):
        own: dict[str, Any] = {"left_out": state.left_out}
    else:
        own = {"index_missing_since": state.index_missing_since if is_lost(state) else None}
    return Looks(state.last_success_at, state.next_try_at, state.failures, state.last_error, **own)


def _door(name: str, came: DoorHealth | None, looks: Looks) -> Mapping[str, Any]:
    return {
        "door": name,
        "files": came.files if came else 0,
        "last_file_at": _text(came.last_received_at) if came else None,
        "complete_until": _text(came.complete_until) if came else None,
        "source_lag": _lag(came.source) if came else None,
        "our_lag": _lag(came.ours) if came else None,
        "last_success_at": _text(looks.last_success_at),
        "next_try_at": _text(looks.next_try_at),
        "failures": looks.failures,
        "error": looks.error,
        "left_out": looks.left_out,
        "index_missing_since": _text(looks.index_missing_since),
    }


def _gap(gap: Gap) -> Mapping[str, Any]:
    return {
        "why": gap.why.value,
        "begins": _text(gap.begins),
        "ends": _text(gap.ends),
        "count": gap.count,
        "door": gap.door,
    }


def _lag(lag: Lag | None) -> Mapping[str, float] | None:
    return {"last": lag.last.total_seconds(), "p95": lag.p95.total_seconds()} if lag else None


def _text(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment else None
