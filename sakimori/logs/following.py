"""Follows what has arrived: each file's arrival goes once into its door's flow, and missing numbers get their window.

The flows are sums of the ledger, so that a page need not read the ledger to say how the doors go.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Q

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

_AT_ONCE = 1000
_NEIGHBOURS = 25
_WINDOW_WITHIN = timedelta(days=1)


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


def find_windows(*, now: datetime) -> int:
    """Note from when to when the events of missing files lie. Returns 0.

    The vendor numbers files, so those beside a hole tell. Looked for until both are stored, at most for a day.
    """
    open_ = MissingFiles.objects.filter(
        Q(begins_at=None) | Q(ends_at=None), noticed_at__gt=now - _WINDOW_WITHIN
    ).order_by("-noticed_at")[:_AT_ONCE]
    for hole in open_:
        begins, ends = window(*_neighbours(hole))
        if (begins, ends) != (hole.begins_at, hole.ends_at):
            MissingFiles.objects.filter(pk=hole.pk).update(begins_at=begins, ends_at=ends)
    return 0


def _neighbours(hole: MissingFiles) -> tuple[datetime | None, datetime | None]:
    """The last event before the hole and the first behind it, of the nearest files that have any."""
    below = {f"{hole.prefix}_{hole.first - step}.log": -step for step in range(1, _NEIGHBOURS + 1)}
    above = {f"{hole.prefix}_{hole.last + step}.log": step for step in range(1, _NEIGHBOURS + 1)}
    found = LogFile.objects.filter(
        contract=hole.contract_id, door="pull", name__in=[*below, *above], last_at__isnull=False
    )
    steps = {(below | above)[file.name]: file for file in found}
    before = steps.get(max((step for step in steps if step < 0), default=0))
    after = steps.get(min((step for step in steps if step > 0), default=0))
    return before.last_at if before else None, after.first_at if after else None
