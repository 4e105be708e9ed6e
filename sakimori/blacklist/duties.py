"""What blacklist does again and again: find attacks in stored files, decide on findings, carry blocks to the vendor,
compare the vendor's list with our rows."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from itertools import groupby

from django.conf import settings
from django.db.models import Exists, OuterRef

from sakimori.blacklist import facts, proxy_cases, stop
from sakimori.blacklist.announced import is_announced
from sakimori.blacklist.applying import apply
from sakimori.blacklist.closer import look_closer
from sakimori.blacklist.comparing import compare_contract
from sakimori.blacklist.crawlers import Crawlers
from sakimori.blacklist.decision import Decision, Outcome, Question, decide
from sakimori.blacklist.late import tell_of_late
from sakimori.blacklist.models import Block, Finding, FindingState, ListCheck
from sakimori.blacklist.search import attacks_in_files
from sakimori.blacklist.settlement import settlement
from sakimori.blacklist.settling import write_findings
from sakimori.blacklist.standing import DUE_STATES
from sakimori.blacklist.wishes import Wishes, wishes_of
from sakimori.customers.models import VendorAccount
from sakimori.customers.queries import running_contracts
from sakimori.lib.addresses import canonical, parse_address
from sakimori.lib.claims import claim, release
from sakimori.lib.jst import day_of
from sakimori.logs.lateness import Timely, timely
from sakimori.logs.models import LogFile, LogFileState
from sakimori.logs.searching import searched, searched_together
from sakimori.logs.store.interface import LogStore
from sakimori.waf.interface import WafVendor

_WRITER_LEASE = timedelta(minutes=5)
_FILES_AT_ONCE = 200
_FINDINGS_AT_ONCE = 2000
_LOOKED_AT_CLOSER = (Outcome.BLOCK, Outcome.ASK)
_SETTLED_AT_ONCE = 50  # In one transaction: nobody waits long for it.


def find_attacks(*, store: LogStore, clock: Callable[[], datetime]) -> int:
    """Search stored files that were not searched yet, many by one query. Returns how many files were."""
    files = LogFile.objects.filter(state=LogFileState.STORED, searched_at=None).select_related("contract")
    some = searched_together(files.order_by("stored_at", "pk")[:_FILES_AT_ONCE])
    late = timedelta(minutes=settings.CONFIG.late_minutes)
    found = attacks_in_files(store, [searched(file, late=late) for file in some])
    write_findings([(file, found.get(file.pk, [])) for file in some], now=clock())
    return len(some)


def decide_findings(*, store: LogStore, now: datetime, crawlers: Crawlers | None = None) -> int:
    """Decide on every new finding, contract by contract, in the order they came. Returns how many.

    crawlers: who asks the DNS. Without, whoever says that it is a search engine's crawler is asked about.
    """
    if crawlers:
        crawlers.begin_round()
    new = Finding.objects.filter(state=FindingState.NEW).select_related("contract__customer", "site", "file")
    rows = sorted(new.order_by("pk")[:_FINDINGS_AT_ONCE], key=lambda row: (row.contract_id, row.pk))
    for _, group in groupby(rows, key=lambda row: row.contract_id):
        _decide_contract(list(group), store=store, crawlers=crawlers, now=now)
    return len(rows)


def _decide_contract(rows: list[Finding], *, store: LogStore, crawlers: Crawlers | None, now: datetime) -> None:
    contract, addresses = rows[0].contract, {row.address for row in rows if row.address}
    known = facts.gather(contract, addresses, store=store, now=now)
    wishes = wishes_of(contract, rows, store=store)
    known.limits = replace(known.limits, cap_customer=wishes.rules.cap)
    doubtful = [row for row in rows if row.address and _decide(row, wishes, known, now).outcome in _LOOKED_AT_CLOSER]
    known.closer = look_closer(contract, doubtful, rules=wishes.rules, store=store, crawlers=crawlers, now=now)
    proxy_cases.note(contract, known.closer.cases, now=now)
    decisions = (_decide(row, wishes, known, now) for row in rows)
    # Told before it is written down: who is killed in between tells once more.
    tell_of_late(sum(decision.outcome is Outcome.LATE for decision in decisions), now=now)
    for begin in range(0, len(rows), _SETTLED_AT_ONCE):
        some = rows[begin : begin + _SETTLED_AT_ONCE]
        with settlement(some, rules=wishes.rules, now=now) as settled:
            for row in some:
                decision, good_requests = _decide(row, wishes, known, now), known.about(row.address).good_requests
                if settled.settle(row, decision, good_requests=good_requests):
                    known.count_block()
    proxy_cases.attach(contract, known.closer.cases, now=now)


def _decide(row: Finding, wishes: Wishes, known: facts.Facts, now: datetime) -> Decision:
    decision = decide(_question(row, wishes, now), known.never, known.about(row.address), known.limits)
    return stop.held_back(decision, stopped=known.stopped)


def _question(row: Finding, wishes: Wishes, now: datetime) -> Question:
    parsed = parse_address(row.address)
    address = parse_address(canonical(parsed)) if parsed else None
    return Question(
        seen=wishes.seen(row),
        address=address,
        site_known=row.site is not None,
        late=not _timely(row.file).holds(row.last_at),
        ended=not row.contract.runs_on(day_of(now)),
        announced=is_announced(wishes.scans, address, site=row.site_id, first_at=row.first_at, last_at=row.last_at),
        rules=wishes.rules,
    )


def _timely(file: LogFile) -> Timely:
    """A finding's events are all late or none is, so the last of them tells."""
    limit = timedelta(minutes=settings.CONFIG.late_minutes)
    return timely(door=file.door, received_at=file.received_at, limit=limit)


@dataclass(frozen=True, slots=True)
class ListWork:
    """Carrying due blocks to the vendor's lists, account by account: a source for `logs.receive.parallel`."""

    open_vendor: Callable[[VendorAccount], WafVendor]
    worker: str
    clock: Callable[[], datetime]

    def due_looks(self) -> Sequence[tuple[int, Callable[[], int]]]:
        """Accounts with due blocks that need not rest; each look is one writer's."""
        now = self.clock()
        due = Block.objects.filter(contract=OuterRef("contract"), state__in=DUE_STATES, next_try_at__lte=now)
        waiting = VendorAccount.objects.exclude(contract__list_check__paused_until__gt=now)
        keeping = ListCheck.objects.filter(contract=OuterRef("contract"), adds_paused_until__gt=now)
        waiting = waiting.filter(Exists(due.filter(wanted_on_list=False)) | (Exists(due) & ~Exists(keeping)))
        return [(key, partial(self._apply, key)) for key in waiting.order_by("pk").values_list("pk", flat=True)]

    def _apply(self, key: int) -> int:
        accounts = VendorAccount.objects.filter(pk=key).select_related("contract__customer")
        looked_at = 0
        for account in claim(accounts, worker=self.worker, now=self.clock(), lease=_WRITER_LEASE):
            try:
                looked_at += apply(account.contract, partial(self.open_vendor, account), clock=self.clock)
            finally:
                release(account)
        return looked_at


def apply_blocks(
    *, open_vendor: Callable[[VendorAccount], WafVendor], worker: str, clock: Callable[[], datetime]
) -> int:
    """Work off due blocks, one writer per vendor account, one account after the other. Returns how many blocks."""
    return sum(look() for _, look in ListWork(open_vendor, worker, clock).due_looks())


@dataclass(frozen=True, slots=True)
class ListComparison:
    """Comparing the vendor's lists with our rows, account by account: a source for `logs.receive.parallel`.

    Only where we have written something. The comparing one holds the writer's claim.
    """

    open_vendor: Callable[[VendorAccount], WafVendor]
    worker: str
    clock: Callable[[], datetime]

    def due_looks(self) -> Sequence[tuple[int, Callable[[], int]]]:
        """Accounts of running contracts whose time has come."""
        now = self.clock()
        written = Block.objects.filter(written_at__isnull=False).values("contract")
        contracts = running_contracts(day_of(now)).filter(pk__in=written)
        for contract in contracts.filter(list_check=None, vendor_account__isnull=False):
            ListCheck.objects.get_or_create(contract=contract, defaults={"next_at": now})
        due = contracts.filter(list_check__next_at__lte=now).exclude(list_check__paused_until__gt=now)
        accounts = VendorAccount.objects.filter(contract__in=due.values("pk")).order_by("contract__list_check__next_at")
        return [(key, partial(self._compare, key)) for key in accounts.values_list("pk", flat=True)]

    def _compare(self, key: int) -> int:
        accounts = VendorAccount.objects.filter(pk=key).select_related("contract__customer")
        compared = 0
        for account in claim(accounts, worker=self.worker, now=self.clock(), lease=_WRITER_LEASE):
            try:
                check = ListCheck.objects.get(contract=account.contract)
                open_vendor = partial(self.open_vendor, account)
                compared += compare_contract(account.contract, check, open_vendor, clock=self.clock)
            finally:
                release(account)
        return compared


def compare_lists(
    *, open_vendor: Callable[[VendorAccount], WafVendor], worker: str, clock: Callable[[], datetime]
) -> int:
    """Compare every contract that is due, one after the other. Returns how many could be read."""
    return sum(look() for _, look in ListComparison(open_vendor, worker, clock).due_looks())
