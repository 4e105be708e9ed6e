"""The guard at the last moment: what became forbidden after the decision is not written to the vendor's list.

Between a decision and the write a customer may register a network, data may be renewed, an analyst may have approved
what was proposed long ago. Nobody can overrule a refusal, also not by having been quicker.
"""

from datetime import datetime

from sakimori.blacklist.facts import limits, never_block
from sakimori.blacklist.guard import NeverBlock, network_may_be_blocked
from sakimori.blacklist.models import Block, BlockState, Finding, FindingState
from sakimori.blacklist.moves import move
from sakimori.blacklist.reasons import Reason
from sakimori.customers.models import Contract
from sakimori.lib.addresses import parse_network


def refuse_forbidden(contract: Contract, *, now: datetime) -> int:
    """Refuse every approved block of the contract that may never be one. Returns how many."""
    approved = Block.objects.filter(contract=contract, state=BlockState.APPROVED)
    addresses = dict(approved.values_list("pk", "address"))
    if not addresses:
        return 0
    never, documentation_counts = never_block(contract), limits().documentation_counts
    refused = 0
    for key, address in addresses.items():
        reason = forbidden(address, never, documentation_counts=documentation_counts)
        if reason is not None:
            moved = move(approved.filter(pk=key), BlockState.REFUSED, now=now, reason=reason, decided_at=now)
            Finding.objects.filter(block__in=moved).update(state=FindingState.REFUSED, reason=reason)
            refused += len(moved)
    return refused


def forbidden(text: str, never: NeverBlock, *, documentation_counts: bool) -> Reason | None:
    """Why an address or network, as a block has it, may never be blocked; None when it may."""
    network = parse_network(text)
    if network is None:
        return Reason.NO_ADDRESS
    return network_may_be_blocked(network, never, documentation_counts=documentation_counts)
