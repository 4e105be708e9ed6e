"""Row claims: a worker takes due rows with a lease, so that many workers may run the same duty.

A model that can be claimed has the two columns of `Claimable`. A lease that ran out is free for anybody: the
former worker is taken for dead, so whatever a duty does to a row must be safe to do twice.
"""

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import TypeVar

from django.db import models
from django.db.models import Q, QuerySet


class Claimable(models.Model):
    """Columns of a row that workers claim."""

    claimed_by = models.CharField(max_length=64, blank=True, default="")
    claimed_until = models.DateTimeField(null=True, blank=True)

    class Meta:
        abstract = True


Row = TypeVar("Row", bound=Claimable)


def claim(due: QuerySet[Row], *, worker: str, now: datetime, lease: timedelta, limit: int = 50) -> Iterator[Row]:
    """Yield due rows one by one, each claimed for `worker` just before it is yielded and read afresh.

    A row that somebody else takes in between is passed over.
    """
    free = Q(claimed_until=None) | Q(claimed_until__lt=now)
    for key in list(due.filter(free).values_list("pk", flat=True)[:limit]):
        taken = due.filter(free, pk=key).update(claimed_by=worker, claimed_until=now + lease)
        if taken == 1:
            yield due.get(pk=key)


def claim_together(due: QuerySet[Row], *, worker: str, now: datetime, lease: timedelta, limit: int = 50) -> list[Row]:
    """Claim due rows for `worker` all at once, for what is done with them together; gives those that were free."""
    free, until = Q(claimed_until=None) | Q(claimed_until__lt=now), now + lease
    keys = list(due.filter(free).values_list("pk", flat=True)[:limit])
    if not keys or not due.filter(free, pk__in=keys).order_by().update(claimed_by=worker, claimed_until=until):
        return []
    return list(due.filter(pk__in=keys, claimed_by=worker, claimed_until=until))


def renew(rows: QuerySet[Row], row: Row, *, now: datetime, lease: timedelta) -> bool:
    """Begin the lease of one of the rows, a claimed one, anew. False if it is somebody else's by now."""
    mine = rows.filter(pk=row.pk, claimed_by=row.claimed_by, claimed_until=row.claimed_until)
    if not mine.update(claimed_until=now + lease):
        return False
    row.claimed_until = now + lease
    return True


def release_of_dead(rows: QuerySet[Row], *, host: str, is_alive: Callable[[int], bool]) -> int:
    """Free the claims of workers of this host that are no more, without waiting for their leases to end.

    A worker is named `host:process id`. Other hosts' claims are left alone. Returns how many were freed.
    """
    holders = rows.filter(claimed_by__startswith=f"{host}:").values_list("claimed_by", flat=True).distinct()
    dead = [name for name in holders if not is_alive(int(name.rpartition(":")[2]))]
    return rows.filter(claimed_by__in=dead).update(claimed_by="", claimed_until=None)


def release(row: Claimable) -> None:
    """Give a claim back early. Saves nothing but the two columns."""
    row.claimed_by = ""
    row.claimed_until = None
    row.save(update_fields=["claimed_by", "claimed_until"])
