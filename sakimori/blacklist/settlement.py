"""Some findings of one contract settled together, in one transaction: what they need to know is asked for once.

Every finding that is still new joins the open block of its address, or begins one, or is only marked.
"""

from collections import Counter
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.db import transaction

from sakimori.blacklist import reach
from sakimori.blacklist.decision import Decision, Outcome
from sakimori.blacklist.models import CLOSED_STATES, Block, BlockState, Finding, FindingState, RestoreChannel
from sakimori.blacklist.policy import Rules
from sakimori.blacklist.reasons import Reason
from sakimori.customers import audit
from sakimori.customers.models import Contract
from sakimori.lib.jst import written

_REFUSAL_COUNTS = timedelta(hours=24)
_STATES = {
    Outcome.BLOCK: FindingState.BLOCK,
    Outcome.ASK: FindingState.ASK,
    Outcome.OBSERVE: FindingState.OBSERVED,
    Outcome.LATE: FindingState.LATE,
    Outcome.REFUSE: FindingState.REFUSED,
}


@dataclass
class Settlement:
    """What is known of the addresses: findings that are still new, open blocks, an analyst's no within the last day
    (it counts for a day: he is not asked about the same address again and again), blocks that have run their time."""

    rules: Rules
    now: datetime
    new: dict[int, Finding]
    open: dict[str, Block]
    refused: dict[str, Block]
    ran: Counter[str]
    notes: list[tuple[str, Block, Decision]] = field(default_factory=list)

    def settle(self, finding: Finding, decision: Decision, *, good_requests: int | None) -> bool:
        """Carry out a decision. Returns True when it began a new automatic block. A second time does nothing."""
        row = self.new.pop(finding.pk, None)
        if row is None:
            return False
        row.state, row.reason = _STATES[decision.outcome], decision.reason
        began = False
        if row.address and decision.outcome in (Outcome.BLOCK, Outcome.ASK):
            began = self._join(row, decision, good_requests)
        row.save(update_fields=["state", "reason", "block"])
        return began

    def _join(self, row: Finding, decision: Decision, good_requests: int | None) -> bool:
        block = self.open.get(row.address)
        if block is None and row.address in self.refused:
            row.block, row.state = self.refused[row.address], FindingState.DISMISSED
            row.reason = Reason.REFUSED_BY_ANALYST
            return False
        if block is None:
            row.block = self._begin(row, decision, good_requests)
            _gather_evidence(row, self.rules)
            return decision.outcome is Outcome.BLOCK
        if not reach.covers(block, row.site) and not reach.extend(block, row.site, decision, now=self.now):
            return False
        row.block = block
        if block.state == BlockState.PROPOSED and decision.outcome is Outcome.BLOCK:
            self._upgrade(block, decision)
            return True
        if block.state != BlockState.PROPOSED:
            row.state = FindingState.BLOCK
        return False

    def _begin(self, row: Finding, decision: Decision, good_requests: int | None) -> Block:
        automatic = decision.outcome is Outcome.BLOCK
        block = Block.objects.create(
            contract=row.contract,
            address=row.address,
            only_sites=reach.first(row.site, self.rules),
            state=BlockState.APPROVED if automatic else BlockState.PROPOSED,
            reason=decision.reason,
            good_requests=good_requests,
            proposed_at=self.now,
            decided_at=self.now if automatic else None,
            hold_hours=self.rules.term.hours_after(self.ran[row.address]),
            next_try_at=self.now,
        )
        self.open[row.address] = block
        self._note(block, decision)
        return block

    def _upgrade(self, block: Block, decision: Decision) -> None:
        """Newer evidence is beyond doubt: the proposal no longer waits for an analyst."""
        block.state, block.reason = BlockState.APPROVED, decision.reason
        block.expires_at = block.end_counted_from(self.now)
        block.decided_at, block.next_try_at = self.now, self.now
        block.save(update_fields=["state", "reason", "expires_at", "decided_at", "next_try_at"])
        block.findings.update(state=FindingState.BLOCK)
        self._note(block, decision)

    def _note(self, block: Block, decision: Decision) -> None:
        self.notes.append((f"block.{block.state}", block, decision))


@contextmanager
def settlement(findings: Collection[Finding], *, rules: Rules, now: datetime) -> Iterator[Settlement]:
    """Settle findings of one contract; all of it is one transaction. Few questions, however many findings."""
    with transaction.atomic():
        rows = Finding.objects.select_for_update().filter(pk__in=[finding.pk for finding in findings])
        new = rows.filter(state=FindingState.NEW).select_related("contract__customer", "site").in_bulk()
        contracts = {row.contract for row in new.values()}
        addresses = {row.address for row in new.values() if row.address}
        blocks = Block.objects.filter(contract__in=contracts, address__in=addresses)
        still_open = blocks.exclude(state__in=CLOSED_STATES).select_related("contract__customer")
        refused = blocks.filter(state=BlockState.REFUSED, decided_at__gt=now - _REFUSAL_COUNTS).order_by("-pk")
        settled = Settlement(
            rules,
            now,
            new,
            open={block.address: block for block in still_open.select_for_update()},
            refused={block.address: block for block in refused},
            ran=blocks_that_ran(contracts, addresses) if rules.term.hours else Counter(),
        )
        yield settled
        audit.record_all((_fact(*note) for note in settled.notes), by="sakimori", now=now)


def _fact(action: str, block: Block, decision: Decision) -> audit.Fact:
    details = {"address": block.address, "reason": str(decision.reason)}
    if block.expires_at is not None:
        details["until"] = written(block.expires_at)
    return audit.Fact(action, f"block:{block.pk}", block.contract.customer, details)


def blocks_that_ran(contracts: Collection[Contract], addresses: Collection[str]) -> Counter[str]:
    """How many earlier blocks of each address ran their time; one that was restored on request says nothing."""
    ran = Block.objects.filter(contract__in=contracts, address__in=addresses, restore_channel=RestoreChannel.EXPIRY)
    return Counter(ran.values_list("address", flat=True))


def _gather_evidence(row: Finding, rules: Rules) -> None:
    """Findings that were too few by themselves are part of what the block rests on."""
    rule = rules.of(row.kind)
    if rule.requests == 1:
        return
    since = row.first_at - timedelta(minutes=rule.minutes)
    few = Finding.objects.filter(contract=row.contract, address=row.address, kind=row.kind, site=row.site, block=None)
    few = few.filter(state=FindingState.OBSERVED, reason=Reason.BELOW_THRESHOLD, last_at__gte=since)
    few.update(block=row.block, state=row.state)
