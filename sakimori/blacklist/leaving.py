"""The one way off the list: whoever wants it, a person or the system, each block is written down as leaving.

The duty that writes (`applying.py`) finds it by its state. Everything that was written once goes this way: closed
without it, its entry would stand there and be nobody's.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet

from sakimori.accounts.models import User
from sakimori.blacklist.models import AskFirst, Block, BlockState, RestoreChannel
from sakimori.customers import audit


@dataclass(frozen=True, slots=True)
class Leave:
    """Why something comes off the list. by: who wants it; None: the system itself.

    requester, identified: who asked by phone or mail, and how he was identified. action: what the record calls it.
    """

    channel: RestoreChannel
    reason: str
    by: User | None = None
    requester: str = ""
    identified: str = ""
    action: str = "block.restore.request"

    @property
    def columns(self) -> dict[str, object]:
        """As a block keeps it."""
        return {
            "restore_asked_by": self.by,
            "restore_channel": self.channel,
            "restore_reason": self.reason[:200],
            "restore_requester": self.requester[:100],
            "restore_identified": self.identified[:200],
        }


def begin_restores(rows: QuerySet[Block], why: Leave, *, now: datetime) -> list[Block]:
    """Take off what `rows` holds and what is wanted on the list, all or none. Returns these blocks, as they were.

    Where a person wants it, somebody is asked before it is blocked again.
    """
    with transaction.atomic():
        wanted = rows.filter(wanted_on_list=True).select_for_update(of=("self",))
        begun = list(wanted.select_related("contract__customer"))
        Block.objects.filter(pk__in=[block.pk for block in begun]).update(
            state=BlockState.RESTORING,
            wanted_on_list=False,
            restore_asked_at=now,
            attempts=0,
            next_try_at=now,
            last_error="",
            **why.columns,
        )
        _write_down(begun, why, now)
    return begun


def take_over(block: Block, why: Leave, *, now: datetime) -> None:
    """Somebody asks for what is coming off by itself, or has: its way goes on, and it is his restore now.

    The caller has locked the row. When it was asked for is what a written removal is proven by, so that stays once it
    was written.
    """
    written, asked = block.written_at, block.restore_asked_at
    is_written = bool(written and asked and written >= asked)
    anew = {"restore_asked_at": now} if block.state == BlockState.RESTORING and not is_written else {}
    Block.objects.filter(pk=block.pk).update(**why.columns, **anew)
    _write_down([block], why, now)


def _write_down(blocks: Collection[Block], why: Leave, now: datetime) -> None:
    if why.by is not None:
        until = now + timedelta(days=settings.CONFIG.ask_days)
        AskFirst.objects.bulk_create(
            (AskFirst(contract=b.contract, address=b.address, until=until, block=b) for b in blocks),
            ignore_conflicts=True,
        )
    by = why.by.username if why.by is not None else "sakimori"
    audit.record_all((_fact(block, why) for block in blocks), by=by, now=now)


def _fact(block: Block, why: Leave) -> audit.Fact:
    further = {"channel": str(why.channel), "requester": why.requester[:100], "identified": why.identified[:200]}
    details = {"address": block.address, "reason": why.reason} | {name: text for name, text in further.items() if text}
    return audit.Fact(why.action, f"block:{block.pk}", block.contract.customer, details)
