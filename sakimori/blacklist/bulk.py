"""One decision about many blocks. Each block has its own transaction, or its part of a bounded one.

Whatever comes in between, a second run goes on with what is left.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.db.models import QuerySet

from sakimori.accounts.models import User
from sakimori.blacklist.actions import NotPossible, approve, refuse
from sakimori.blacklist.leaving import Leave, begin_restores
from sakimori.blacklist.models import Block, RestoreChannel
from sakimori.blacklist.queries import RESTORABLE

AT_MOST = 2000  # Per request: what is left is said, and the person goes on.
_PER_TRANSACTION = 100


@dataclass(slots=True)
class Decided:
    """What became of the chosen blocks. first: the second person's yes is lacking. refused: not possible, and why."""

    done: list[str] = field(default_factory=list)
    first: list[str] = field(default_factory=list)
    refused: list[tuple[str, str]] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Removed:
    """How many are on their way off the list, and how many of the wanted ones are left for another go."""

    asked: int
    left: int


def approve_all(rows: Iterable[Block], *, by: User, now: datetime, lasts: timedelta | None = None) -> Decided:
    """An analyst says yes to each of these."""
    return _decide(rows, lambda row: approve(row, by=by, now=now, lasts=lasts))


def refuse_all(rows: Iterable[Block], *, by: User, now: datetime) -> Decided:
    """An analyst says no to each of these."""

    def say_no(row: Block) -> bool:
        refuse(row, by=by, now=now)
        return True

    return _decide(rows, say_no)


def _decide(rows: Iterable[Block], action: Callable[[Block], bool]) -> Decided:
    decided = Decided()
    for row in rows:
        try:
            whole = action(row)
        except NotPossible as refusal:
            decided.refused.append((row.address, str(refusal)))
        else:
            (decided.done if whole else decided.first).append(row.address)
    return decided


def removable(rows: QuerySet[Block]) -> QuerySet[Block]:
    """Those of the rows that can be taken off the list."""
    return rows.filter(state__in=RESTORABLE, wanted_on_list=True)


def restore_all(rows: QuerySet[Block], *, by: User, reason: str, now: datetime) -> Removed:
    """Take all of these off the list, each as `request_restore` does it. The vendor's list is written in few calls."""
    keys = list(removable(rows).order_by("pk").values_list("pk", flat=True)[:AT_MOST])
    asked = sum(_restore_part(part, by, reason, now) for part in _parts(keys))
    return Removed(asked, removable(rows).count())


def _restore_part(keys: Sequence[int], by: User, reason: str, now: datetime) -> int:
    rows = removable(Block.objects.filter(pk__in=keys)).order_by("pk")
    return len(begin_restores(rows, Leave(RestoreChannel.DESK, reason, by=by), now=now))


def _parts(keys: Sequence[int]) -> Iterator[Sequence[int]]:
    for begin in range(0, len(keys), _PER_TRANSACTION):
        yield keys[begin : begin + _PER_TRANSACTION]
