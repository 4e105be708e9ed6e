"""Ten thousand blocks of one contract at once, against the simulated vendor: how many calls, and is the list right.

A configured Django with its tables is needed (see `ledger.py`).
"""

import time
from collections import Counter
from datetime import datetime, timedelta
from ipaddress import ip_address

from bench.history_ground import START, new_contract
from bench.simulated_vendor import SimulatedVendor
from sakimori.blacklist.duties import apply_blocks
from sakimori.blacklist.models import Block, BlockState, ListCheck
from sakimori.simulators.spec import BlacklistMode

_LIMIT = 20_000


def apply_storm(number: int) -> dict[str, float]:
    """Work until all are active. The clock is ours: `storm_minutes` is what a vendor at rest would have seen."""
    now = START

    def clock() -> datetime:
        return now

    vendor = SimulatedVendor(BlacklistMode.POLICY, clock)
    vendor.limit(_LIMIT)
    contract = new_contract()
    ListCheck.objects.create(contract=contract, next_at=START, limit=_LIMIT)
    addresses = [str(ip_address("2001:db8:4000::1") + (n << 64)) for n in range(number)]
    Block.objects.bulk_create(
        Block(
            contract=contract,
            address=address,
            state=BlockState.APPROVED,
            reason="attack_blocked",
            proposed_at=START,
            next_try_at=START,
        )
        for address in addresses
    )
    client = vendor.client()
    began = time.monotonic()
    while Block.objects.exclude(state__in=(BlockState.ACTIVE, BlockState.REFUSED)).exists():
        apply_blocks(open_vendor=lambda _: client, worker="one", clock=clock)
        now += timedelta(seconds=0.5)
    per_minute = Counter((call.at_ms // 60_000) for call in vendor.our_calls())
    right = vendor.entries(f"Sakimori {contract.number}") == set(addresses)
    calls = vendor.calls
    vendor.close()
    return {
        "storm_blocks": number,
        "storm_applied_s": round(time.monotonic() - began, 1),
        "storm_minutes": round((now - START).total_seconds() / 60, 1),
        "storm_calls": calls,
        "storm_most_calls_per_minute": max(per_minute.values()),
        "storm_list_right": int(right),
    }
