"""How the system moves a block from state to state: only rows that still fit are moved, and each move is recorded."""

from datetime import datetime

from django.db import transaction
from django.db.models import QuerySet

from sakimori.blacklist.models import Block, BlockState
from sakimori.customers import audit


def move(rows: QuerySet[Block], state: BlockState, *, now: datetime, **columns: object) -> list[Block]:
    """Put every block that `rows` holds into `state` and set the other columns. All of it in one transaction.

    A block that has left `rows` meanwhile, because somebody changed it, stays as it is. One that is in the state
    already only gets the columns. Returns the blocks that were moved, as they were before.
    """
    moved = []
    with transaction.atomic():
        for block in rows.select_related("contract__customer"):
            if rows.filter(pk=block.pk).update(state=state, **columns):
                moved.append(block)
                if block.state != state:
                    _record(block, state, now)
    return moved


def _record(block: Block, state: BlockState, now: datetime) -> None:
    audit.record(
        f"block.{state}",
        by="sakimori",
        target=f"block:{block.pk}",
        now=now,
        customer=block.contract.customer,
        details={"address": block.address},
    )
