"""What each due block of a contract wants on which list, as the plan (`plan.py`) sees it."""

from collections.abc import Collection, Iterable
from datetime import datetime

from sakimori.blacklist.lists import Lists
from sakimori.blacklist.models import Block, BlockState
from sakimori.blacklist.plan import SETTLING_TIME, Entry, Views
from sakimori.customers.models import Contract

_WITNESSES = 1000  # No fewer than a round writes.
DUE_STATES = (BlockState.APPROVED, BlockState.APPLYING, BlockState.RESTORING, BlockState.UNKNOWN)


def witnesses(contract: Contract, *, now: datetime) -> list[Block]:
    """The blocks that were written last, and not long ago: a copy of the lists that is old lacks these first."""
    rows = Block.objects.filter(contract=contract, written_at__gt=now - SETTLING_TIME)
    return list(rows.order_by("-written_at", "-pk")[:_WITNESSES])


def entries_of(due: Collection[Block], seen: Collection[Block], lists: Lists) -> list[Entry]:
    """The due blocks and the witnesses as they are now, as the plan sees them. lists: what is about to be read."""
    keys = {block.pk for block in due}
    return [
        Entry(
            key=block.pk,
            address=block.address,
            state=block.state,
            wanted=block.wanted_on_list,
            was_active=_shown_since_written(block),
            written_at=block.written_at,
            removal_written=_removal_written(block),
            due=block.pk in keys and block.state in DUE_STATES,
            lists=lists.alive(block),
            ours=lists.ours(block),
        )
        for block in Block.objects.filter(pk__in=keys | {block.pk for block in seen})
        if lists.known(block)
    ]


def _shown_since_written(block: Block) -> bool:
    shown, written = block.active_at, block.written_at
    return shown is not None and written is not None and shown >= written


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
