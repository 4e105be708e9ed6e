"""Which files are read again, and in which order: contract by contract, the oldest first."""

from datetime import date, datetime, timedelta

from django.db.models import Q, QuerySet

from sakimori.customers.models import Contract
from sakimori.lib.jst import day_of, start_of_day
from sakimori.logs.formats.version import PARSER_VERSION
from sakimori.logs.models import LogFile, LogFileState, Reparse
from sakimori.logs.queries import parsed_before

_MOST_FILES, _MOST_ROWS = 1000, 1_000_000
_DAY = timedelta(days=1)


def chosen(
    *, contract: Contract | None, first_day: date | None, last_day: date | None, again: bool, now: datetime
) -> QuerySet[LogFile]:
    """Stored files with rows, which attacks were sought in, that an older parser has read. again: whichever has.

    contract, first_day, last_day (of Japan): only its files, only files with events of these days. Contracts that have
    ended are left out: their data is to be deleted.
    """
    files = LogFile.objects.filter(state=LogFileState.STORED, rows__gt=0, searched_at__isnull=False)
    files = files.exclude(contract__ends_on__lte=day_of(now))
    if not again:
        files = files.filter(parsed_before(PARSER_VERSION))
    if contract is not None:
        files = files.filter(contract=contract)
    if last_day is not None:
        files = files.filter(Q(first_at=None) | Q(first_at__lt=start_of_day(last_day + _DAY)))
    if first_day is not None:
        # Of times after the receipt the ledger knows nothing: such a file may have events of any later day.
        files = files.filter(Q(last_at=None) | Q(last_at__gte=start_of_day(first_day)))
    return files.order_by("contract", "pk")


def next_batch(order: Reparse, *, now: datetime) -> list[LogFile]:
    """The next files of one contract, a million rows or a little more; none when all are done."""
    files = chosen(
        contract=order.contract, first_day=order.first_day, last_day=order.last_day, again=order.again, now=now
    ).select_related("contract__customer")
    rest = files.filter(contract=order.position_contract, pk__gt=order.position_file)
    return _first(rest) or _first(files.filter(contract=_next_contract(files, order.position_contract)))


def _next_contract(files: QuerySet[LogFile], after: int) -> int | None:
    return files.filter(contract__gt=after).order_by("contract").values_list("contract", flat=True).first()


def _first(files: QuerySet[LogFile]) -> list[LogFile]:
    batch, rows = list[LogFile](), 0
    for file in files[:_MOST_FILES]:
        if batch and rows + file.rows > _MOST_ROWS:
            break
        batch.append(file)
        rows += file.rows
    return batch
