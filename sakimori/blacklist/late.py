"""Late findings: the SOC is told that some wait; an analyst dismisses them, or blocks their addresses after all.

Each action is atomic for one customer's row and recorded. A late finding stands for its group: all late findings of
its contract, address and kind that were found no later than it, which is what the analyst has seen.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import F, Q, QuerySet

from sakimori.accounts.models import User
from sakimori.blacklist import facts, reach
from sakimori.blacklist.actions import approve
from sakimori.blacklist.closer import ask_names
from sakimori.blacklist.crawlers import Crawlers
from sakimori.blacklist.decision import Decision, Outcome
from sakimori.blacklist.guard import Ruling, rule
from sakimori.blacklist.models import CLOSED_STATES, Block, BlockState, Finding, FindingState
from sakimori.blacklist.policies import rules_for
from sakimori.blacklist.policy import Rules
from sakimori.blacklist.reasons import Reason
from sakimori.blacklist.settlement import blocks_that_ran
from sakimori.customers import audit
from sakimori.customers.models import Contract, Site
from sakimori.lib.addresses import parse_address
from sakimori.lib.jst import day_of
from sakimori.logs.lateness import IMPORT_DOOR
from sakimori.logs.store.interface import LogStore
from sakimori.notify.actions import raise_alarm
from sakimori.notify.models import Severity

_TOLD_ADDRESSES = 100
_ALARM_KEY = "late-findings"
_LINK = "/console/late/"


@dataclass(slots=True)
class LateBlocks:
    """What became of the addresses that an analyst wants blocked after all.

    approved: will be put on the list. asked: the guard has a question, so they wait among those to decide.
    there: an entry was under way already. refused: may not be blocked, and why.
    """

    approved: list[str] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    there: list[str] = field(default_factory=list)
    refused: list[tuple[str, Reason]] = field(default_factory=list)


def late_findings() -> QuerySet[Finding]:
    """Every finding that came late and that no analyst has looked at."""
    return Finding.objects.filter(state=FindingState.LATE)


def came_late(limit: timedelta) -> Q:
    """Findings whose events came late or were imported, whatever was decided on them. See `logs/lateness.py`."""
    received_at = F("file__received_at")
    beyond = Q(last_at__lt=received_at - limit) | Q(last_at__gt=received_at + limit)
    return Q(file__door=IMPORT_DOOR) | beyond


def tell_of_late(number: int, *, now: datetime) -> None:
    """One notice for all that wait; `number` more are about to. It is low: nobody is called."""
    if number:
        waiting = late_findings().count() + number
        raise_alarm(
            key=_ALARM_KEY,
            severity=Severity.LOW,
            sentence=f"遅れて届いた検知 {waiting} 件が確認を待っています。自動の遮断と連絡は行っていません。",
            link=_LINK,
            now=now,
        )


def dismiss_late(chosen: Iterable[Finding], *, by: User, now: datetime) -> int:
    """An analyst has seen these groups, and nothing is to be done. Returns how many findings that were."""
    dismissed = 0
    for contract, rows in _by_contract(chosen).items():
        with transaction.atomic():
            groups = [_group(row) for row in rows]
            counts = [group.update(state=FindingState.DISMISSED) for group in groups]
            addresses = sorted({row.address for row, count in zip(rows, counts, strict=True) if count})
            if sum(counts):
                _record_dismissal(contract, addresses, sum(counts), by, now)
        dismissed += sum(counts)
    return dismissed


def dismiss_all_late(rows: QuerySet[Finding], *, newest: int, by: User, now: datetime) -> int:
    """The same for all late findings among `rows` up to the key `newest`, however many. Returns how many."""
    seen = rows.filter(state=FindingState.LATE, pk__lte=newest).order_by()
    dismissed = 0
    for contract in Contract.objects.filter(pk__in=seen.values("contract")).select_related("customer").order_by("pk"):
        with transaction.atomic():
            mine = seen.filter(contract=contract)
            addresses = list(mine.values_list("address", flat=True).distinct().order_by("address"))
            number = mine.update(state=FindingState.DISMISSED)
            if number:
                _record_dismissal(contract, addresses, number, by, now)
        dismissed += number
    return dismissed


def block_late(
    chosen: Iterable[Finding], *, store: LogStore, by: User, now: datetime, crawlers: Crawlers | None = None
) -> LateBlocks:
    """An analyst wants the addresses of these groups blocked after all. The guard has the last word, as always.

    All late findings of an address go with it, whatever their kind. Raises StoreError before anything was changed for
    a contract whose good traffic cannot be asked for. crawlers: who asks the DNS for search engines' names.
    """
    outcome = LateBlocks()
    if crawlers:
        crawlers.begin_round()
    for contract, rows in _by_contract(chosen).items():
        addresses = {row.address for row in rows}
        real = {address for address in addresses if parse_address(address) is not None}
        known = facts.gather(contract, real, store=store, now=now)
        known.closer = ask_names(real, rows, crawlers=crawlers, now=now)
        rules = rules_for(contract)
        for address in sorted(addresses):
            with transaction.atomic():
                _block(contract, address, known, rules, outcome, by=by, now=now)
    return outcome


def _block(
    contract: Contract, address: str, known: facts.Facts, rules: Rules, outcome: LateBlocks, *, by: User, now: datetime
) -> None:
    late = late_findings().filter(contract=contract, address=address)
    if not late.exists():
        return
    ruling, reason = _ruling(contract, address, known, now)
    if ruling is Ruling.REFUSE:
        outcome.refused.append((address, reason))
        return
    blocks = Block.objects.select_for_update().filter(contract=contract, address=address)
    block = blocks.exclude(state__in=CLOSED_STATES).first()
    sites = Site.objects.filter(findings__in=late).distinct().order_by("pk")
    if block is None:
        block = _propose(contract, address, reason, known.about(address).good_requests, rules, by=by, now=now)
        block.only_sites = sorted({number for site in sites for number in reach.first(site, rules)})
        block.save(update_fields=["only_sites"])
    elif ruling is Ruling.ALLOW:
        reach.extend_to(block, sites, Decision(Outcome.BLOCK, reason), now=now)
    if block.state != BlockState.PROPOSED:
        late.update(block=block, state=FindingState.BLOCK)
        outcome.there.append(address)
        return
    late.update(block=block, state=FindingState.ASK)
    if ruling is Ruling.ALLOW:
        approve(block, by=by, now=now)
        outcome.approved.append(address)
    else:
        outcome.asked.append(address)


def _ruling(contract: Contract, text: str, known: facts.Facts, now: datetime) -> tuple[Ruling, Reason]:
    """The hourly caps hold back what the system does by itself; an analyst's own wish is not counted."""
    if not contract.runs_on(day_of(now)):
        return Ruling.REFUSE, Reason.CONTRACT_ENDED
    address = parse_address(text)
    if address is None:
        return Ruling.REFUSE, Reason.NO_ADDRESS
    circumstances = replace(known.about(text), blocked_customer=0, blocked_total=0)
    return rule(address, known.never, circumstances, replace(known.limits, cap_customer=1, cap_total=1))


def _propose(
    contract: Contract,
    address: str,
    reason: Reason,
    good_requests: int | None,
    rules: Rules,
    *,
    by: User,
    now: datetime,
) -> Block:
    block = Block.objects.create(
        contract=contract,
        address=address,
        state=BlockState.PROPOSED,
        reason=reason,
        good_requests=good_requests,
        proposed_at=now,
        hold_hours=rules.term.hours_after(blocks_that_ran([contract], [address])[address]),
        next_try_at=now,
    )
    details = {"address": address, "reason": reason}
    audit.record(
        f"block.{block.state}",
        by=by.username,
        target=f"block:{block.pk}",
        now=now,
        customer=contract.customer,
        details=details,
    )
    return block


def _by_contract(chosen: Iterable[Finding]) -> Mapping[Contract, list[Finding]]:
    rows: dict[Contract, list[Finding]] = defaultdict(list)
    for row in chosen:
        rows[row.contract].append(row)
    return rows


def _group(row: Finding) -> QuerySet[Finding]:
    return late_findings().filter(contract=row.contract, address=row.address, kind=row.kind, pk__lte=row.pk)


def _record_dismissal(contract: Contract, addresses: Sequence[str], number: int, by: User, now: datetime) -> None:
    """The record names the first addresses; what it cannot hold is counted."""
    audit.record(
        "finding.late.dismiss",
        by=by.username,
        target=f"contract:{contract.pk}",
        now=now,
        customer=contract.customer,
        details={"findings": number, "addresses": len(addresses), "first": " ".join(addresses[:_TOLD_ADDRESSES])},
    )
