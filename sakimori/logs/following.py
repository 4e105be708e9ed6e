"""Follows what has arrived: each file's arrival goes once into its door's flow, and missing numbers get their window.

The flows are sums of the ledger, so that a page need not read the ledger to say how the doors go.
"""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import F, Q, QuerySet

from sakimori.logs.doors import DOORS
from sakimori.logs.flow import (
    LIVE_DOORS,
    Arrival,
    Flow,
    followed,
    pauses_from_json,
    recent_from_json,
    to_json,
)
from sakimori.logs.gaps import window
from sakimori.logs.models import DoorFlow, LogFile, LogFileState, MissingFiles
from sakimori.logs.receive.missing import came_after_all, note_stored
from sakimori.logs.receive.numbering import numbers_of
from sakimori.logs.receive.pull import DOOR

_AT_ONCE = 1000
_NEIGHBOURS = 25
# New files tell of young holes; of old ones only what somebody imports, or a neighbour that waited long.
_YOUNG = timedelta(days=1)
_AGAIN_AFTER = timedelta(hours=1)
_SOUGHT_FOR = timedelta(days=100)  # A little longer than logs are kept.


def follow_intake(*, now: datetime) -> int:
    """Note files that are done with. Returns how many.

    Flows and marks are one transaction: however often this is killed, a file is noted once.
    """
    with transaction.atomic():
        files = list(
            LogFile.objects.select_for_update()
            .filter(followed_at=None, stored_at__isnull=False)
            .order_by("stored_at", "pk")[:_AT_ONCE]
        )
        by_door: dict[tuple[int, str], list[Arrival]] = defaultdict(list)
        for file in files:
            if file.door in LIVE_DOORS:
                by_door[file.contract_id, file.door].append(_arrival(file))
        rows = _flow_rows({contract for contract, _ in by_door})
        for (contract, door), arrivals in by_door.items():
            _write(contract, door, rows.get((contract, door)), arrivals)
        note_stored(file for file in files if file.state == LogFileState.STORED)
        LogFile.objects.filter(pk__in=[file.pk for file in files]).update(followed_at=now)
    return len(files)


def _arrival(file: LogFile) -> Arrival:
    stored_at = file.stored_at if file.state == LogFileState.STORED else None
    return Arrival(file.received_at, file.available_at, stored_at, file.last_at)


def _flow_rows(contracts: set[int]) -> Mapping[tuple[int, str], DoorFlow]:
    return {(row.contract_id, row.door): row for row in DoorFlow.objects.filter(contract__in=contracts)}


def _write(contract: int, door: str, row: DoorFlow | None, arrivals: Sequence[Arrival]) -> None:
    flow = followed(flow_of(row) if row else None, arrivals)
    if flow is None:
        return
    DoorFlow.objects.update_or_create(
        contract_id=contract,
        door=door,
        defaults={
            "files": flow.files,
            "last_received_at": flow.last_received_at,
            "complete_until": flow.complete_until,
            **to_json(flow),
        },
    )


def flow_of(row: DoorFlow) -> Flow:
    """A row as the pure rules want it."""
    return Flow(
        row.last_received_at,
        row.files,
        row.complete_until,
        recent_from_json(row.recent),
        pauses_from_json(row.pauses),
    )


def look_up_missing(*, now: datetime) -> int:
    """Look for missing files in the ledger: forget what came after all, and note from when to when the events of the
    others lie. Returns 0.

    The vendor numbers files, so those beside a hole tell. Until both are known a young hole is looked up each time and
    an old one from time to time, for as long as the ledger goes back.
    """
    unknown = Q(begins_at=None) | Q(ends_at=None)
    due = Q(sought_at=None) | Q(sought_at__lte=now - _AGAIN_AFTER) | unknown & Q(noticed_at__gt=now - _YOUNG)
    holes = MissingFiles.objects.filter(due, noticed_at__gt=now - _SOUGHT_FOR)
    looked_up = list(holes.order_by(F("sought_at").asc(nulls_first=True), "pk")[:_AT_ONCE])
    for hole in looked_up:
        is_known = None not in (hole.begins_at, hole.ends_at)
        if came_after_all(hole, door=DOOR) or (is_known and hole.sought_at):
            continue
        before, after = _neighbours(hole)
        begins, ends = window(before or hole.begins_at, after or hole.ends_at)
        if (begins, ends) != (hole.begins_at, hole.ends_at):
            MissingFiles.objects.filter(pk=hole.pk).update(begins_at=begins, ends_at=ends)
    MissingFiles.objects.filter(pk__in=[hole.pk for hole in looked_up]).update(sought_at=now)
    return 0


def _neighbours(hole: MissingFiles) -> tuple[datetime | None, datetime | None]:
    """The last event before the hole and the first behind it, of the nearest files that have any."""
    below = {f"{hole.prefix}_{hole.first - step}.log": -step for step in range(1, _NEIGHBOURS + 1)}
    above = {f"{hole.prefix}_{hole.last + step}.log": step for step in range(1, _NEIGHBOURS + 1)}
    files = LogFile.objects.filter(contract=hole.contract_id, last_at__isnull=False)
    found = files.filter(door__in=DOORS, name__in=[*below, *above])
    steps = {(below | above)[file.name]: file for file in found}
    pulled = files.filter(door=DOOR, name__startswith=f"{hole.prefix}_")
    came_before = pulled.filter(received_at__lte=hole.noticed_at).order_by("-received_at", "-pk")
    came_after = pulled.filter(received_at__gte=hole.noticed_at).order_by("received_at", "pk")
    before = steps.get(max((step for step in steps if step < 0), default=0))
    after = steps.get(min((step for step in steps if step > 0), default=0))
    before = before or _first(came_before, hole.prefix, lambda number: number < hole.first)
    after = after or _first(came_after, hole.prefix, lambda number: number > hole.last)
    return before.last_at if before else None, after.first_at if after else None


def _first(files: QuerySet[LogFile], prefix: str, fits: Callable[[int], bool]) -> LogFile | None:
    """Where no near number is there: the first of the files that came around that time whose number fits."""
    for file in files[:_NEIGHBOURS]:
        if any(fits(number) for number in numbers_of([file.name]).get(prefix, [])):
            return file
    return None
