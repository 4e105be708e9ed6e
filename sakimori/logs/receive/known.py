"""What the ledger knows of names, many of them in few questions."""

from collections.abc import Iterator, Sequence
from datetime import datetime

from django.db.models import Q, QuerySet

from sakimori.customers.models import Contract
from sakimori.logs.models import LogFile

_NAMES_AT_ONCE = 500  # A database takes only so many values in one question.


def files_named(which: Q, names: Sequence[str]) -> Iterator[QuerySet[LogFile]]:
    """The files with these names, of those that `which` names, in as many questions as are needed."""
    for start in range(0, len(names), _NAMES_AT_ONCE):
        yield LogFile.objects.filter(which, name__in=names[start : start + _NAMES_AT_ONCE])


def known_names(which: Q, names: Sequence[str]) -> set[str]:
    """Those of the names that the ledger has."""
    return {name for files in files_named(which, names) for name in files.values_list("name", flat=True)}


def known_since(contract: Contract, names: Sequence[str], *, door: str) -> dict[str, datetime]:
    """Those that came through a door, and when the newest content of each did."""
    known: dict[str, datetime] = {}
    for files in files_named(Q(contract=contract, door=door), names):
        for name, at in files.values_list("name", "received_at"):
            known[name] = max(at, known.get(name, at))
    return known
