"""How many other protected customers an address has attacked lately: a number, never a name."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime, timedelta

from sakimori.blacklist.models import Block, Finding, FindingState
from sakimori.blacklist.reasons import Reason
from sakimori.logs.attack_kinds import AttackKind

LATELY = timedelta(hours=24)


def attacked_others(blocks: Sequence[Block], *, now: datetime) -> dict[int, int]:
    """Of each block, by its key: how many other customers its address attacked. One query, however many they are.

    Customers count, not contracts. What an access list did, what came late (also when an analyst has dismissed it),
    announced scans and lines about somebody else's site prove no attack. The blocks come with their contracts.
    """
    rows = Finding.objects.filter(
        address__in={block.address for block in blocks}, last_at__gt=now - LATELY, last_at__lte=now
    )
    rows = rows.exclude(kind=AttackKind.ACL).exclude(reason__in=(Reason.FOREIGN_SITE, Reason.ANNOUNCED_SCAN))
    rows = rows.exclude(state=FindingState.LATE).exclude(state=FindingState.DISMISSED, reason=Reason.LATE)
    attacked: dict[str, set[int]] = defaultdict(set)
    for address, customer in rows.values_list("address", "contract__customer_id").distinct():
        attacked[address].add(customer)
    return {block.pk: len(attacked[block.address] - {block.contract.customer_id}) for block in blocks}
