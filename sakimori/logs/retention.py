"""How long logs are kept, and letting go of what is older (specification 2-5-1). The day of an event counts, in Japan.

With the option: today and the past three months, to the day. Without it: SAKIMORI_LOG_DAYS, and as long as a monthly
report that is not released yet needs it: the caller says since when (`needed_since`). A late file that brings old
rows is no exception: the next run finds them. What findings, tickets and blocks hold as evidence is no log and stays
(findings that led to nothing go too, see `blacklist.forgetting`). The chain of the stored files loses its days as the
log does, and the ledger its rows after them (`forgetting.py`).

A day that is still to come goes a day after those on which its newest file was received: a clock that is wrong would
otherwise keep events, their file and its days of the chain for decades.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from datetime import date, datetime, timedelta

import structlog
from django.db import transaction
from django.db.models import F, Q

from sakimori.customers.models import Contract
from sakimori.lib.calendar import first_kept_day
from sakimori.lib.jst import day_of, start_of_day
from sakimori.logs.chain.writing import let_go
from sakimori.logs.models import LogFile, LogFileState, QuarantinedLine, RetentionProof
from sakimori.logs.spool import Spool
from sakimori.logs.store.interface import LogStore

_log = structlog.get_logger()
# Doubles are rows too, so the table itself is asked. A day is a partition: young ones are not even opened.
_OLD = """
SELECT contract_id, day, count() AS rows FROM events WHERE day < {limit:Date}
GROUP BY contract_id, day ORDER BY contract_id, day
"""
# Beyond tomorrow. Files are numbered as they come.
_AHEAD = """
SELECT contract_id, day, count() AS rows, max(file_id) AS newest FROM events WHERE day > {limit:Date}
GROUP BY contract_id, day ORDER BY contract_id, day
"""
_OLDEST = "SELECT min(day) AS day, count() AS rows FROM events WHERE contract_id = {contract_id:UInt32}"
_DAY = timedelta(days=1)
_SEARCH_TIME = timedelta(hours=1)
_LONGEST_WAIT = timedelta(hours=1)


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
    found again; a day that was dropped just before the end is missing from the proof's sums. A contract that fails
    keeps no other from its turn; the first error is raised when all have had theirs.
    """
    today = day_of(now)
    needed = needed_since or {}
    limits = {
        row: first_kept(row, today=today, log_days=log_days, needed_since=needed.get(row.pk))
        for row in Contract.objects.order_by("pk")
    }
    if not limits:
        return 0
    old, dropped, failed = _due_days(store, limits, today), 0, None
    for contract, kept_from in _with_work(limits, old, now):
        try:
            dropped += _let_go(contract, kept_from, old[contract.pk], store=store, spool=spool, now=now)
        except Exception as error:  # noqa: BLE001 - raised below, and the loop of duties tells the SOC
            _log.warning("retention.failed", contract=contract.pk, error=f"{type(error).__name__}: {error}"[:300])
            failed = failed or error
    if failed is not None:
        raise failed
    return dropped


def _with_work(
    limits: Mapping[Contract, date], old: Mapping[int, Mapping[date, int]], now: datetime
) -> Iterator[tuple[Contract, date]]:
    """The contracts that have something to let go of, or no finished proof of today. Of the others the proof says that
    they were looked at.
    """
    today = day_of(now)
    finished = RetentionProof.objects.filter(day=today, ran_at__gt=start_of_day(today))
    proven = dict(finished.values_list("contract", "kept_from"))
    quiet = {row for row, kept_from in limits.items() if not old[row.pk] and proven.get(row.pk) == kept_from}
    finished.filter(contract__in=quiet).update(ran_at=now)
    for contract, kept_from in limits.items():
        if contract not in quiet and not (_is_busy(contract, now) and _may_wait(contract, now)):
            yield contract, kept_from


def _due_days(store: LogStore, limits: Mapping[Contract, date], today: date) -> Mapping[int, Mapping[date, int]]:
    """The days of each contract that are too old, and those to come whose files are, with their rows."""
    first = {contract.pk: kept_from for contract, kept_from in limits.items()}
    old = _old_days(store, max(first.values()))
    due = {key: {day: rows for day, rows in old[key].items() if day < first[key]} for key in first}
    ahead = [row for row in store.query(_AHEAD, {"limit": today + _DAY}) if row["contract_id"] in first]
    newest = LogFile.objects.filter(pk__in=[row["newest"] for row in ahead]).values_list("pk", "received_at")
    came = {key: day_of(received_at) for key, received_at in newest}
    for row in ahead:
        key, received = row["contract_id"], came.get(row["newest"])
        # By a day less: a file of the day before may rightly have events of the first day that is kept.
        if received is not None and received < first[key] - _DAY:
            due[key][row["day"]] = row["rows"]
    return due


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


def _may_wait(contract: Contract, now: datetime) -> bool:
    """Files never stop coming to some contracts, so the wait as a whole has an end: an hour after the last look that
    left nothing to do.
    """
    return RetentionProof.objects.filter(contract=contract, ran_at__gt=now - _LONGEST_WAIT).exists()


def _let_go(
    contract: Contract, kept_from: date, days: Mapping[date, int], *, store: LogStore, spool: Spool, now: datetime
) -> int:
    # A proof whose day has only just begun is one that is not finished: the next look goes on.
    unfinished = {"ran_at": start_of_day(day_of(now)), "kept_from": kept_from}
    proof, _ = RetentionProof.objects.get_or_create(contract=contract, day=day_of(now), defaults=unfinished)
    mine = RetentionProof.objects.filter(pk=proof.pk)
    # Said before it is done: whoever counts a file's rows must know which of them may be gone.
    mine.update(**unfinished)
    for day, rows in days.items():
        store.drop_day(contract_id=contract.pk, day=day)
        mine.update(days=F("days") + 1, rows=F("rows") + rows)
    with transaction.atomic():
        let_go(contract, kept_from=kept_from, today=day_of(now))
    mine.update(lines=F("lines") + _let_go_of_lines(contract, kept_from))
    _let_go_of_files(contract, kept_from, spool, now)
    mine.update(ran_at=now, oldest_day=_oldest(store, contract))
    return len(days)


def _let_go_of_lines(contract: Contract, kept_from: date) -> int:
    """What nobody could read has no time of its own: the day of its arrival counts."""
    lines = QuarantinedLine.objects.filter(file__contract=contract, file__received_at__lt=start_of_day(kept_from))
    return lines.delete()[0]


def _let_go_of_files(contract: Contract, kept_from: date, spool: Spool, now: datetime) -> None:
    """As with lines, and so it is with stored files that the spool still has, for it may be told to keep them longer
    than the log is kept. Raises the first OSError, when all the others are gone.
    """
    failed = None
    ended = Q(state=LogFileState.QUARANTINED) | Q(state=LogFileState.STORED, searched_at__isnull=False)
    files = LogFile.objects.filter(ended, contract=contract, spool_cleared_at=None)
    for file in files.filter(received_at__lt=start_of_day(kept_from)):
        try:
            spool.remove(file.spool_name)
        except OSError as error:
            failed = failed or error
        else:
            LogFile.objects.filter(pk=file.pk).update(spool_cleared_at=now)
    if failed is not None:
        raise failed


def _oldest(store: LogStore, contract: Contract) -> date | None:
    found = store.query(_OLDEST, {"contract_id": contract.pk})[0]
    return found["day"] if found["rows"] else None
