"""What is written down of numbers that a contract's log index has passed over, and of those that came after all."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime

from django.db import transaction

from sakimori.customers.models import Contract
from sakimori.logs.models import LogFile, MissingFiles, PullState
from sakimori.logs.receive.numbering import Missing, missing_since, numbers_of, without

_NAMES_AT_ONCE = 500  # A database takes only so many values in one question.
# A wider hole is not looked through number by number: nothing of it is in the ledger.
_WIDEST = 1000


def note_index(state: PullState, names: Sequence[str], *, door: str, now: datetime) -> None:
    """Write down what the index has passed over since `state.newest`, and forget what came after all."""
    numbers = numbers_of(names)
    for hole in missing_since(state.newest, numbers):
        _add(state.contract, hole, door=door, now=now)
    _forget_found(state.contract, numbers, door=door)


def note_lost(contract: Contract, name: str, *, now: datetime) -> None:
    """Write down that a file was listed and cannot be had: it was gone when it was asked for, or it is too large."""
    for prefix, (number,) in numbers_of([name]).items():
        _write(contract, Missing(prefix, number, number), now, was_listed=True)


def known_names(contract: Contract, names: Sequence[str], *, door: str) -> set[str]:
    """Those of the names that the ledger has."""
    rows = LogFile.objects.filter(contract=contract, door=door)
    known: set[str] = set()
    for start in range(0, len(names), _NAMES_AT_ONCE):
        some = names[start : start + _NAMES_AT_ONCE]
        known.update(rows.filter(name__in=some).values_list("name", flat=True))
    return known


def _add(contract: Contract, hole: Missing, *, door: str, now: datetime) -> None:
    taken: Iterable[int] = ()
    if hole.last - hole.first < _WIDEST:
        taken = _taken(contract, hole.prefix, range(hole.first, hole.last + 1), door=door)
    for left in without(hole, taken):
        _write(contract, left, now)


def _taken(contract: Contract, prefix: str, numbers: Iterable[int], *, door: str) -> Iterator[int]:
    names = {f"{prefix}_{number}.log": number for number in numbers}
    yield from (names[name] for name in known_names(contract, list(names), door=door))


def _write(contract: Contract, hole: Missing, now: datetime, *, was_listed: bool = False) -> None:
    values = {"last": hole.last, "noticed_at": now, "was_listed": was_listed}
    row, is_new = MissingFiles.objects.get_or_create(
        contract=contract, prefix=hole.prefix, first=hole.first, defaults=values
    )
    if was_listed and not is_new and row.last == hole.last:
        MissingFiles.objects.filter(pk=row.pk).update(was_listed=True)


def _forget_found(contract: Contract, numbers: Mapping[str, list[int]], *, door: str) -> None:
    for row in MissingFiles.objects.filter(contract=contract, prefix__in=numbers):
        listed = [number for number in numbers[row.prefix] if row.first <= number <= row.last]
        found = list(_taken(contract, row.prefix, listed, door=door))
        if not found:
            continue
        with transaction.atomic():
            row.delete()
            for left in without(Missing(row.prefix, row.first, row.last), found):
                _write(contract, left, row.noticed_at, was_listed=row.was_listed)
