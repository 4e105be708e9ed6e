"""Blocks that hold for a time only: when they end, and that they come off the list by themselves.

Counted from the moment at which the list has shown the entry; it also ends while one more site is written, or waits
for that. Nobody asked for it, so nothing is asked before the address is blocked again.
"""

from datetime import datetime

from django.db import transaction
from django.db.models import QuerySet

from sakimori.blacklist.models import Block, BlockState, RestoreChannel
from sakimori.customers import audit

_AT_ONCE = 200
# With `active_at`: the list has shown them, and one more site may be under way.
_STANDING = (BlockState.ACTIVE, BlockState.APPLYING, BlockState.APPROVED, BlockState.UNKNOWN)
_REASON = "遮断期間の満了"


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
    return sum(
        _begin_restore(key, now) for key in due.order_by("expires_at", "pk").values_list("pk", flat=True)[:_AT_ONCE]
    )


def _begin_restore(key: int, now: datetime) -> bool:
    """Only while it is still so: a person may have been quicker, or may have given it more time."""
    due = _standing().filter(pk=key, expires_at__lte=now)
    return bool(
        begin_restores(due, action="block.restore.expiry", channel=RestoreChannel.EXPIRY, reason=_REASON, now=now)
    )


def begin_restores(
    rows: QuerySet[Block], *, action: str, channel: RestoreChannel, reason: str, now: datetime
) -> list[Block]:
    """Let the system take off what `rows` holds and what is wanted on the list, all or none. Returns these blocks.

    The way for everything that was written once: closed without it, its entry would stand there and be nobody's.
    """
    with transaction.atomic():
        wanted = rows.filter(wanted_on_list=True).select_for_update(of=("self",))
        begun = list(wanted.select_related("contract__customer"))
        Block.objects.filter(pk__in=[block.pk for block in begun]).update(
            state=BlockState.RESTORING,
            wanted_on_list=False,
            restore_asked_at=now,
            restore_channel=channel,
            restore_reason=reason[:200],
            attempts=0,
            next_try_at=now,
            last_error="",
        )
        audit.record_all((_fact(block, action, reason) for block in begun), by="sakimori", now=now)
    return begun


def _fact(block: Block, action: str, reason: str) -> audit.Fact:
    details = {"address": block.address, "reason": reason}
    return audit.Fact(action, f"block:{block.pk}", block.contract.customer, details)
