"""Watches the intake of logs and raises alarms: an index that cannot be read, files that are not stored or readable."""

from datetime import datetime, timedelta

from django.db.models import Count

from sakimori.customers.models import Contract
from sakimori.customers.queries import running
from sakimori.lib.jst import day_of
from sakimori.logs.doors import door_label
from sakimori.logs.lateness import IMPORT_DOOR
from sakimori.logs.models import DoorState, LogFile, LogFileState, MissingFiles, PullState
from sakimori.notify.actions import raise_alarm
from sakimori.notify.models import Alarm, Severity

_FAILURES = 3
# An alarm per file is raised once, so looking back far costs nothing and bridges a time in which nobody watched.
_RECENT = timedelta(days=1)
_LOSS_NEAR = timedelta(hours=12)
_FILLED_BY = timedelta(minutes=10)
_LONGEST_SENTENCE = 300
_LINK = "/console/intake"


def watch_intake(*, now: datetime) -> int:
    """Raise an alarm for each contract whose logs do not come in, and once for each quarantined file. Returns 0."""
    _watch_pull(now)
    _watch_losses(now)
    _watch_missing(now)
    _watch_doors(now)
    _watch_storing(now)
    _watch_quarantine(now)
    return 0


def _watch_pull(now: datetime) -> None:
    failing = PullState.objects.filter(running(day_of(now), contract="contract"), failures__gte=_FAILURES)
    for state in failing.select_related("contract__customer"):
        raise_alarm(
            key=f"pull:{state.contract_id}",
            severity=Severity.HIGH,
            sentence=f"{_named(state.contract)}のログを取得できていません。",
            link=_LINK,
            now=now,
        )


def _watch_losses(now: datetime) -> None:
    """The vendor lets go of files after 48 hours: who has not been reached for long must be seen long before."""
    silent = PullState.objects.filter(
        running(day_of(now), contract="contract"), failures__gt=0, last_success_at__lt=now - _LOSS_NEAR
    )
    for state in silent.select_related("contract__customer"):
        raise_alarm(
            key=f"pull-loss:{state.contract_id}",
            severity=Severity.HIGH,
            sentence=f"{_named(state.contract)}のログを {_LOSS_NEAR.seconds // 3600} 時間以上取得できていません。"
            "ベンダー側のログファイルは 48 時間で消えます。",
            link=_LINK,
            now=now,
        )


def _watch_missing(now: datetime) -> None:
    """Once for each hole in the numbers that has not been filled shortly after."""
    holes = MissingFiles.objects.filter(noticed_at__gt=now - _RECENT, noticed_at__lte=now - _FILLED_BY)
    for hole in holes.select_related("contract__customer"):
        key = f"missing:{hole.contract_id}:{hole.prefix}_{hole.first}"
        if Alarm.objects.filter(key=key).exists():
            continue
        numbers = f"{hole.prefix}_{hole.first}" + (f"～{hole.prefix}_{hole.last}" if hole.last > hole.first else "")
        raise_alarm(
            key=key,
            severity=Severity.MIDDLE,
            sentence=f"{_named(hole.contract)}のログファイルに欠番があります（{numbers}）。ベンダーに確認してください。",
            link=_LINK,
            now=now,
        )


def _watch_doors(now: datetime) -> None:
    failing = DoorState.objects.filter(running(day_of(now), contract="contract"), failures__gte=_FAILURES)
    for state in failing.select_related("contract__customer"):
        raise_alarm(
            key=f"door:{state.door}:{state.contract_id}",
            severity=Severity.HIGH,
            sentence=_sentence(state),
            link=_LINK,
            now=now,
        )


def _sentence(state: DoorState) -> str:
    told = f"{_named(state.contract)}の{door_label(state.door)}からログを取り込めていません。"
    return f"{told}{state.last_error}"[:_LONGEST_SENTENCE]


def _watch_storing(now: datetime) -> None:
    """Files that were tried again and again: while they wait, attacks in them are not seen."""
    stuck = LogFile.objects.filter(state__in=(LogFileState.RECEIVED, LogFileState.STORING), attempts__gte=_FAILURES)
    counts = stuck.values_list("contract_id").annotate(count=Count("pk")).order_by("contract_id")
    for key, count in counts:
        contract = Contract.objects.select_related("customer").get(pk=key)
        raise_alarm(
            key=f"storing:{key}",
            severity=Severity.HIGH,
            sentence=f"{_named(contract)}のログファイル {count} 件を取り込めていません。自動で再試行しています。",
            link=_LINK,
            now=now,
        )


def _watch_quarantine(now: datetime) -> None:
    """Who imports a file is told by the command or the page what became of it: nobody else is called for it."""
    quarantined = LogFile.objects.filter(state=LogFileState.QUARANTINED, stored_at__gt=now - _RECENT)
    for file in quarantined.exclude(door=IMPORT_DOOR).select_related("contract__customer"):
        key = f"quarantine:{file.pk}"
        if Alarm.objects.filter(key=key).exists():
            continue
        raise_alarm(
            key=key,
            severity=Severity.MIDDLE,
            sentence=f"{file.contract.customer.name} のログファイル {file.name} を読み取れず、隔離しました。",
            link=_LINK,
            now=now,
        )


def _named(contract: Contract) -> str:
    return f"{contract.customer.name}（契約 {contract.number}）"
