"""ログの到達状況: per contract until when the log is complete, what is missing, and how late source and we are."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings

from sakimori.customers.models import Contract
from sakimori.lib.jst import day_of
from sakimori.logs.completeness import sentence_of
from sakimori.logs.doors import door_label
from sakimori.logs.gaps import troubled
from sakimori.logs.health import DoorHealth, Waiting, health_of

_TOLD_FOR = timedelta(days=3)


@dataclass(frozen=True, slots=True)
class DoorDelay:
    """One door's delays, with its name for people."""

    label: str
    health: DoorHealth


@dataclass(frozen=True, slots=True)
class CompletenessRow:
    """One contract. troubled: something is missing; skipped: something may be, which is usual; unread: files or lines
    that could not be read are part of it.
    """

    contract: Contract
    sentence: str
    troubled: bool
    skipped: bool
    unread: bool
    doors: Sequence[DoorDelay]
    waiting: Waiting
    waits_for: timedelta | None


def completeness_rows(contracts: Sequence[Contract], *, now: datetime) -> list[CompletenessRow]:
    """Rows of those contracts that the service still works for."""
    running = [contract for contract in contracts if contract.runs_on(day_of(now))]
    limit = timedelta(minutes=settings.CONFIG.silent_minutes)
    health = health_of([row.pk for row in running], now=now, limit=limit, reaching=now - _TOLD_FOR)
    return [
        CompletenessRow(
            contract=contract,
            sentence=sentence_of(found.completeness, now=now),
            troubled=troubled(found.completeness.gaps),
            skipped=bool(found.completeness.gaps),
            unread=found.completeness.has_unread,
            doors=[DoorDelay(door_label(door.door), door) for door in found.doors],
            waiting=found.waiting,
            waits_for=now - found.waiting.oldest_at if found.waiting.oldest_at else None,
        )
        for contract in running
        for found in [health[contract.pk]]
    ]
