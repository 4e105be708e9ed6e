"""What each due block of a contract wants on which list, as the plan (`plan.py`) sees it."""

from collections.abc import Collection, Iterable
from datetime import datetime

from django.db.models import Q

from sakimori.blacklist.lists import Lists
from sakimori.blacklist.models import Block, BlockState
from sakimori.blacklist.plan import SETTLING_TIME, Entry, Views
from sakimori.customers.models import Contract

DUE_STATES = (BlockState.APPROVED, BlockState.APPLYING, BlockState.RESTORING, BlockState.UNKNOWN)


def entries_of(contract: Contract, due: Collection[Block], lists: Lists, *, now: datetime) -> list[Entry]:
    """The due blocks, and those written lately, as the plan sees them. lists: those that are about to be read."""
    keys = {block.pk for block in due}
    recent = Q(pk__in=keys) | Q(contract=contract, written_at__gt=now - SETTLING_TIME)
    return [
        Entry(
            key=block.pk,
            address=block.address,
            state=block.state,
            wanted=block.wanted_on_list,
            was_active=block.active_at is not None,
            written_at=block.written_at,
            removal_written=_removal_written(block),
            due=block.pk in keys and block.state in DUE_STATES,
            lists=lists.alive(block),
            ours=lists.ours(block),
        )
        for block in Block.objects.filter(recent)
        if lists.known(block)
    ]


def _removal_written(block: Block) -> bool:
    asked, written = block.restore_asked_at, block.written_at
    return asked is not None and written is not None and written >= asked


def still_as_wide(keys: Collection[int], entries: Collection[Entry], lists: Lists) -> list[int]:
    """Those of the blocks that still are for the sites that the lists were read for; one more site may have come."""
    read = {entry.key: entry.lists for entry in entries}
    blocks = Block.objects.filter(pk__in=keys)
    return [block.pk for block in blocks if lists.known(block) and lists.alive(block) == read[block.pk]]


def note_ours(blocks: Iterable[Block], lists: Lists, views: Views) -> None:
    """Before a write: on which lists the entry is to be ours, for it does not stand there. One update for the like.

    What stands there already is somebody else's, or ours from before.
    """
    same: dict[tuple[int, ...], list[int]] = {}
    for block in blocks:
        lacking = {number for number in lists.alive(block) if block.address not in views[number].somewhere}
        same.setdefault(tuple(sorted(lists.ours(block) | lacking)), []).append(block.pk)
    for numbers, keys in same.items():
        Block.objects.filter(pk__in=keys).update(ours_on=list(numbers))
