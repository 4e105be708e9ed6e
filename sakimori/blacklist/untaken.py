"""What becomes of blocks that the vendor did not take: it was never written, whoever puts the address on later.

What we had put on one of its lists before is another matter: there it stays.
"""

from collections.abc import Collection
from datetime import datetime, timedelta

from sakimori.blacklist.capacity import NO_ROOM
from sakimori.blacklist.lists import lists_of
from sakimori.blacklist.models import Block, BlockState
from sakimori.blacklist.moves import move
from sakimori.blacklist.plan import Views
from sakimori.blacklist.troubles import stored_words
from sakimori.blacklist.writing import Written
from sakimori.customers.models import Contract

_RETRY = timedelta(seconds=2)
_PAUSE = timedelta(minutes=5)


def note_untaken(
    contract: Contract, views: Views, added: Collection[Block], written: Written, *, now: datetime
) -> None:
    """added: the blocks as they were before the write. views: what was read before it."""
    _keep_standing([block for block in added if _stands(block, views)], written, now)
    # An earlier write may have reached some of the lists.
    somewhere = written.partly | {block.address for block in added if block.written_at is not None}
    unwritten = Block.objects.filter(contract=contract, state=BlockState.APPLYING, pk__in=[b.pk for b in added])
    for address, error in written.refused.items():
        rows = unwritten.filter(address=address)
        move(rows, BlockState.FAILED, now=now, last_error=stored_words(error), **_never(address in somewhere))
    for partly in (False, True):
        rows = unwritten.filter(address__in=written.left & somewhere if partly else written.left - somewhere)
        move(rows, BlockState.APPROVED, now=now, next_try_at=now + _RETRY, last_error=NO_ROOM, **_never(partly))


def _keep_standing(standing: Collection[Block], written: Written, now: datetime) -> None:
    """What we had put on one of its lists before stays there, and is tried on the others again and again."""
    for block in standing:
        error = written.refused.get(block.address)
        failed = error is not None or block.address in written.left
        if not failed or block.written_at is None:
            continue
        move(
            Block.objects.filter(pk=block.pk, state=BlockState.APPLYING),
            BlockState.APPROVED,
            now=now,
            next_try_at=now + (_PAUSE if error else _RETRY),
            last_error=stored_words(error) if error else NO_ROOM,
            written_at=block.written_at,
            written_to=block.written_to,
        )


def _stands(block: Block, views: Views) -> bool:
    """Whether one of its lists held it when they were read last."""
    numbers = views.keys() & set(lists_of(block))
    return any(block.address in views[number].somewhere for number in numbers)


def _never(partly: bool) -> dict[str, None]:  # noqa: FBT001 - one question, one answer
    """Nothing was written, so an entry that comes later is somebody else's; not so where another list had taken it."""
    return {} if partly else {"written_at": None}
