"""What is written down of numbers that a contract's log index has passed over, and of those that came after all."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from django.db import transaction
from django.db.models import Q

from sakimori.customers.models import Contract
from sakimori.logs.doors import DOORS
from sakimori.logs.models import LogFile, LogFileState, MissingFiles, PullState
from sakimori.logs.receive.known import known_names
from sakimori.logs.receive.numbering import Missing, missing_since, numbers_of, runs, without

# A wider hole is not looked through number by number: nothing of it is in the ledger.
_WIDEST = 1000
_COPIED = ("last", "noticed_at", "begins_at", "ends_at", "was_listed")
_DISMISSED = ("dismissed_at", "dismissed_by_name", "dismissal", "dismissal_reason")


def note_index(state: PullState, names: Sequence[str], *, door: str, now: datetime) -> None:
    """Write down what the index has passed over since `state.newest`, and forget what came after all."""
    numbers = numbers_of(names)
    for hole in missing_since(state.newest, numbers):
        _add(state, hole, door=door, now=now)
    for row in MissingFiles.objects.filter(contract=state.contract, prefix__in=numbers):
        listed = _within(row, numbers[row.prefix])
        fill(row, _taken(state.contract_id, row.prefix, listed, door=door))


def note_lost(contract: Contract, name: str, *, now: datetime) -> None:
    """Write down that a file was listed and cannot be had: it was gone when it was asked for, or it is too large."""
    for prefix, (number,) in numbers_of([name]).items():
        around = MissingFiles.objects.filter(contract=contract, prefix=prefix, first__lte=number, last__gte=number)
        if around.filter(was_listed=True).exists():
            continue
        with transaction.atomic():
            for row in around:
                fill(row, [number])
            _write(contract.pk, Missing(prefix, number, number), now, was_listed=True)


def note_stored(files: Iterable[LogFile]) -> None:
    """Forget the numbers of these files: they were stored, whatever door they came through."""
    numbers: dict[int, list[str]] = {}
    for file in files:
        numbers.setdefault(file.contract_id, []).append(file.name)
    found = {contract: numbers_of(names) for contract, names in numbers.items()}
    for row in MissingFiles.objects.filter(contract__in=[contract for contract, each in found.items() if each]):
        fill(row, _within(row, found[row.contract_id].get(row.prefix, ())))


def came_after_all(row: MissingFiles, *, door: str) -> bool:
    """Look a hole up in the ledger and forget what came after all. Whether anything of it did.

    A hole that is too wide to be looked through is left to `note_stored`.
    """
    if row.last - row.first >= _WIDEST:
        return False
    return fill(row, _taken(row.contract_id, row.prefix, range(row.first, row.last + 1), door=door))


def fill(row: MissingFiles, found: Sequence[int]) -> bool:
    """Take these numbers out of a hole. What is left stays as it was, and is looked up anew: its time may be shorter.

    Whether there were any.
    """
    if not found:
        return False
    with transaction.atomic():
        locked = MissingFiles.objects.select_for_update().filter(pk=row.pk).first()
        if locked is not None:
            locked.delete()
            values = {name: getattr(locked, name) for name in (*_COPIED, *_DISMISSED)}
            for left in without(Missing(locked.prefix, locked.first, locked.last), found):
                MissingFiles.objects.get_or_create(
                    contract_id=locked.contract_id,
                    prefix=left.prefix,
                    first=left.first,
                    defaults={**values, "last": left.last},
                )
    return True


def _add(state: PullState, hole: Missing, *, door: str, now: datetime) -> None:
    """Numbers that an earlier index named are lost; of the others nobody knows whether they ever were."""
    taken: Iterable[int] = ()
    if hole.last - hole.first < _WIDEST:
        taken = _taken(state.contract_id, hole.prefix, range(hole.first, hole.last + 1), door=door)
    listed = state.listed.get(hole.prefix, [])
    for left in without(hole, taken):
        lost = [number for number in listed if left.first <= number <= left.last]
        for part in runs(left.prefix, lost):
            _write(state.contract_id, part, now, was_listed=True)
        for part in without(left, lost):
            _write(state.contract_id, part, now)


def _within(row: MissingFiles, numbers: Iterable[int]) -> list[int]:
    return [number for number in numbers if row.first <= number <= row.last]


def _taken(contract: int, prefix: str, numbers: Iterable[int], *, door: str) -> list[int]:
    """What came through the door, which will tell of it itself, or was stored through whatever other."""
    names = {f"{prefix}_{number}.log": number for number in numbers}
    stored = Q(contract=contract, door__in=DOORS, state=LogFileState.STORED)
    known = known_names(Q(contract=contract, door=door), list(names)) | known_names(stored, list(names))
    return [names[name] for name in known]


def _write(contract: int, hole: Missing, now: datetime, *, was_listed: bool = False) -> None:
    values = {"last": hole.last, "noticed_at": now, "was_listed": was_listed}
    row, is_new = MissingFiles.objects.get_or_create(
        contract_id=contract, prefix=hole.prefix, first=hole.first, defaults=values
    )
    if not is_new and row.last < hole.last:
        _write(contract, Missing(hole.prefix, row.last + 1, hole.last), now, was_listed=was_listed)
