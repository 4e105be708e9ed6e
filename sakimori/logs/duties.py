"""What logs does again and again: store what lies in the spool, and clear the spool of what is long stored."""

from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import datetime, timedelta
from functools import partial

from django.db.models import Q, QuerySet

from sakimori.lib.claims import claim, claim_together, given_back_on_error, renew
from sakimori.logs.ingest import LEASE, MOST_BAD_LINES_KEPT, ingest, open_spooled, store_alone
from sakimori.logs.ingest_together import SMALL, House, ingest_together
from sakimori.logs.models import LogFile, LogFileState
from sakimori.logs.read_ahead import Reading, one_ahead
from sakimori.logs.reparse.holding import held_contracts, let_wait
from sakimori.logs.spool import Spool
from sakimori.logs.store.interface import LogStore

_SMALL_AT_ONCE = 100
_ORPHAN_AGE = timedelta(hours=1)
_NAMES_AT_ONCE = 500  # A database takes only so many values in one question.


def ingest_due(
    *,
    store: LogStore,
    spool: Spool,
    worker: str,
    clock: Callable[[], datetime],
    only: Q | None = None,
    on_bytes: Callable[[LogFile, int], None] | None = None,
) -> int:
    """Store every file that is due (of those that `only` names), oldest first. Returns how many were tried.

    on_bytes: is told, while a large file is stored, how many of its bytes have been read.

    Small files are stored together, and again whenever a large one is done: they do not wait for all large ones.
    """
    house = House(store=store, spool=spool, clock=clock)
    opened = partial(open_spooled, spool=spool)

    def small_ones() -> int:
        now = clock()
        due = _due(now, only).filter(SMALL).prefetch_related("contract__log_keys")
        files = let_wait(claim_together(due, worker=worker, now=now, lease=LEASE, limit=_SMALL_AT_ONCE))
        with given_back_on_error(LogFile.objects.all()) as claimed:
            claimed.extend(files)
            for file in ingest_together(files, house):
                if renew(LogFile.objects.all(), file, now=clock(), lease=LEASE):
                    store_alone(file, Reading(partial(opened, file)), store=store, clock=clock)
        return len(files)

    tried, now, rows = small_ones(), clock(), LogFile.objects.all()
    with (
        given_back_on_error(rows) as claimed,
        closing(one_ahead(_large_ones(now, only, worker, claimed), opened, on_bytes)) as files,
    ):
        for file, reading in files:
            with closing(reading):
                if renew(rows, file, now=clock(), lease=LEASE):  # It was claimed before the one that was just stored.
                    ingest(file, reading, store=store, clock=clock)
            tried += 1 + small_ones()
    return tried


def _large_ones(now: datetime, only: Q | None, worker: str, claimed: list[LogFile]) -> Iterator[LogFile]:
    for file in claim(_due(now, only).exclude(SMALL), worker=worker, now=now, lease=LEASE):
        if let_wait([file]):
            claimed.append(file)
            yield file


def _due(now: datetime, only: Q | None) -> QuerySet[LogFile]:
    states = [LogFileState.RECEIVED, LogFileState.STORING]
    due = LogFile.objects.select_related("contract").filter(only or Q(), state__in=states, next_try_at__lte=now)
    due = due.exclude(contract__in=held_contracts())
    return due.order_by("received_at", "pk")


def clear_spool(*, spool: Spool, keep: timedelta, now: datetime) -> int:
    """Remove spooled files that were stored longer than `keep` ago, and left-overs that no ledger row names.

    A left-over is a file whose sender was never told "received": it comes again. Quarantined files stay, and so do
    those of which not all bad lines are kept, until the log of their day is let go of.
    """
    stored = LogFile.objects.filter(
        state=LogFileState.STORED,
        spool_cleared_at=None,
        searched_at__isnull=False,
        stored_at__lt=now - keep,
        quarantined_lines__lte=MOST_BAD_LINES_KEPT,
    )
    cleared = 0
    for file in stored[:1000]:
        spool.remove(file.spool_name)
        LogFile.objects.filter(pk=file.pk).update(spool_cleared_at=now)
        cleared += 1
    old = list(spool.names_older_than((now - _ORPHAN_AGE).timestamp()))
    for start in range(0, len(old), _NAMES_AT_ONCE):
        cleared += _clear_left_overs(spool, set(old[start : start + _NAMES_AT_ONCE]))
    return cleared


def _clear_left_overs(spool: Spool, names: set[str]) -> int:
    left_over = names.difference(LogFile.objects.filter(spool_name__in=names).values_list("spool_name", flat=True))
    for name in left_over:
        spool.remove(name)
    return len(left_over)
