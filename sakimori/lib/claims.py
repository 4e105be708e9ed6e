"""Row claims: a worker takes due rows with a lease, so that many workers may run the same duty.

A model that can be claimed has the two columns of `Claimable`. A lease that ran out is free for anybody: the
former worker is taken for dead, so whatever a duty does to a row must be safe to do twice.
"""

import os
import socket
from collections.abc import Callable, Collection, Generator, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import TypeVar

import structlog
from django.db import DatabaseError, models
from django.db.models import Q, QuerySet

_log = structlog.get_logger()


def host_name() -> str:
    """The first half of a worker's name."""
    return socket.gethostname()[:40]


def worker_name() -> str:
    """Who claims rows: this process on this machine."""
    return f"{host_name()}:{os.getpid()}"


class Claimable(models.Model):
    """Columns of a row that workers claim."""

    claimed_by = models.CharField(max_length=64, blank=True, default="")
    claimed_until = models.DateTimeField(null=True, blank=True)

    class Meta:
        abstract = True


Row = TypeVar("Row", bound=Claimable)


def claim(due: QuerySet[Row], *, worker: str, now: datetime, lease: timedelta, limit: int = 50) -> Iterator[Row]:
    """Yield due rows one by one, each claimed for `worker` just before it is yielded and read afresh.

    A row that somebody else takes in between is passed over, and so is one that is gone, or due no more, when it is
    read.
    """
    free, until = Q(claimed_until=None) | Q(claimed_until__lt=now), now + lease
    for key in list(due.filter(free).values_list("pk", flat=True)[:limit]):
        if not due.filter(free, pk=key).update(claimed_by=worker, claimed_until=until):
            continue
        row = due.filter(pk=key).first()
        if row is not None:
            yield row
        else:
            _free(due.model, [key], worker, until)


def claim_together(due: QuerySet[Row], *, worker: str, now: datetime, lease: timedelta, limit: int = 50) -> list[Row]:
    """Claim due rows for `worker` all at once, for what is done with them together; gives those that were free, and are
    due still when they are read.
    """
    free, until = Q(claimed_until=None) | Q(claimed_until__lt=now), now + lease
    keys = list(due.filter(free).values_list("pk", flat=True)[:limit])
    taken = due.filter(free, pk__in=keys).order_by().update(claimed_by=worker, claimed_until=until) if keys else 0
    if not taken:
        return []
    rows = list(due.filter(pk__in=keys, claimed_by=worker, claimed_until=until))
    if len(rows) < taken:
        _free(due.model, set(keys) - {row.pk for row in rows}, worker, until)
    return rows


def _free(model: type[Row], keys: Collection[int], worker: str, until: datetime) -> None:
    """Give back claims as they were taken, also of rows that are not due any more."""
    rows: QuerySet[Row] = QuerySet(model)
    mine = rows.filter(pk__in=keys, claimed_by=worker, claimed_until=until)
    mine.update(claimed_by="", claimed_until=None)


def renew(rows: QuerySet[Row], row: Row, *, now: datetime, lease: timedelta) -> bool:
    """Begin the lease of one of the rows, a claimed one, anew. False if it is somebody else's by now."""
    mine = rows.filter(pk=row.pk, claimed_by=row.claimed_by, claimed_until=row.claimed_until)
    if not mine.update(claimed_until=now + lease):
        return False
    row.claimed_until = now + lease
    return True


def still_held(rows: QuerySet[Row], claimed: Sequence[Row]) -> set[int]:
    """The keys of those whose claims stand as they were taken; these rows are locked. Call inside a transaction."""
    claims = {row.pk: (row.claimed_by, row.claimed_until) for row in claimed}
    found = (
        rows.filter(pk__in=claims).order_by("pk").select_for_update().values_list("pk", "claimed_by", "claimed_until")
    )
    return {key for key, *claim_of_row in found if claims[key] == tuple(claim_of_row)}


@contextmanager
def given_back_on_error(rows: QuerySet[Row]) -> Generator[list[Row]]:
    """Give a list for claimed rows. After an error those whose claims still stand are free at once, for they would
    wait until their leases end. A killed worker frees nothing: that is what leases are for.
    """
    claimed: list[Row] = []
    try:
        yield claimed
    except Exception:
        give_back(rows, claimed)
        raise


def give_back(rows: QuerySet[Row], claimed: Sequence[Row]) -> None:
    """Free those claims that still stand. Once more if the database is still busy, each time for as long as it waits
    anyway; else the leases end them.
    """
    mine = Q(pk=None)
    for row in claimed:
        mine |= Q(pk=row.pk, claimed_by=row.claimed_by, claimed_until=row.claimed_until)
    for _ in range(2):
        try:
            rows.filter(mine).update(claimed_by="", claimed_until=None)
        except DatabaseError as error:
            _log.warning("claims.not_given_back", rows=len(claimed), error=str(error)[:300])
        else:
            return


def release_of_dead(rows: QuerySet[Row], *, host: str, is_alive: Callable[[int], bool]) -> int:
    """Free the claims of workers of this host that are no more, without waiting for their leases to end.

    A worker is named `host:process id`. Other hosts' claims are left alone. Returns how many were freed.
    """
    holders = rows.filter(claimed_by__startswith=f"{host}:").values_list("claimed_by", flat=True).distinct()
    dead = [name for name in holders if not is_alive(int(name.rpartition(":")[2]))]
    return rows.filter(claimed_by__in=dead).update(claimed_by="", claimed_until=None)


def release(row: Claimable) -> None:
    """Give a claim back early, if it still stands: the row may be gone, or somebody else's, by now. Saves nothing but
    the two columns.
    """
    if row.claimed_until is not None:
        _free(type(row), [row.pk], row.claimed_by, row.claimed_until)
    row.claimed_by, row.claimed_until = "", None
