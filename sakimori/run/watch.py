"""Watches the intake of logs and raises alarms: an index that cannot be read, files that had to be quarantined."""

from datetime import datetime, timedelta

from sakimori.logs.models import LogFile, LogFileState, PullState
from sakimori.notify.actions import raise_alarm
from sakimori.notify.models import Severity

_FAILURES = 3
_RECENT = timedelta(minutes=10)


def watch_intake(*, now: datetime) -> int:
    """Raise an alarm for each contract whose pull keeps failing or whose files were quarantined lately. Returns 0."""
    for state in PullState.objects.filter(failures__gte=_FAILURES).select_related("contract__customer"):
        raise_alarm(
            key=f"pull:{state.contract_id}",
            severity=Severity.HIGH,
            sentence=f"{state.contract.customer.name}（契約 {state.contract.number}）のログを取得できていません。",
            link="/console/intake",
            now=now,
        )
    quarantined = LogFile.objects.filter(state=LogFileState.QUARANTINED, received_at__gt=now - _RECENT)
    for file in quarantined.select_related("contract__customer"):
        raise_alarm(
            key=f"quarantine:{file.pk}",
            severity=Severity.MIDDLE,
            sentence=f"{file.contract.customer.name} のログファイル {file.name} を読み取れず、隔離しました。",
            link="/console/intake",
            now=now,
        )
    return 0
