"""How the system moves a block from state to state: only rows that still fit are moved, and each move is recorded."""

from datetime import datetime

from django.db import transaction
from django.db.models import QuerySet

from sakimori.blacklist.models import Block, BlockState
from sakimori.customers import audit

_AT_ONCE = 500


def move(rows: QuerySet[Block], state: BlockState, *, now: datetime, **columns: object) -> list[Block]:
    """Put every block that `rows` holds into `state` and set the other columns. All of it in one transaction.

    The rows are locked first: a block that has left `rows`, because somebody changed it, stays as it is. One that
    is in the state already only gets the columns. Returns the blocks that were moved, as they were before.
    """
    with transaction.atomic():
        moved = list(rows.select_for_update(of=("self",)).select_related("contract__customer"))
        for begin in range(0, len(moved), _AT_ONCE):
            some = [block.pk for block in moved[begin : begin + _AT_ONCE]]
            Block.objects.filter(pk__in=some).update(state=state, **columns)
        changed = (block for block in moved if block.state != state)
        audit.record_all((_fact(block, state) for block in changed), by="sakimori", now=now)
    return moved


def _fact(block: Block, state: BlockState) -> audit.Fact:
    customer = block.contract.customer
    return audit.Fact(f"block.{state}", f"block:{block.pk}", customer, {"address": block.address})
