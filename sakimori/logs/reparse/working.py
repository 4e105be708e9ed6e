"""The duty that reads files again, a batch of one contract at a time, while no new file waits for long.

A batch: its files are read anew into a table of their own; those of which other lines would be rows are left alone;
then each of their days is replaced by a copy with the new rows, while the contract's new files wait (`holding.py`). At
last the ledger says which version made the rows. Until then the same batch is simply done again, so it may be killed at
any moment; only a day whose copy is ready (`ready_day`) must be replaced before anything else, for a crash of the
engine may have left it there in both forms.
"""

from collections import Counter
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta

import pyarrow.lib as pa
from django.db import transaction

from sakimori.customers import audit
from sakimori.lib.claims import claim, given_back_on_error, release, renew
from sakimori.logs.forgetting import kept_from
from sakimori.logs.formats.version import PARSER_VERSION
from sakimori.logs.models import LogFile, LogFileState, Reparse
from sakimori.logs.reparse.choosing import next_batch
from sakimori.logs.reparse.holding import hold, let_go, note
from sakimori.logs.reparse.reading import CannotReread, LeftAlone, read_again
from sakimori.logs.spool import Spool
from sakimori.logs.store.interface import DayChanged, LogStore, Prepared, Rereading

_LEASE = timedelta(minutes=15)
_BEHIND = timedelta(seconds=30)


@dataclass(frozen=True, slots=True)
class House:
    """Where rows are and come from, and the world outside."""

    store: LogStore
    spool: Spool
    worker: str
    clock: Callable[[], datetime]
    sleep: Callable[[float], object]


def reread_next(house: House) -> int:
    """Do the next batch of what was asked for. Returns 0 when there is nothing to do now.

    Raises StoreError and OSError; then the same batch comes again.
    """
    for order in _claimed(house):
        with given_back_on_error(Reparse.objects.all()) as claimed:
            claimed.append(order)
            done = _next(order, house)
        release(order)
        return done
    return 0


def complete_what_is_ready(house: House) -> None:
    """What a killed process has left behind: to be called before the log is shown."""
    for order in _claimed(house):
        with given_back_on_error(Reparse.objects.all()) as claimed:
            claimed.append(order)
            _complete(order, house)
        release(order)


def _claimed(house: House) -> Iterator[Reparse]:
    open_ones = Reparse.objects.filter(is_open=True)
    return claim(open_ones, worker=house.worker, now=house.clock(), lease=_LEASE)


def _next(order: Reparse, house: House) -> int:
    _complete(order, house)
    batch = [] if order.is_stopped else next_batch(order, now=house.clock())
    if not batch:
        _end(order, now=house.clock())
        return 1
    if _is_behind(house.clock()):
        return 0
    return _reread(order, batch, house)


def _is_behind(now: datetime) -> bool:
    """Whether a new file waits for longer than is usual: those come first."""
    waiting = LogFile.objects.filter(state__in=(LogFileState.RECEIVED, LogFileState.STORING), next_try_at__lte=now)
    return waiting.filter(received_at__lt=now - _BEHIND).exists()


def _complete(order: Reparse, house: House) -> None:
    """A copy that is ready takes its day's place, unless the day was let go of since; what is not ready begins anew."""
    contract, day = order.held_contract_id, order.ready_day
    if contract is not None and day is not None:
        oldest = kept_from(contract)
        if oldest is None or day >= oldest:
            with suppress(DayChanged):
                house.store.rereading(contract).replace(Prepared(day, order.ready_table))
    if contract is not None or day is not None:
        let_go(order)


def _reread(order: Reparse, batch: Sequence[LogFile], house: House) -> int:
    contract = batch[0].contract_id
    rereading, left = house.store.rereading(contract), dict[int, LeftAlone]()
    rereading.begin()
    rereading.put(_read(order, batch, house, left))
    readable = [file.pk for file in batch if file.pk not in left]
    other = rereading.differing(readable, kept_from=kept_from(contract))
    left |= dict.fromkeys(other, LeftAlone.OTHER_LINES)
    anew = [key for key in readable if key not in other]
    if not _replace_days(order, contract, anew, rereading, house):
        return 0
    rereading.end()
    _note(order, batch, left, now=house.clock())
    return len(batch)


def _read(
    order: Reparse, batch: Sequence[LogFile], house: House, left: dict[int, LeftAlone]
) -> Iterator[tuple[int, pa.Table]]:
    """The tables of all files, one after the other. Fills in why one cannot be read; its tables do not count."""
    for file in batch:
        _renew(order, house)
        try:
            for table in read_again(file, store=house.store, spool=house.spool):
                yield file.pk, table
                _renew(order, house)
        except CannotReread as error:
            left[file.pk] = error.reason


def _replace_days(order: Reparse, contract: int, files: Collection[int], rereading: Rereading, house: House) -> bool:
    """False if the contract's new files, or retention, leave no moment for it now."""
    for day in rereading.days(files):
        _renew(order, house)
        if not hold(order, contract, sleep=house.sleep):
            return False
        prepared = rereading.prepare(day, files)
        note(order, ready_day=day, ready_table=prepared.table, recount=sorted(prepared.recount))
        try:
            rereading.replace(prepared)
        except DayChanged:
            let_go(order)
            return False
        let_go(order)
    return True


def _renew(order: Reparse, house: House) -> None:
    """Raises LookupError if another worker has taken over."""
    now = house.clock()
    is_old = order.claimed_until is not None and now > order.claimed_until - _LEASE / 2
    if is_old and not renew(Reparse.objects.all(), order, now=now, lease=_LEASE):
        raise LookupError(f"another worker reads files again for order {order.pk}")


def _note(order: Reparse, batch: Sequence[LogFile], left: dict[int, LeftAlone], *, now: datetime) -> None:
    """One transaction: which version made the rows, how far it is, and the record."""
    done = [file for file in batch if file.pk not in left]
    left_alone = dict(Counter(order.left_alone) + Counter(left.values()))
    rows = sum(file.rows for file in done)
    contract = batch[0].contract
    with transaction.atomic():
        # Whether the store holds what the ledger says is looked at again.
        LogFile.objects.filter(pk__in=[file.pk for file in done]).update(parser_version=PARSER_VERSION, doubles=None)
        note(
            order,
            position_contract=contract.pk,
            position_file=batch[-1].pk,
            done_files=order.done_files + len(done),
            done_rows=order.done_rows + rows,
            left_alone=left_alone,
        )
        details = {"first": batch[0].pk, "last": batch[-1].pk, "files": len(done), "rows": rows}
        details |= {"version": PARSER_VERSION, "left_alone": len(left)}
        audit.record_of(contract, "logs.reparsed", by="sakimori", now=now, details=details)


def _end(order: Reparse, *, now: datetime) -> None:
    with transaction.atomic():
        if Reparse.objects.filter(pk=order.pk, is_open=True).update(is_open=None, ended_at=now):
            audit.record("logs.reparse.end", by="sakimori", target=f"reparse:{order.pk}", now=now)
