"""For which sites of its contract a block holds: all of them, or those that were attacked.

Where another site is attacked while the block is open, that site is added, and the block goes back to the duty that
writes it to the vendor's list.
"""

from collections.abc import Iterable
from datetime import datetime

from sakimori.blacklist.decision import Decision, Outcome
from sakimori.blacklist.models import Block, BlockState
from sakimori.blacklist.policy import Rules
from sakimori.customers import audit
from sakimori.customers.models import Site

_WRITTEN_AGAIN = (BlockState.APPLYING, BlockState.ACTIVE)


def first(site: Site | None, rules: Rules) -> list[int]:
    """The sites of a new block; empty: all of the contract."""
    return [site.vendor_site_id] if rules.one_site and site is not None else []


def covers(block: Block, site: Site | None) -> bool:
    """Whether the block holds for this site, or for all."""
    return not block.only_sites or site is None or site.vendor_site_id in block.only_sites


def extend_to(block: Block, sites: Iterable[Site], decision: Decision, *, now: datetime) -> None:
    """Let the block hold for these sites too."""
    for site in sites:
        if not covers(block, site):
            extend(block, site, decision, now=now)


def extend(block: Block, site: Site | None, decision: Decision, *, now: datetime, by: str = "sakimori") -> bool:
    """Let the block hold for one more site. False where that is a person's decision: then nothing is changed.

    A proposal only grows. What waits for its write, or whose last write has no known end, is written with the site.
    A block that was written once is never APPROVED again: for others that means that no entry of it stands anywhere.
    """
    if site is None or (decision.outcome is not Outcome.BLOCK and block.state != BlockState.PROPOSED):
        return False
    if block.state == BlockState.RESTORING:
        return True
    block.only_sites = sorted({*block.only_sites, site.vendor_site_id})
    if block.state in _WRITTEN_AGAIN:
        block.state = BlockState.APPROVED if block.written_at is None else BlockState.APPLYING
        block.attempts, block.next_try_at = 0, now
        block.first_hit_at, block.last_passed_at = None, None  # Its effect is to be measured anew.
    block.save(update_fields=["only_sites", "state", "attempts", "next_try_at", "first_hit_at", "last_passed_at"])
    audit.record(
        "block.extend",
        by=by,
        target=f"block:{block.pk}",
        now=now,
        customer=block.contract.customer,
        details={"address": block.address, "site": site.domain, "reason": decision.reason},
    )
    return True
