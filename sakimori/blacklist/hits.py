"""Counts what blocked addresses still try: requests that our own entry has stopped, and those that were let through.

So the effect of an entry is measured, not believed: from its reading back to the first request that was stopped.
Each stored file is counted once (a mark, written together with the sums), however many workers look. Late and
imported events count like all others, and show on the page of the entry; only timely ones are told of.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import F, Min, Q, QuerySet
from django.db.models.functions import Coalesce, Greatest, Least

from sakimori.blacklist.hits_search import Counted, Watched, requests_of
from sakimori.blacklist.models import Block, BlockState, CountedFile
from sakimori.blacklist.troubles import named
from sakimori.customers.models import Contract
from sakimori.lib.addresses import parse_network
from sakimori.logs.models import LogFile, LogFileState
from sakimori.logs.searching import Searched, searched
from sakimori.logs.store.interface import LogStore
from sakimori.notify.actions import raise_alarm
from sakimori.notify.models import Severity

_FILES_AT_ONCE = 50
_BLOCKS_AT_ONCE = 2000
_STILL_COUNTED = timedelta(hours=2)  # Lines of the time before a restore come this much later at the most.
# Those with `active_at` stood on the list before one more site was added, or an analyst put them back.
_WRITTEN_AGAIN = (BlockState.APPROVED, BlockState.APPLYING)


@dataclass(frozen=True, slots=True)
class _Passed:
    block: Block
    at: datetime


def count_hits(*, store: LogStore, clock: Callable[[], datetime]) -> int:
    """Count the new files of every contract that has blocks. One query a contract. Returns how many files."""
    counted = 0
    blocks = _counted_blocks(clock())
    for contract in Contract.objects.filter(pk__in=blocks.values("contract")).select_related("customer"):
        counted += _count_contract(contract, blocks.filter(contract=contract), store=store, now=clock())
    return counted


def _counted_blocks(now: datetime) -> QuerySet[Block]:
    on_list = Q(state__in=(BlockState.ACTIVE, BlockState.RESTORING, BlockState.UNKNOWN, *_WRITTEN_AGAIN))
    lately = Q(state=BlockState.RESTORED, restored_at__gt=now - _STILL_COUNTED)
    return Block.objects.filter(on_list | lately, active_at__isnull=False)


def _count_contract(contract: Contract, blocks: QuerySet[Block], *, store: LogStore, now: datetime) -> int:
    """A file that was stored before the first entry stood cannot hold anything about it."""
    since = blocks.aggregate(since=Min("active_at"))["since"]
    files = LogFile.objects.filter(contract=contract, state=LogFileState.STORED, hit_count=None)
    chosen = list(files.filter(stored_at__gte=since).order_by("pk")[:_FILES_AT_ONCE])
    if not chosen:
        return 0
    late = timedelta(minutes=settings.CONFIG.late_minutes)
    places = [searched(file, late=late) for file in chosen]
    rows = list(blocks.order_by("-active_at"))
    found = [
        (block, counted)
        for start in range(0, len(rows), _BLOCKS_AT_ONCE)
        for block, counted in _asked(store, places, rows[start : start + _BLOCKS_AT_ONCE])
    ]
    try:
        with transaction.atomic():
            CountedFile.objects.bulk_create([CountedFile(file=file, counted_at=now) for file in chosen])
            for block, counted in found:
                _add(block, counted)
            _tell(contract, found, now)
    except IntegrityError:
        return 0  # Another worker has counted one of them meanwhile; the rest has its turn at the next look.
    return len(chosen)


def _asked(store: LogStore, files: Sequence[Searched], rows: Sequence[Block]) -> Iterable[tuple[Block, Counted]]:
    watched = [_watched(block) for block in rows]
    for place, counted in requests_of(store, files=files, watched=watched).items():
        yield rows[place], counted


def _watched(block: Block) -> Watched:
    network = parse_network(block.address)
    if network is None or block.active_at is None:
        raise ValueError(f"block {block.pk} has no address that can be sought")
    return Watched(
        first=str(network[0]),
        last=str(network[-1]),
        since=block.active_at,
        until=block.restore_asked_at,
        sites=tuple(block.only_sites),
    )


def _add(block: Block, counted: Counted) -> None:
    """While it is written again only what was stopped counts; its effect is measured anew from the next reading back.

    That is why `active_at` is not kept when one more site comes: there it stops nothing before that moment.
    """
    rows = Block.objects.filter(pk=block.pk)
    measured = block.state not in _WRITTEN_AGAIN
    if counted.hits and counted.first_hit_at is not None and counted.last_hit_at is not None:
        rows.update(
            hits=F("hits") + counted.hits,
            last_hit_at=Greatest(Coalesce("last_hit_at", counted.last_hit_at), counted.last_hit_at),
        )
        if measured:
            rows.update(first_hit_at=Least(Coalesce("first_hit_at", counted.first_hit_at), counted.first_hit_at))
    if counted.last_passed_at is not None and measured:
        rows.update(last_passed_at=Greatest(Coalesce("last_passed_at", counted.last_passed_at), counted.last_passed_at))


def _tell(contract: Contract, found: Iterable[tuple[Block, Counted]], now: datetime) -> None:
    """A timely request that went through long after the entry was read back: the entry does not work."""
    limit = timedelta(minutes=settings.CONFIG.propagation_minutes)
    late = [_Passed(block, at) for block, counted in found if (at := _late(block, counted, limit)) is not None]
    if late:
        worst = max(late, key=lambda passed: passed.at)
        minutes = int((worst.at - (worst.block.active_at or worst.at)).total_seconds() // 60)
        more = f" ほか {len(late) - 1} 件" if len(late) > 1 else ""
        raise_alarm(
            key=f"waf-passed:{contract.pk}",
            severity=Severity.HIGH,
            sentence=f"{named(contract)}登録済みの {worst.block.address}{more}からの通信が、登録の確認から"
            f" {minutes} 分後も通過しています。",
            link=f"/console/blocks/{worst.block.pk}/",
            now=now,
        )


def _late(block: Block, counted: Counted, limit: timedelta) -> datetime | None:
    """What an analyst knows already is not told: an entry that was removed by hand stops nothing."""
    at = counted.last_timely_passed_at
    told = block.missing_since is not None or block.state != BlockState.ACTIVE or block.active_at is None
    return None if at is None or told or block.active_at is None or at <= block.active_at + limit else at
