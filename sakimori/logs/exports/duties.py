"""Makes the bundles that were asked for, one at a time, and removes those whose time is over.

Each try writes a file of its own, whose name lies in the row before the file exists; a worker that was killed, or that
lost its claim because it was slow, leaves nothing that the next try does not clear away. Progress renews the claim.
"""

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import partial
from pathlib import Path

import structlog
from django.db import transaction
from django.db.models import F, Q

from sakimori.customers import audit, files
from sakimori.customers.models import Contract
from sakimori.lib.claims import claim
from sakimori.lib.jst import day_of
from sakimori.logs.exports import packing
from sakimori.logs.exports.actions import UNFINISHED, remove_file
from sakimori.logs.exports.asked import NotUnderstood, expiry, kept_part, query_of
from sakimori.logs.exports.packing import Changed, Packed, Wanted
from sakimori.logs.models import Export, ExportState
from sakimori.logs.retention import first_kept
from sakimori.logs.spool import Spool
from sakimori.logs.store.interface import LogStore, StoreError

_log = structlog.get_logger()
_LEASE = timedelta(minutes=5)
_RETRY = timedelta(minutes=1)
_MOST_TRIES = 5
SPARE_BYTES = 1 << 30
MADE = "logs.export.made"
_FAILED = "ファイルを作成できませんでした。期間を短くして、もう一度お試しください。"


class _Lost(Exception):
    """The export was taken back, or another worker has it."""


@dataclass(frozen=True, slots=True)
class House:
    """What the making of bundles needs. log_days: as of retention. service: the name of the service, for readers.

    spool: without it no bundle carries files as they were received.
    """

    store: LogStore
    worker: str
    service: str
    log_days: int
    clock: Callable[[], datetime]
    spool: Spool | None = None

    def kept_from(self, contract: Contract, today: date) -> date:
        """The first day that is kept of a contract's log."""
        return first_kept(contract, today=today, log_days=self.log_days)


@dataclass(frozen=True, slots=True)
class _Try:
    """One try at an export, and the name of its file."""

    export: Export
    house: House
    name: str

    def mine(self, **columns: object) -> bool:
        """Change the row if it is still ours; whether it was."""
        rows = Export.objects.filter(
            pk=self.export.pk, state=ExportState.RUNNING, claimed_by=self.house.worker, stored_name=self.name
        )
        return rows.update(**columns) == 1

    def tell(self, lines: int) -> None:
        """Write down how far it is, and hold the claim. Raises _Lost; OSError when the disk has little room left."""
        _check_disk(files.path_of(self.export.contract.customer, self.name).parent)
        if not self.mine(done=lines, claimed_until=self.house.clock() + _LEASE):
            raise _Lost


def make_due(house: House) -> int:
    """Make the export that has waited longest. Returns how many were tried, 0 or 1."""
    now = house.clock()
    due = Export.objects.select_related("contract__customer", "by").filter(state__in=UNFINISHED, next_try_at__lte=now)
    for export in claim(due.order_by("asked_at", "pk"), worker=house.worker, now=now, lease=_LEASE, limit=1):
        _make(export, house)
        return 1
    return 0


def forget_expired(*, now: datetime) -> int:
    """Remove exports whose time is over, and the files of those that were taken back. Returns how many."""
    free = Q(claimed_until=None) | Q(claimed_until__lt=now)
    rows = Export.objects.select_related("contract__customer").filter(free)
    gone = 0
    for export in rows.filter(state=ExportState.CANCELLED).exclude(stored_name=""):
        remove_file(export)
        Export.objects.filter(pk=export.pk).update(stored_name="")
        gone += 1
    for export in rows.filter(expires_at__lte=now):
        remove_file(export)
        gone += Export.objects.filter(free, pk=export.pk).delete()[0]
    return gone


def _check_disk(folder: Path) -> None:
    """An export must never take the room that logs need which are still to come."""
    free = shutil.disk_usage(folder).free
    if free < SPARE_BYTES:
        raise OSError(f"only {free} bytes are left on the disk")


def _make(export: Export, house: House) -> None:
    remove_file(export)
    this = _Try(export, house, files.new_name(export.contract.customer))
    held = Export.objects.filter(pk=export.pk, state__in=UNFINISHED, claimed_by=house.worker)
    if not held.update(state=ExportState.RUNNING, stored_name=this.name, done=0, attempts=F("attempts") + 1):
        return
    try:
        packed = _pack(this)
    except _Lost:
        files.remove(export.contract.customer, this.name)
    except (StoreError, OSError, Changed, NotUnderstood) as error:
        _log.warning("export.failed", export=export.pk, error=f"{type(error).__name__}: {error}"[:300])
        files.remove(export.contract.customer, this.name)
        _postpone(this)
    else:
        _finish(this, packed)


def _pack(this: _Try) -> Packed:
    """What retention has let go of since it was asked for is not reached any more, even if it is still there."""
    contract, now = this.export.contract, this.house.clock()
    asked = query_of(contract.pk, this.export.query)
    query = kept_part(asked, this.house.kept_from(contract, day_of(now)))
    if query is None:
        raise NotUnderstood("nothing of it is kept any more")
    wanted = Wanted(contract, query, this.export.form, now, this.house.service)
    path = files.path_of(contract.customer, this.name)
    _check_disk(path.parent)
    return packing.pack(path, wanted, store=this.house.store, tell=this.tell, spool=this.house.spool)


def _postpone(this: _Try) -> None:
    """Try again soon; after too many tries say that it failed."""
    free: dict[str, object] = {"claimed_by": "", "claimed_until": None, "stored_name": ""}
    if this.export.attempts + 1 >= _MOST_TRIES:
        this.mine(state=ExportState.FAILED, reason=_FAILED, **free)
    else:
        this.mine(state=ExportState.WAITING, next_try_at=this.house.clock() + _RETRY, **free)


def _finish(this: _Try, packed: Packed) -> None:
    now, export = this.house.clock(), this.export
    with transaction.atomic():
        is_ours = this.mine(
            state=ExportState.READY,
            total=packed.lines,
            done=packed.lines,
            size_bytes=packed.size_bytes,
            sha256=packed.sha256,
            finished_at=now,
            expires_at=expiry(now, packed.oldest, kept_from=partial(this.house.kept_from, export.contract)),
            claimed_by="",
            claimed_until=None,
        )
        if is_ours:
            audit.record(
                MADE,
                by="sakimori",
                target=f"export:{export.pk}",
                now=now,
                customer=export.contract.customer,
                details={
                    "lines": packed.lines,
                    "sha256": packed.sha256,
                    "sums": packed.sums,
                    "chain": packed.head,
                },
            )
    if not is_ours:
        files.remove(export.contract.customer, this.name)
