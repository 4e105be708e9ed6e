"""Watches the chains of the stored log files and alarms the SOC about a broken one."""

from datetime import datetime

import structlog

from sakimori.lib.calendar import written_day
from sakimori.logs.chain.duties import Broken, check_due
from sakimori.logs.store.interface import LogStore
from sakimori.notify.actions import raise_alarm
from sakimori.notify.models import Alarm, Severity

_log = structlog.get_logger()
_LINK = "/console/intake/"


def watch_chains(*, store: LogStore, now: datetime) -> int:
    """Look at what is due; raise an alarm once for each day that is broken. Returns how many days were looked at."""
    looked, broken = check_due(store=store, now=now)
    for found in broken:
        _log.error("chain.broken", contract=found.contract.pk, day=f"{found.day}", count=found.count, first=found.first)
        _alarm(found, now)
    return looked


def _alarm(found: Broken, now: datetime) -> None:
    key = f"chain:{found.contract.pk}:{found.day}"
    if Alarm.objects.filter(key=key).exists():
        return
    contract = found.contract
    raise_alarm(
        key=key,
        severity=Severity.HIGH,
        sentence=f"{contract.named}の {written_day(found.day)}のログについて、"
        f"改ざん検知の照合が一致しません（{found.count} 件）。sakimori logs verify で確認してください。",
        link=_LINK,
        now=now,
    )
