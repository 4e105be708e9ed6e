"""What blacklist does again and again: find attacks in stored files, decide on findings, carry blocks to the vendor."""

from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial
from itertools import groupby

from django.conf import settings

from sakimori.blacklist import facts
from sakimori.blacklist.applying import DUE_STATES, apply
from sakimori.blacklist.decision import Question, decide
from sakimori.blacklist.models import Finding, FindingState
from sakimori.blacklist.policy import Seen
from sakimori.blacklist.search import attacks_in_file
from sakimori.blacklist.settling import settle, write_findings
from sakimori.customers.models import VendorAccount
from sakimori.lib.addresses import canonical, parse_address
from sakimori.lib.claims import claim, release
from sakimori.lib.jst import day_of
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
        found = attacks_in_file(store, contract_id=file.contract_id, file_id=file.pk)
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
    for row in rows:
        circumstances = known.about(row.address)
        decision = decide(_question(row, now), known.never, circumstances, known.limits)
        if settle(row, decision, good_requests=circumstances.good_requests, now=now):
            known.count_block()


def _question(row: Finding, now: datetime) -> Question:
    address = parse_address(row.address)
    late = row.file.received_at - row.last_at > timedelta(minutes=settings.CONFIG.late_minutes)
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
        late=late,
        ended=not row.contract.runs_on(day_of(now)),
    )


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
