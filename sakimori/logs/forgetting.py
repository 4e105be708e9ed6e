"""Letting go of the ledger's rows, once nothing that is kept has to do with the file any more.

A row stays while the log of its day is kept, while it has its link in the chain, while the store holds a row of it, and
while another room needs it: whatever may not be deleted with it (a finding is evidence) keeps it. So the ledger grows
with what is kept, not with the years. The chain stays checkable: it loses whole days, and their digest is its anchor.
"""

from collections.abc import Sequence
from datetime import date, datetime

from django.db import transaction
from django.db.models import PROTECT, Exists, Max, OuterRef, QuerySet

from sakimori.lib.jst import start_of_day
from sakimori.logs.models import LogFile, LogFileState, RetentionProof, StoreCheck
from sakimori.logs.store.interface import LogStore

_AT_ONCE = 500
_ENDED = (LogFileState.STORED, LogFileState.QUARANTINED)
_HELD = """
SELECT DISTINCT file_id FROM events WHERE contract_id = {contract_id:UInt32} AND file_id IN {files:Array(UInt64)}
"""


def kept_from(contract_id: int) -> date | None:
    """The oldest day of a contract's log that may be kept, as its newest proof says; None before the first one."""
    day: date | None = RetentionProof.objects.filter(contract=contract_id).aggregate(day=Max("kept_from"))["day"]
    return day


def forget_files(*, store: LogStore) -> int:
    """Let go of rows of files that came and were stored before the days that are kept. Returns how many went.

    May be killed at any moment and run by many workers: some hundred rows of one contract are one transaction.
    Raises StoreError.
    """
    limits = RetentionProof.objects.values_list("contract").annotate(day=Max("kept_from")).order_by("contract")
    return sum(_forget(contract, start_of_day(day), store) for contract, day in limits)


def _forget(contract: int, limit: datetime, store: LogStore) -> int:
    gone, passed_over = 0, set[int]()
    while len(passed_over) < _AT_ONCE:  # Those of which the store still holds rows: very few, and they stay for now.
        some = list(_unneeded(contract, limit).exclude(pk__in=passed_over).values_list("pk", flat=True)[:_AT_ONCE])
        if not some:
            break
        deleted = _delete(contract, some, limit, store)
        passed_over.update(set(some) - deleted)
        gone += len(deleted)
    return gone


def _unneeded(contract: int, limit: datetime) -> QuerySet[LogFile]:
    """Rows of old files that nothing in the database needs, in the order of an index: most rows are young."""
    files = LogFile.objects.filter(contract=contract, received_at__lt=limit, stored_at__lt=limit, state__in=_ENDED)
    files = files.exclude(spool_cleared_at=None).exclude(searched_at=None, state=LogFileState.STORED)
    for relation in LogFile._meta.related_objects:  # noqa: SLF001 - Django's documented name
        if relation.on_delete is PROTECT:
            rows = relation.related_model._default_manager  # noqa: SLF001 - likewise
            needing = rows.filter(**{relation.field.name: OuterRef("pk")})
            files = files.filter(~Exists(needing))
    return files.order_by("stored_at")


def _delete(contract: int, files: Sequence[int], limit: datetime, store: LogStore) -> set[int]:
    """Rows of late events may lie on days that are kept: then the comparison of ledger and store needs the file."""
    held = {row["file_id"] for row in store.query(_HELD, {"contract_id": contract, "files": list(files)})}
    with transaction.atomic():
        unneeded = _unneeded(contract, limit).filter(pk__in=set(files) - held)
        gone = set(unneeded.values_list("pk", flat=True))
        LogFile.objects.filter(pk__in=gone).delete()
        check = StoreCheck.objects.select_for_update().filter(contract=contract).first()
        if check is not None and gone & set(map(int, check.differences)):
            check.differences = {key: rows for key, rows in check.differences.items() if int(key) not in gone}
            check.save(update_fields=["differences"])
    return gone
