"""Blocks that hold for a time only: when they end, and that they come off the list by themselves.

Counted from the moment at which the list has shown the entry. Nobody asked for it, so nothing is asked before the
address is blocked again.
"""

from datetime import datetime

from django.db import transaction

from sakimori.blacklist.models import Block, BlockState, RestoreChannel
from sakimori.customers import audit

_AT_ONCE = 200
_REASON = "遮断期間の満了"


def expire_blocks(*, now: datetime) -> int:
    """Say when active blocks end, and begin the restore of those that have. Returns how many were changed."""
    return _set_ends() + _begin_restores(now)


def _set_ends() -> int:
    waiting = Block.objects.filter(state=BlockState.ACTIVE, expires_at=None).exclude(hold_hours=None)
    changed = 0
    for block in waiting.exclude(active_at=None).order_by("pk")[:_AT_ONCE]:
        # An analyst may have said otherwise meanwhile.
        changed += Block.objects.filter(pk=block.pk, expires_at=None).update(expires_at=block.ends_at)
    return changed


def _begin_restores(now: datetime) -> int:
    due = Block.objects.filter(state=BlockState.ACTIVE, wanted_on_list=True, expires_at__lte=now)
    return sum(
        _begin_restore(key, now) for key in due.order_by("expires_at", "pk").values_list("pk", flat=True)[:_AT_ONCE]
    )


def _begin_restore(key: int, now: datetime) -> bool:
    """Only while it is still so: a person may have been quicker, or may have given it more time."""
    with transaction.atomic():
        due = Block.objects.filter(pk=key, state=BlockState.ACTIVE, wanted_on_list=True, expires_at__lte=now)
        begun = due.update(
            state=BlockState.RESTORING,
            wanted_on_list=False,
            restore_asked_at=now,
            restore_channel=RestoreChannel.EXPIRY,
            restore_reason=_REASON,
            attempts=0,
            next_try_at=now,
            last_error="",
        )
        if begun:
            block = Block.objects.select_related("contract__customer").get(pk=key)
            audit.record(
                "block.restore.expiry",
                by="sakimori",
                target=f"block:{key}",
                now=now,
                customer=block.contract.customer,
                details={"address": block.address, "reason": _REASON},
            )
    return bool(begun)
