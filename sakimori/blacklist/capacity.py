"""How much a list at the vendor can still hold, and what happens when it is full.

The vendor publishes no limit: it is a setting, may be entered per contract, and is learnt when the vendor says "full".
When new addresses find no room, those of ours that have been silent for longest come off: restores like any other,
recorded, told to the customer. What was put on or was heard of within the last hour is not silent.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db.models.functions import Coalesce

from sakimori.blacklist.leaving import Leave, begin_restores
from sakimori.blacklist.lists import Lists
from sakimori.blacklist.models import Block, BlockState, ListCheck, RestoreChannel
from sakimori.blacklist.troubles import LINK, named
from sakimori.customers.models import Contract
from sakimori.notify.actions import raise_alarm
from sakimori.notify.models import Severity

FULL_REASON = "WAF のリストが登録上限に達したため、最も長く通信のないアドレスから解除しました。"
_FULL_LIST = Leave(RestoreChannel.FULL, FULL_REASON)
NO_ROOM = "the vendor's list is full"
_SILENT_FOR = timedelta(hours=1)
_OBSERVED_COUNTS = timedelta(minutes=15)
_NEARLY_FULL, _FULL, _NO_ROOM = 80, 100, 101


@dataclass(frozen=True, slots=True)
class Room:
    """Entries on the fullest list, whoever made them, and how many it can hold."""

    entries: int
    limit: int

    @property
    def percent(self) -> int:
        """How full it is; a list that may hold nothing is full."""
        return self.entries * 100 // self.limit if self.limit else 100


def limit_of(check: ListCheck | None, now: datetime) -> int:
    """What an analyst has entered, or the setting; less where the vendor has lately said "full" before that."""
    entered = check.limit if check is not None and check.limit is not None else settings.CONFIG.list_limit
    observed = check.observed_limit if check is not None else None
    if check is None or observed is None or check.observed_at is None or check.observed_at < now - _OBSERVED_COUNTS:
        return entered
    return min(entered, observed)


def make_room(contract: Contract, lists: Lists, number: int, wanted: int, *, now: datetime) -> list[Block]:
    """Ask for the restore of up to `wanted` blocks of this list, the longest silent first. Returns them."""
    rows = Block.objects.filter(contract=contract, state=BlockState.ACTIVE, missing_since=None)
    rows = rows.annotate(heard_at=Coalesce("last_hit_at", "active_at"))
    silent = rows.filter(heard_at__lt=now - _SILENT_FOR).order_by("heard_at", "pk")
    chosen = [block.pk for block in silent if number in lists.ours(block)][:wanted]
    leaving = begin_restores(Block.objects.filter(pk__in=chosen, state=BlockState.ACTIVE), _FULL_LIST, now=now)
    return list(Block.objects.filter(pk__in=[block.pk for block in leaving]))


def note_full(contract: Contract, entries: int, *, now: datetime) -> None:
    """The vendor has said "full" at this number of entries."""
    check, _ = ListCheck.objects.get_or_create(contract=contract, defaults={"next_at": now})
    ListCheck.objects.filter(pk=check.pk).update(observed_limit=entries, observed_at=now)


def tell_fill(contract: Contract, room: Room, *, leaving: int = 0, now: datetime) -> None:
    """The SOC is told once when 80 %, when 100 % are reached, and when nothing finds room any more.

    Again only after it was less meanwhile; each wave of addresses that have to leave is told.
    """
    check, _ = ListCheck.objects.get_or_create(contract=contract, defaults={"next_at": now})
    to_write = (BlockState.APPROVED, BlockState.APPLYING)
    waiting = Block.objects.filter(contract=contract, state__in=to_write, last_error=NO_ROOM).count()
    step = _step(room, leaving, waiting)
    if leaving or step > check.told_fill:
        raise_alarm(
            key=f"waf-list-full:{contract.pk}",
            severity=Severity.HIGH if step >= _FULL else Severity.MIDDLE,
            sentence=f"{named(contract)}{_sentence(room, leaving, waiting)}",
            link=LINK,
            now=now,
        )
    ListCheck.objects.filter(pk=check.pk).update(told_fill=step)


def _step(room: Room, leaving: int, waiting: int) -> int:
    if waiting:
        return _NO_ROOM
    if leaving or room.percent >= _FULL:
        return _FULL
    return _NEARLY_FULL if room.percent >= _NEARLY_FULL else 0


def _sentence(room: Room, leaving: int, waiting: int) -> str:
    if waiting:
        return f"WAF のリストが満杯（上限 {room.limit} 件）のため、{waiting} 件が登録を待っています。"
    if leaving:
        return f"WAF のリストが上限 {room.limit} 件に達したため、長く通信のない {leaving} 件を解除します。"
    if room.percent >= _FULL:
        return f"WAF のリストが上限 {room.limit} 件に達しています。次の登録では古いものから解除します。"
    return f"WAF のリストが上限の {room.percent}%（{room.entries} / {room.limit} 件）に達しています。"
