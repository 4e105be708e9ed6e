"""What becomes of blocks that the vendor did not take: it is as if they had not been written this time.

Whoever puts the address on later has made an entry of his own. What we had put on one of its lists before is another
matter: there it stays, and the others are tried again and again.
"""

from collections.abc import Collection
from datetime import datetime, timedelta

from sakimori.blacklist.capacity import NO_ROOM
from sakimori.blacklist.lists import Lists
from sakimori.blacklist.models import Block, BlockState
from sakimori.blacklist.moves import move
from sakimori.blacklist.plan import Views
from sakimori.blacklist.troubles import stored_words
from sakimori.blacklist.writing import Written
from sakimori.waf.interface import WafError

_RETRY = timedelta(seconds=2)
_PAUSE = timedelta(minutes=5)
_Before = tuple[datetime | None, tuple[int, ...] | None]


def note_untaken(added: Collection[Block], written: Written, lists: Lists, views: Views, *, now: datetime) -> None:
    """added: the blocks as they were before the write. views: what was read before it."""
    same: dict[tuple[str, bool, _Before], list[int]] = {}
    for block in added:
        error = written.refused.get(block.address)
        if error is None and block.address not in written.left:
            continue
        why = _words(error)
        stays = error is None or any(block.address in views[n].somewhere for n in lists.ours(block) & views.keys())
        same.setdefault((why, stays, _before(block, written, lists, views)), []).append(block.pk)
    for (why, stays, (written_at, ours)), keys in same.items():
        move(
            Block.objects.filter(pk__in=keys, state=BlockState.APPLYING),
            BlockState.APPROVED if stays else BlockState.FAILED,
            now=now,
            next_try_at=now + (_RETRY if why == NO_ROOM else _PAUSE),
            last_error=why,
            written_at=written_at,
            ours_on=None if ours is None else list(ours),
        )


def _words(error: WafError | None) -> str:
    return NO_ROOM if error is None else stored_words(error)


def _before(block: Block, written: Written, lists: Lists, views: Views) -> _Before:
    """When it was written before, and where it was ours. What a list took and gave back may still be ours there.

    But it proves nothing about the age of what is read: nobody has to wait for it.
    """
    if block.address in written.partly:
        lacking = {number for number in lists.alive(block) if block.address not in views[number].somewhere}
        return block.written_at, tuple(sorted(lists.ours(block) | lacking))
    return block.written_at, None if block.ours_on is None else tuple(block.ours_on)
