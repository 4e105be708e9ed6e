"""The guard at the last moment: what became forbidden after the decision is not written to the vendor's list.

Between a decision and the write a customer may register a network, data may be renewed, an analyst may have approved
what was proposed long ago. Nobody can overrule a refusal, also not by having been quicker. What was never written is
refused; what was, on any site, comes off by a restore.
"""

from collections.abc import Collection
from dataclasses import replace
from datetime import datetime

from django.db.models import Q, QuerySet

from sakimori.blacklist.facts import limits, never_block
from sakimori.blacklist.guard import NeverBlock, network_may_be_blocked
from sakimori.blacklist.leaving import Leave, begin_restores
from sakimori.blacklist.models import Block, BlockState, Finding, FindingState, RestoreChannel
from sakimori.blacklist.moves import move
from sakimori.blacklist.plan import Plan
from sakimori.blacklist.reasons import Reason
from sakimori.customers.models import Contract
from sakimori.lib.addresses import parse_network

# What was never on a list, nor may be.
NEVER_WRITTEN = Q(written_at=None, active_at=None) & (Q(ours_on__isnull=True) | Q(ours_on=[]))


def refuse_forbidden(contract: Contract, blocks: Collection[Block], *, now: datetime) -> set[int]:
    """Of blocks that are about to be written, keep the approved ones that may never be off. Returns their keys."""
    return keep_off(contract, [block for block in blocks if block.state == BlockState.APPROVED], now=now)


def without_forbidden(contract: Contract, plan: Plan, *, now: datetime) -> Plan:
    """The plan without what may not be put on a list any more, whatever became of its earlier writes."""
    off = keep_off(contract, list(Block.objects.filter(pk__in=plan.add, wanted_on_list=True)), now=now)
    return replace(plan, add=tuple(key for key in plan.add if key not in off)) if off else plan


def keep_off(contract: Contract, blocks: Collection[Block], *, now: datetime) -> set[int]:
    """Refuse those that may never be blocked, or take them off where they were written. Returns their keys."""
    if not blocks:
        return set()
    never, documentation_counts = never_block(contract), limits().documentation_counts
    off: set[int] = set()
    for block in blocks:
        reason = forbidden(block.address, never, documentation_counts=documentation_counts)
        if reason is not None:
            close(Block.objects.filter(pk=block.pk, state=block.state, wanted_on_list=True), reason, now=now)
            off.add(block.pk)
    return off


def close(blocks: QuerySet[Block], reason: Reason, *, now: datetime) -> None:
    """Refuse what was never written nor seen on a list. What was may stand somewhere: it is taken off."""
    moved = move(blocks.filter(NEVER_WRITTEN), BlockState.REFUSED, now=now, reason=reason, decided_at=now)
    if reason != Reason.CONTRACT_ENDED:
        Finding.objects.filter(block__in=moved).update(state=FindingState.REFUSED, reason=reason)
    why = Leave(RestoreChannel.DESK, reason.sentence, action="block.restore.guard")
    begin_restores(blocks.exclude(NEVER_WRITTEN), why, now=now)


def forbidden(text: str, never: NeverBlock, *, documentation_counts: bool) -> Reason | None:
    """Why an address or network, as a block has it, may never be blocked; None when it may."""
    network = parse_network(text)
    if network is None:
        return Reason.NO_ADDRESS
    return network_may_be_blocked(network, never, documentation_counts=documentation_counts)
