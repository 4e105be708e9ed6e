"""What is written down of a door at which we take files ourselves, and when it is looked at next."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta

from sakimori.customers.models import Contract
from sakimori.logs.models import DoorState

_LONGEST_PAUSE = timedelta(minutes=5)
# Nobody may send us away for longer than this, whatever he asks for.
_LONGEST_WISH = timedelta(hours=1)
_NAMES_TOLD, _SIGNS_TOLD = 3, 40


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
    left_out: str | None = None,
) -> None:
    """Write down how a look has gone. An empty `error` is a success; `wish_seconds`: what the other side asks for.

    left_out: files that could not be taken, in words (see `in_words`); None where the look has not told.
    """
    now = clock()
    if left_out is not None:
        state.left_out = left_out[:300]
        state.left_out_since = (state.left_out_since or now) if left_out else None
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


def in_words(by_reason: Mapping[str, Sequence[str]]) -> str:
    """Names of files by the reason why they could not be taken: one text for the row, the page and the alarm."""
    return "".join(f"{reason.rstrip('。')}：{_told(names)}。" for reason, names in by_reason.items() if names)


def harmless(name: str) -> str:
    """A name as it may stand in a sentence."""
    plain = name.encode(errors="surrogateescape").decode(errors="replace")
    return "".join(sign if sign.isprintable() else "?" for sign in plain)[:_SIGNS_TOLD]


def _told(names: Sequence[str]) -> str:
    more = len(names) - _NAMES_TOLD
    return "、".join(map(harmless, names[:_NAMES_TOLD])) + (f" ほか {more} 件" if more > 0 else "")
