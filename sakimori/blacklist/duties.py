"""What blacklist does again and again: find attacks in stored files, decide on findings, carry blocks to the vendor."""

from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial
from itertools import groupby

from django.conf import settings

from sakimori.blacklist import facts, stop
from sakimori.blacklist.applying import DUE_STATES, apply
from sakimori.blacklist.decision import Decision, Outcome, Question, decide
from sakimori.blacklist.late import tell_of_late
from sakimori.blacklist.models import Finding, FindingState
from sakimori.blacklist.policy import Seen
from sakimori.blacklist.search import attacks_in_file
from sakimori.blacklist.settling import settle, write_findings
from sakimori.customers.models import VendorAccount
from sakimori.lib.addresses import canonical, parse_address
from sakimori.lib.claims import claim, release
from sakimori.lib.jst import day_of
from sakimori.logs.lateness import Timely, timely
from sakimori.logs.models import LogFile, LogFileState
from sakimori.logs.store.interface import LogStore
from sakimori.waf.interface import WafVendor

_WRITER_LEASE = timedelta(minutes=5)
_FILES_AT_ONCE = 20
_FINDINGS_AT_ONCE = 2000


def find_attacks(*, store: LogStore, clock: Callable[[], datetime]) -> int:
    """Search every stored file that was not searched yet. Returns how many files were."""
    files = LogFile.objects.filter(state=LogFileState.STORED, searched_at=None).select_related("contract")
    searched = 0
    for file in files.order_by("stored_at", "pk")[:_FILES_AT_ONCE]:
        found = attacks_in_file(store, contract_id=file.contract_id, file_id=file.pk, timely=_timely(file))
        write_findings(file, found, now=clock())
        searched += 1
    return searched


def decide_findings(*, store: LogStore, now: datetime) -> int:
    """Decide on every new finding, contract by contract, in the order they came. Returns how many."""
    new = Finding.objects.filter(state=FindingState.NEW).select_related("contract__customer", "site", "file")
    rows = sorted(new.order_by("pk")[:_FINDINGS_AT_ONCE], key=lambda row: (row.contract_id, row.pk))
    for _, group in groupby(rows, key=lambda row: row.contract_id):
        _decide_contract(list(group), store=store, now=now)
    return len(rows)


def _decide_contract(rows: list[Finding], *, store: LogStore, now: datetime) -> None:
    addresses = {row.address for row in rows if row.address}
    known = facts.gather(rows[0].contract, addresses, store=store, now=now)
    decisions = (_decide(row, known, now) for row in rows)
    # Told before it is written down: who is killed in between tells once more.
    tell_of_late(sum(decision.outcome is Outcome.LATE for decision in decisions), now=now)
    for row in rows:
        good_requests = known.about(row.address).good_requests
        if settle(row, _decide(row, known, now), good_requests=good_requests, now=now):
            known.count_block()


def _decide(row: Finding, known: facts.Facts, now: datetime) -> Decision:
    decision = decide(_question(row, now), known.never, known.about(row.address), known.limits)
    return stop.held_back(decision, stopped=known.stopped)


def _question(row: Finding, now: datetime) -> Question:
    address = parse_address(row.address)
    return Question(
        seen=Seen(
            kind=row.kind,
            blocked=row.blocked,
            passed=row.passed,
            challenged=row.challenged,
            other=row.other,
            ours=row.ours,
        ),
        address=parse_address(canonical(address)) if address else None,
        site_known=row.site is not None,
        late=not _timely(row.file).holds(row.last_at),
        ended=not row.contract.runs_on(day_of(now)),
    )


def _timely(file: LogFile) -> Timely:
    """A finding's events are all late or none is, so the last of them tells."""
    limit = timedelta(minutes=settings.CONFIG.late_minutes)
    return timely(door=file.door, received_at=file.received_at, limit=limit)


def apply_blocks(
    *, open_vendor: Callable[[VendorAccount], WafVendor], worker: str, clock: Callable[[], datetime]
) -> int:
    """Work off due blocks, one writer per vendor account. Returns how many blocks were looked at."""
    now = clock()
    waiting = VendorAccount.objects.filter(
        contract__blocks__state__in=DUE_STATES, contract__blocks__next_try_at__lte=now
    )
    accounts = VendorAccount.objects.filter(pk__in=waiting.values("pk")).select_related("contract__customer")
    looked_at = 0
    for account in claim(accounts, worker=worker, now=now, lease=_WRITER_LEASE):
        try:
            looked_at += apply(account.contract, partial(open_vendor, account), clock=clock)
        finally:
            release(account)
    return looked_at
