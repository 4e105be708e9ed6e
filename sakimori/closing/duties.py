"""What closing does again and again: delete what is approved and due, and alarm the SOC about what is not approved."""

from collections.abc import Callable
from datetime import datetime

import structlog
from django.db import DatabaseError

from sakimori.closing.deletion import LEASE, NotNow, Residue, execute, is_due
from sakimori.closing.models import Closing
from sakimori.closing.outside import Places
from sakimori.closing.queries import Standing, contracts, standing_of
from sakimori.lib.calendar import written_day
from sakimori.lib.claims import claim
from sakimori.lib.jst import day_of
from sakimori.logs.store.interface import StoreError
from sakimori.notify.actions import raise_alarm
from sakimori.notify.models import Alarm, Severity

_log = structlog.get_logger()


def delete_due(*, places: Places, worker: str, clock: Callable[[], datetime]) -> int:
    """Delete every contract whose deletion is approved and whose last day is over. Returns how many are gone.

    One that fails stops no other; it is tried again, and the SOC is told.
    """
    now = clock()
    approved = Closing.objects.select_related("contract__customer").exclude(approved_at=None)
    due = approved.filter(pk__in=[closing.pk for closing in approved if is_due(closing, now)])
    return sum(
        _try(closing, places=places, worker=worker, clock=clock)
        for closing in claim(due, worker=worker, now=now, lease=LEASE)
    )


def _try(closing: Closing, *, places: Places, worker: str, clock: Callable[[], datetime]) -> int:
    try:
        execute(closing, places=places, worker=worker, clock=clock)
    except NotNow as reason:
        _log.info("closing.waits", closing=closing.pk, reason=str(reason))
    except (StoreError, OSError, DatabaseError, Residue) as error:
        _log.warning("closing.failed", closing=closing.pk, error=f"{type(error).__name__}: {error}"[:300])
        _alarm(closing, clock())
    else:
        return 1
    Closing.objects.filter(pk=closing.pk).update(claimed_by="", claimed_until=None)
    return 0


def _alarm(closing: Closing, now: datetime) -> None:
    contract = closing.contract
    raise_alarm(
        key=f"closing-failed:{contract.pk}",
        severity=Severity.HIGH,
        sentence=f"{contract.named}のデータ削除を完了できません。自動で再試行しています。",
        link=f"/console/closing/{contract.number}/",
        now=now,
    )


def watch_approvals(*, now: datetime) -> int:
    """Once a day: a HIGH alarm for each contract whose day of deletion has come without an approval. Returns 0."""
    today = day_of(now)
    for contract in contracts().filter(ends_on__lt=today):
        if standing_of(contract, today) is not Standing.OVERDUE or contract.deletes_on is None:
            continue
        key = f"closing:{contract.pk}:{today}"
        if Alarm.objects.filter(key=key).exists():
            continue
        raise_alarm(
            key=key,
            severity=Severity.HIGH,
            sentence=f"{contract.named}のデータ削除予定日"
            f"（{written_day(contract.deletes_on)}）が来ましたが、承認されていません。",
            link=f"/console/closing/{contract.number}/",
            now=now,
        )
    return 0
