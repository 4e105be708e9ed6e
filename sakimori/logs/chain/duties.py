"""Looks at the chains again and again, a day at a time: the newest days often, every other one daily.

Who is told of trouble is the caller's business. Spooled files are not hashed here: that is the command's, on demand.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.db.models import F, Max, Q

from sakimori.customers.models import Contract
from sakimori.lib.jst import day_of
from sakimori.logs.chain.checking import Depth, check_day, check_end
from sakimori.logs.models import ChainDay, ChainHead
from sakimori.logs.store.interface import LogStore

_NEWEST_AGAIN, _OLDER_AGAIN = timedelta(minutes=10), timedelta(hours=24)
_LEASE = timedelta(minutes=5)
_AT_ONCE = 20


@dataclass(frozen=True, slots=True)
class Broken:
    """A contract's day with trouble: how much, and the first of it in words for the log of the system."""

    contract: Contract
    day: date
    count: int
    first: str


def check_due(*, store: LogStore, now: datetime) -> tuple[int, list[Broken]]:
    """Look at the days that are due. Returns how many, and those that are broken. Raises StoreError.

    A contract whose data is being deleted is left alone. Several workers may look; each day is taken by one of them.
    """
    due = ChainDay.objects.filter(check_at__lte=now).select_related("contract__customer").order_by("check_at", "pk")
    looked, broken = 0, []
    for day in due[:_AT_ONCE]:
        if not ChainDay.objects.filter(pk=day.pk, check_at=day.check_at).update(check_at=now + _LEASE):
            continue
        looked += 1
        troubles = [] if _is_being_deleted(day.contract, now) else check_day(day.pk, Depth(store=store))
        if troubles:
            broken.append(Broken(day.contract, day.day, len(troubles), str(troubles[0])))
        pause = _NEWEST_AGAIN if day.day >= day_of(now) else _OLDER_AGAIN
        ChainDay.objects.filter(pk=day.pk).update(check_at=now + pause)
    return looked, [*broken, *_cut_short(now)]


def _cut_short(now: datetime) -> Iterator[Broken]:
    """Chains whose newest days are gone: no day of theirs is due that could tell."""
    heads = ChainHead.objects.annotate(there=Max("contract__chain_days__day")).exclude(newest_day=None)
    for head in heads.filter(~Q(there=F("newest_day")) | Q(there=None)).select_related("contract__customer"):
        troubles = check_end(head)
        if troubles and not _is_being_deleted(head.contract, now):
            yield Broken(head.contract, troubles[0].day, len(troubles), str(troubles[0]))


def _is_being_deleted(contract: Contract, now: datetime) -> bool:
    return contract.deletes_on is not None and day_of(now) > contract.deletes_on
