"""What the system itself changes in blacklist: findings are written down, and each is settled into a block or not.

Atomic and safe to run twice: a file's findings are written together with the file's mark, a finding is settled
only while it is new.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

from django.db import transaction

from sakimori.blacklist import reach
from sakimori.blacklist.decision import Decision, Outcome
from sakimori.blacklist.models import CLOSED_STATES, Block, BlockState, Finding, FindingState, RestoreChannel
from sakimori.blacklist.policy import SHIPPED, Rules
from sakimori.blacklist.reasons import Reason
from sakimori.blacklist.search import FoundAttack
from sakimori.customers import audit
from sakimori.customers.models import Site
from sakimori.logs.models import LogFile

_REFUSAL_COUNTS = timedelta(hours=24)
_STATES = {
    Outcome.BLOCK: FindingState.BLOCK,
    Outcome.ASK: FindingState.ASK,
    Outcome.OBSERVE: FindingState.OBSERVED,
    Outcome.LATE: FindingState.LATE,
    Outcome.REFUSE: FindingState.REFUSED,
}


def write_findings(file: LogFile, found: Sequence[FoundAttack], *, now: datetime) -> int:
    """Write the findings of a stored file and mark the file as searched, together. Returns how many were new."""
    with transaction.atomic():
        marked = LogFile.objects.filter(pk=file.pk, searched_at=None).update(searched_at=now)
        if not marked:
            return 0
        sites = {site.vendor_site_id: site for site in Site.objects.filter(contract=file.contract)}
        Finding.objects.bulk_create(
            (_finding(file, attack, sites.get(attack.site_id or 0), now) for attack in found), batch_size=500
        )
    return len(found)


def _finding(file: LogFile, attack: FoundAttack, site: Site | None, now: datetime) -> Finding:
    return Finding(
        contract=file.contract,
        file=file,
        site=site,
        site_name=attack.site[:253],
        address=attack.address,
        kind=attack.kind,
        name=attack.name[:200],
        blocked=attack.blocked,
        passed=attack.passed,
        challenged=attack.challenged,
        other=attack.other,
        ours=attack.ours,
        country=attack.country[:8],
        first_at=attack.first_at,
        last_at=attack.last_at,
        rules=list(attack.rules),
        request_ids=list(attack.request_ids),
        samples=[dict(sample) for sample in attack.samples],
        found_at=now,
    )


def settle(
    finding: Finding, decision: Decision, *, good_requests: int | None, now: datetime, rules: Rules = SHIPPED
) -> bool:
    """Carry out a decision on a new finding. Returns True when it began a new automatic block.

    rules: the contract's policy, for how long and for which sites a block is to hold.
    """
    with transaction.atomic():
        row = Finding.objects.select_for_update().select_related("contract__customer").get(pk=finding.pk)
        if row.state != FindingState.NEW:
            return False
        row.state, row.reason = _STATES[decision.outcome], decision.reason
        began = False
        if row.address and decision.outcome in (Outcome.BLOCK, Outcome.ASK):
            began = _join_block(row, decision, good_requests, rules, now)
        row.save(update_fields=["state", "reason", "block"])
    return began


def _join_block(row: Finding, decision: Decision, good_requests: int | None, rules: Rules, now: datetime) -> bool:
    blocks = Block.objects.select_for_update().filter(contract=row.contract, address=row.address)
    block = blocks.exclude(state__in=CLOSED_STATES).first()
    if block is None and (refused := _refused_lately(row, now)) is not None:
        row.block, row.state, row.reason = refused, FindingState.DISMISSED, Reason.REFUSED_BY_ANALYST
        return False
    if block is None:
        row.block = _new_block(row, decision, good_requests, rules, now)
        _gather_evidence(row, rules)
        return decision.outcome is Outcome.BLOCK
    if not reach.covers(block, row.site) and not reach.extend(block, row.site, decision, now=now):
        return False
    row.block = block
    if block.state == BlockState.PROPOSED and decision.outcome is Outcome.BLOCK:
        _upgrade(block, decision, now)
        return True
    if block.state != BlockState.PROPOSED:
        row.state = FindingState.BLOCK
    return False


def _gather_evidence(row: Finding, rules: Rules) -> None:
    """Findings that were too few by themselves are part of what the block rests on."""
    rule = rules.of(row.kind)
    if rule.requests == 1:
        return
    since = row.first_at - timedelta(minutes=rule.minutes)
    few = Finding.objects.filter(contract=row.contract, address=row.address, kind=row.kind, site=row.site, block=None)
    few = few.filter(state=FindingState.OBSERVED, reason=Reason.BELOW_THRESHOLD, last_at__gte=since)
    few.update(block=row.block, state=row.state)


def _refused_lately(row: Finding, now: datetime) -> Block | None:
    """An analyst's no counts for a day: he is not asked about the same address again and again."""
    return (
        Block.objects.filter(contract=row.contract, address=row.address, state=BlockState.REFUSED)
        .filter(decided_at__gt=now - _REFUSAL_COUNTS)
        .first()
    )


def _new_block(row: Finding, decision: Decision, good_requests: int | None, rules: Rules, now: datetime) -> Block:
    automatic = decision.outcome is Outcome.BLOCK
    block = Block.objects.create(
        contract=row.contract,
        address=row.address,
        only_sites=reach.first(row.site, rules),
        state=BlockState.APPROVED if automatic else BlockState.PROPOSED,
        reason=decision.reason,
        good_requests=good_requests,
        proposed_at=now,
        decided_at=now if automatic else None,
        hold_hours=_hold_hours(row, rules),
        next_try_at=now,
    )
    _audit(block, decision, now)
    return block


def _hold_hours(row: Finding, rules: Rules) -> int | None:
    """Grows with each block of the address that ran its time; one that was restored on request says nothing."""
    if rules.term.hours is None:
        return None
    ran = Block.objects.filter(contract=row.contract, address=row.address, restore_channel=RestoreChannel.EXPIRY)
    return rules.term.hours_after(ran.count())


def _upgrade(block: Block, decision: Decision, now: datetime) -> None:
    """Newer evidence is beyond doubt: the proposal no longer waits for an analyst."""
    block.state, block.reason = BlockState.APPROVED, decision.reason
    block.decided_at, block.next_try_at = now, now
    block.save(update_fields=["state", "reason", "decided_at", "next_try_at"])
    block.findings.update(state=FindingState.BLOCK)
    _audit(block, decision, now)


def _audit(block: Block, decision: Decision, now: datetime) -> None:
    audit.record(
        f"block.{block.state}",
        by="sakimori",
        target=f"block:{block.pk}",
        now=now,
        customer=block.contract.customer,
        details={"address": block.address, "reason": decision.reason},
    )
