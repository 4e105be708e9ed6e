"""Blocks that hold for a time only: when they end, and that they come off the list by themselves.

Counted from the moment at which the list has shown the entry; it also ends while one more site is written, or waits
for that. Nobody asked for it, so nothing is asked before the address is blocked again.
"""

from datetime import datetime

from django.db.models import QuerySet

from sakimori.blacklist.leaving import Leave, begin_restores
from sakimori.blacklist.models import Block, BlockState, RestoreChannel

_AT_ONCE = 200
# With `active_at`: the list has shown them, and one more site may be under way.
_STANDING = (BlockState.ACTIVE, BlockState.APPLYING, BlockState.APPROVED, BlockState.UNKNOWN)
_EXPIRED = Leave(RestoreChannel.EXPIRY, "遮断期間の満了", action="block.restore.expiry")


def expire_blocks(*, now: datetime) -> int:
    """Say when active blocks end, and begin the restore of those that have. Returns how many were changed."""
    return _set_ends() + _begin_restores(now)


def _standing() -> QuerySet[Block]:
    return Block.objects.filter(state__in=_STANDING, wanted_on_list=True, active_at__isnull=False)


def _set_ends() -> int:
    waiting = _standing().filter(expires_at=None).exclude(hold_hours=None)
    changed = 0
    for block in waiting.order_by("pk")[:_AT_ONCE]:
        # An analyst may have said otherwise meanwhile.
        changed += Block.objects.filter(pk=block.pk, expires_at=None).update(expires_at=block.ends_at)
    return changed


def _begin_restores(now: datetime) -> int:
    due = _standing().filter(expires_at__lte=now)
    keys = list(due.order_by("expires_at", "pk").values_list("pk", flat=True)[:_AT_ONCE])
    # Only while it is still so: a person may have been quicker, or may have given it more time.
    return sum(len(begin_restores(due.filter(pk=key), _EXPIRED, now=now)) for key in keys)
