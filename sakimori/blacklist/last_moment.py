"""The guard at the last moment: what became forbidden after the decision is not written to the vendor's list.

Between a decision and the write a customer may register a network, data may be renewed, an analyst may have approved
what was proposed long ago. Nobody can overrule a refusal, also not by having been quicker.
"""

from collections.abc import Collection
from datetime import datetime

from sakimori.blacklist.facts import limits, never_block
from sakimori.blacklist.guard import NeverBlock, network_may_be_blocked
from sakimori.blacklist.models import Block, BlockState, Finding, FindingState
from sakimori.blacklist.moves import move
from sakimori.blacklist.reasons import Reason
from sakimori.customers.models import Contract
from sakimori.lib.addresses import parse_network


def refuse_forbidden(contract: Contract, blocks: Collection[Block], *, now: datetime) -> set[int]:
    """Of blocks that are about to be written, refuse the approved ones that may never be. Returns their keys."""
    approved = [block for block in blocks if block.state == BlockState.APPROVED]
    if not approved:
        return set()
    never, documentation_counts = never_block(contract), limits().documentation_counts
    refused: set[int] = set()
    for block in approved:
        reason = forbidden(block.address, never, documentation_counts=documentation_counts)
        if reason is not None:
            rows = Block.objects.filter(pk=block.pk, state=BlockState.APPROVED)
            moved = move(rows, BlockState.REFUSED, now=now, reason=reason, decided_at=now)
            Finding.objects.filter(block__in=moved).update(state=FindingState.REFUSED, reason=reason)
            refused.add(block.pk)
    return refused


def forbidden(text: str, never: NeverBlock, *, documentation_counts: bool) -> Reason | None:
    """Why an address or network, as a block has it, may never be blocked; None when it may."""
    network = parse_network(text)
    if network is None:
        return Reason.NO_ADDRESS
    return network_may_be_blocked(network, never, documentation_counts=documentation_counts)
