"""What each due block of a contract wants on which list, as the plan (`plan.py`) sees it."""

from collections.abc import Collection, Mapping
from datetime import datetime

from django.db.models import Q

from sakimori.blacklist import lists
from sakimori.blacklist.models import Block, BlockState
from sakimori.blacklist.plan import SETTLING_TIME, Entry
from sakimori.customers.models import Contract
from sakimori.waf.interface import BlockTarget

DUE_STATES = (BlockState.APPROVED, BlockState.APPLYING, BlockState.RESTORING, BlockState.UNKNOWN)


def entries_of(
    contract: Contract, due: Collection[Block], targets: Mapping[int, BlockTarget], *, now: datetime
) -> list[Entry]:
    """The due blocks, and those written lately, as the plan sees them. targets: the lists that are about to be read."""
    keys = {block.pk for block in due}
    recent = Q(pk__in=keys) | Q(contract=contract, written_at__gt=now - SETTLING_TIME)
    return [
        Entry(
            key=block.pk,
            address=block.address,
            state=block.state,
            wanted=block.wanted_on_list,
            was_there_before=block.was_there_before,
            was_active=block.active_at is not None,
            written_at=block.written_at,
            removal_written=_removal_written(block),
            due=block.pk in keys and block.state in DUE_STATES,
            lists=lists_alive(block, targets),
            written_to=_written_to(block, targets),
        )
        for block in Block.objects.filter(recent)
        if set(lists.lists_of(block)) <= targets.keys()
    ]


def lists_alive(block: Block, targets: Mapping[int, BlockTarget]) -> tuple[int, ...]:
    """What is to be blocked on a site that the account has lost is blocked on the others.

    A site that was added after the lists were read is for the next round.
    """
    numbers = tuple(number for number in lists.lists_of(block) if number in targets)
    alive = tuple(number for number in numbers if targets[number].site_ids)
    return alive if block.wanted_on_list and alive else numbers


def _written_to(block: Block, targets: Mapping[int, BlockTarget]) -> tuple[int, ...]:
    """Rows that do not tell were written to all of theirs."""
    alive = lists_alive(block, targets)
    return tuple(number for number in alive if number in block.written_to) if block.written_to else alive


def _removal_written(block: Block) -> bool:
    asked, written = block.restore_asked_at, block.written_at
    return asked is not None and written is not None and written >= asked


def still_as_wide(keys: Collection[int], entries: Collection[Entry], targets: Mapping[int, BlockTarget]) -> list[int]:
    """Those of the blocks that still are for the sites that the lists were read for; one more site may have come."""
    read = {entry.key: entry.lists for entry in entries}
    blocks = Block.objects.filter(pk__in=keys)
    return [
        block.pk
        for block in blocks
        if set(lists.lists_of(block)) <= targets.keys() and lists_alive(block, targets) == read[block.pk]
    ]
