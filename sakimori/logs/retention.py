"""How long logs are kept, and letting go of what is older (specification 2-5-1). The day of an event counts, in Japan.

With the option: today and the past three months, to the day. Without it: SAKIMORI_LOG_DAYS, and as long as a monthly
report that is not released yet needs it: the caller says since when (`needed_since`). A late file that brings old
rows is no exception: the next run finds them. What findings, tickets and blocks hold as evidence is no log and stays
(findings that led to nothing go too, see `blacklist.forgetting`). The chain of the stored files loses its days as the
log does, and the ledger its rows after them (`forgetting.py`).
"""

from collections import defaultdict
from collections.abc import Mapping
from datetime import date, datetime, timedelta

from django.db import transaction
from django.db.models import F, Q

from sakimori.customers.models import Contract
from sakimori.lib.calendar import first_kept_day
from sakimori.lib.jst import day_of, start_of_day
from sakimori.logs.chain.writing import let_go
from sakimori.logs.models import LogFile, LogFileState, QuarantinedLine, RetentionProof
from sakimori.logs.spool import Spool
from sakimori.logs.store.interface import LogStore

# Doubles are rows too, so the table itself is asked. A day is a partition: young ones are not even opened.
_OLD = """
SELECT contract_id, day, count() AS rows FROM events WHERE day < {limit:Date}
GROUP BY contract_id, day ORDER BY contract_id, day
"""
_OLDEST = "SELECT min(day) AS day, count() AS rows FROM events WHERE contract_id = {contract_id:UInt32}"
_SEARCH_TIME = timedelta(hours=1)


def first_kept(contract: Contract, *, today: date, log_days: int, needed_since: date | None = None) -> date:
    """The oldest day of a contract's log that is kept."""
    if contract.keeps_logs:
        return first_kept_day(today)
    by_setting = today - timedelta(days=log_days)
    return by_setting if needed_since is None else min(by_setting, needed_since)


def retain(
    *, store: LogStore, spool: Spool, log_days: int, now: datetime, needed_since: Mapping[int, date] | None = None
) -> int:
    """Let go of everything that is too old, contract by contract, and write the day's proof. Returns dropped days.

    Cheap where there is nothing to do, so it may be called often. May be killed at any moment: what was not dropped is
    found again; a day that was dropped just before the end is missing from the proof's sums.
    """
    today = day_of(now)
    needed = needed_since or {}
    limits = {
        row: first_kept(row, today=today, log_days=log_days, needed_since=needed.get(row.pk))
        for row in Contract.objects.order_by("pk")
    }
    if not limits:
        return 0
    proven = dict(RetentionProof.objects.filter(day=today).values_list("contract", "kept_from"))
    old = _old_days(store, max(limits.values()))
    dropped = 0
    for contract, kept_from in limits.items():
        days = {day: rows for day, rows in old[contract.pk].items() if day < kept_from}
        if (days or proven.get(contract.pk) != kept_from) and not _is_busy(contract, now):
            dropped += _let_go(contract, kept_from, days, store=store, spool=spool, now=now)
    return dropped


def _old_days(store: LogStore, limit: date) -> Mapping[int, Mapping[date, int]]:
    found: dict[int, dict[date, int]] = defaultdict(dict)
    for row in store.query(_OLD, {"limit": limit}):
        found[row["contract_id"]][row["day"]] = row["rows"]
    return found


def _is_busy(contract: Contract, now: datetime) -> bool:
    """Whether a file is just being stored, or was just stored and not searched: its rows are counted and read first.

    A file that nobody stores or searches for long holds nothing up: old rows may not stay because of it.
    """
    storing = Q(state=LogFileState.STORING, claimed_until__gt=now)
    unsearched = Q(state=LogFileState.STORED, searched_at=None, stored_at__gt=now - _SEARCH_TIME)
    return LogFile.objects.filter(storing | unsearched, contract=contract).exists()


def _let_go(
    contract: Contract, kept_from: date, days: Mapping[date, int], *, store: LogStore, spool: Spool, now: datetime
) -> int:
    lines = _let_go_of_arrived(contract, kept_from, spool, now)
    proof, _ = RetentionProof.objects.get_or_create(
        contract=contract, day=day_of(now), defaults={"ran_at": now, "kept_from": kept_from}
    )
    mine = RetentionProof.objects.filter(pk=proof.pk)
    # Said before it is done: whoever counts a file's rows must know which of them may be gone.
    mine.update(kept_from=kept_from)
    for day, rows in days.items():
        store.drop_day(contract_id=contract.pk, day=day)
        mine.update(days=F("days") + 1, rows=F("rows") + rows)
    with transaction.atomic():
        let_go(contract, kept_from=kept_from)
    mine.update(ran_at=now, kept_from=kept_from, lines=F("lines") + lines, oldest_day=_oldest(store, contract))
    return len(days)


def _let_go_of_arrived(contract: Contract, kept_from: date, spool: Spool, now: datetime) -> int:
    """What nobody could read has no time of its own: the day of its arrival counts. So it does for stored files that
    the spool still has, for it may be told to keep them longer than the log is kept.
    """
    arrived_before = start_of_day(kept_from)
    ended = Q(state=LogFileState.QUARANTINED) | Q(state=LogFileState.STORED, searched_at__isnull=False)
    files = LogFile.objects.filter(ended, contract=contract, spool_cleared_at=None, received_at__lt=arrived_before)
    for file in files:
        spool.remove(file.spool_name)
        LogFile.objects.filter(pk=file.pk).update(spool_cleared_at=now)
    lines = QuarantinedLine.objects.filter(file__contract=contract, file__received_at__lt=arrived_before)
    return lines.delete()[0]


def _oldest(store: LogStore, contract: Contract) -> date | None:
    found = store.query(_OLDEST, {"contract_id": contract.pk})[0]
    return found["day"] if found["rows"] else None
