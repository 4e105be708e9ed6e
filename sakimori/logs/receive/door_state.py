"""What is written down of a door at which we take files ourselves, and when it is looked at next."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta

from sakimori.customers.models import Contract
from sakimori.logs.models import DoorState

_LONGEST_PAUSE = timedelta(minutes=5)
# Nobody may send us away for longer than this, whatever he asks for.
_LONGEST_WISH = timedelta(hours=1)


def states_of(contracts: Sequence[Contract], door: str, *, now: datetime) -> Mapping[int, DoorState]:
    """The rows of many contracts' doors by contract, in one question; they are made at the first look."""
    rows = DoorState.objects.filter(door=door, contract__in=contracts)
    known = {state.contract_id: state for state in rows}
    new = [DoorState(contract=row, door=door, next_try_at=now) for row in contracts if row.pk not in known]
    if not new:
        return known
    DoorState.objects.bulk_create(new, ignore_conflicts=True)
    return {state.contract_id: state for state in rows.all()}


def note(
    state: DoorState,
    *,
    taken: int,
    error: str,
    clock: Callable[[], datetime],
    pause: timedelta,
    wish_seconds: float | None = None,
) -> None:
    """Write down how a look has gone. An empty `error` is a success; `wish_seconds`: what the other side asks for."""
    now = clock()
    state.failures = state.failures + 1 if error else 0
    state.last_error = error[:300]
    state.next_try_at = now + pause_after(state.failures, pause=pause, wish_seconds=wish_seconds)
    if not error:
        state.last_success_at = now
    if taken:
        state.last_file_at = now
    state.save()


def pause_after(failures: int, *, pause: timedelta, wish_seconds: float | None = None) -> timedelta:
    """How long to wait after so many failures in a row, and what the other side asked for if that is longer."""
    if not failures:
        return pause
    wish = min(timedelta(seconds=min(wish_seconds or 0.0, 1e6)), _LONGEST_WISH)
    longer: timedelta = pause * 2 ** min(failures, 10)
    return max(min(longer, _LONGEST_PAUSE), wish)
