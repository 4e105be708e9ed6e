"""Watches the intake of logs and raises alarms: an index that cannot be read, files that are not stored or readable."""

from collections import defaultdict
from datetime import datetime, timedelta

from django.db.models import Count, F, Min, Q, QuerySet

from sakimori.customers.models import Contract
from sakimori.customers.queries import of_running
from sakimori.lib.jst import day_of
from sakimori.logs.doors import door_label
from sakimori.logs.gaps import MANY_IN_A_ROW
from sakimori.logs.lateness import IMPORT_DOOR
from sakimori.logs.models import DoorState, LogFile, LogFileState, MissingFiles, PullState
from sakimori.notify.actions import raise_alarm
from sakimori.notify.models import Alarm, Severity
from sakimori.run.telling import LINK, tell_on, tell_over

_FAILURES = 3
# An alarm per file is raised once, so looking back far costs nothing and bridges a time in which nobody watched.
_RECENT = timedelta(days=1)
_LOSS_NEAR = timedelta(hours=12)
_FILLED_BY = timedelta(minutes=10)
_LONGEST_SENTENCE = 300


def watch_intake(*, now: datetime) -> int:
    """Raise an alarm for each contract whose logs do not come in, and once for each quarantined file. Returns 0."""
    _watch_pull(now)
    _watch_losses(now)
    _watch_missing(now)
    _watch_skipped(now)
    _watch_doors(now)
    _watch_storing(now)
    _watch_quarantine(now)
    return 0


def _watch_pull(now: datetime) -> None:
    failing = of_running(PullState.objects.filter(failures__gte=_FAILURES), day_of(now))
    states = {f"pull:{state.contract_id}": state for state in failing}
    for key, state in states.items():
        sentence = f"{state.contract.named}のログを取得できていません。"
        tell_on(key, sentence, Severity.HIGH, now=now, since=state.last_success_at)
    tell_over("pull", states, "のログを再び取得できています。", now=now)


def _watch_losses(now: datetime) -> None:
    """The vendor lets go of files after 48 hours: who has not been reached for long must be seen long before.

    While there is no index files may come by their numbers.
    """
    limit = now - _LOSS_NEAR
    without_files = Q(last_file_at__lt=limit) | Q(last_file_at=None)
    troubled = Q(failures__gt=0) | Q(index_missing_since__isnull=False) & without_files
    silent = PullState.objects.filter(troubled, last_success_at__lt=limit)
    for state in of_running(silent, day_of(now)):
        sentence = (
            f"{state.contract.named}のログを {_LOSS_NEAR.seconds // 3600} 時間以上取得できていません。"
            "ベンダー側のログファイルは 48 時間で消えます。"
        )
        tell_on(f"pull-loss:{state.contract_id}", sentence, Severity.HIGH, now=now, since=state.last_success_at)


def _watch_missing(now: datetime) -> None:
    """Once for each hole of listed numbers that has not been filled shortly after."""
    for hole in _holes(now).filter(was_listed=True):
        key = f"missing:{hole.contract_id}:{hole.prefix}_{hole.first}"
        if Alarm.objects.filter(key=key).exists():
            continue
        raise_alarm(
            key=key,
            severity=Severity.MIDDLE,
            sentence=f"{hole.contract.named}のログファイルに欠番があります（{hole.span}）。ベンダーに確認してください。",
            link=LINK,
            now=now,
        )


def _watch_skipped(now: datetime) -> None:
    """One for all of a contract's numbers that were skipped many in a row, and again when there are more."""
    by_contract: dict[int, list[MissingFiles]] = defaultdict(list)
    many = _holes(now).filter(was_listed=False, last__gte=F("first") + MANY_IN_A_ROW - 1)
    for hole in many.order_by("-noticed_at", "-last"):
        by_contract[hole.contract_id].append(hole)
    for key, holes in by_contract.items():
        told = Alarm.objects.filter(key=f"skipped:{key}", last_at__gte=holes[0].noticed_at + _FILLED_BY)
        if told.exists():
            continue
        others = " ほか" if len(holes) > 1 else ""
        number = sum(hole.last - hole.first + 1 for hole in holes)
        raise_alarm(
            key=f"skipped:{key}",
            severity=Severity.MIDDLE,
            sentence=f"{holes[0].contract.named}のログファイルの番号が、続けて {MANY_IN_A_ROW} 以上飛んでいます"
            f"（{holes[0].span}{others}、計 {number}）。未着の可能性があるため、ベンダーに確認してください。",
            link=LINK,
            now=now,
        )


def _holes(now: datetime) -> QuerySet[MissingFiles]:
    """Those of the last day that were not filled shortly after, and that nobody has dismissed."""
    holes = MissingFiles.objects.filter(noticed_at__gt=now - _RECENT, noticed_at__lte=now - _FILLED_BY)
    return holes.filter(dismissed_at=None).select_related("contract__customer")


def _watch_doors(now: datetime) -> None:
    failing = of_running(DoorState.objects.filter(failures__gte=_FAILURES), day_of(now))
    states = {f"door:{row.door}:{row.contract_id}": row for row in failing}
    for key, state in states.items():
        tell_on(key, _sentence(state), Severity.HIGH, now=now, since=state.last_success_at)
    tell_over("door", states, "のログを再び取り込めています。", now=now)


def _sentence(state: DoorState) -> str:
    told = f"{state.contract.named}の{door_label(state.door)}からログを取り込めていません。"
    return f"{told}{state.last_error}"[:_LONGEST_SENTENCE]


def _watch_storing(now: datetime) -> None:
    """Files that were tried again and again: while they wait, attacks in them are not seen."""
    stuck = LogFile.objects.filter(state__in=(LogFileState.RECEIVED, LogFileState.STORING), attempts__gte=_FAILURES)
    counted = stuck.order_by().values_list("contract_id").annotate(Count("pk"), Min("received_at"))
    counts = {f"storing:{contract}": (contract, count, oldest) for contract, count, oldest in counted}
    contracts = Contract.objects.select_related("customer").in_bulk(contract for contract, _, _ in counts.values())
    for key, (contract, count, oldest) in counts.items():
        sentence = f"{contracts[contract].named}のログファイル {count} 件を取り込めていません。自動で再試行しています。"
        tell_on(key, sentence, Severity.HIGH, now=now, since=oldest)
    tell_over("storing", counts, "の待っていたログファイルを取り込めました。", now=now)


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
            link=LINK,
            now=now,
        )
