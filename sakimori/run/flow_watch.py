"""Watches whether logs go on coming: silent doors, looks that stopped, files that wait, contracts never heard of.

A silence is told once. When logs come again its alarm says so and rings nobody; a person takes it off.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Count, Exists, Min, OuterRef, Q

from sakimori.customers.queries import of_running, running_contracts
from sakimori.lib.jst import day_of, written
from sakimori.logs.doors import door_label
from sakimori.logs.flow import LIVE_DOORS, silent_since
from sakimori.logs.following import flow_of
from sakimori.logs.models import DoorFlow, DoorState, LogFile, LogFileState, PullState
from sakimori.logs.receive.without_index import alarming
from sakimori.notify.actions import end_alarm, note_over
from sakimori.notify.models import Alarm, Severity
from sakimori.run.telling import tell_on, tell_once

_FAILURES = 3
_OVERDUE = timedelta(minutes=15)
_SILENT, _LAG = "silent", "intake-lag"
_OVER = "途絶は解消しました。"
Key = tuple[int, str]


@dataclass(frozen=True, slots=True)
class FlowWatch:
    """listening_since: when this process began. One that was down itself has heard nothing and calls nobody silent.

    silent: see `flow.silent_since`. lag: how long a file may wait to be stored.
    """

    listening_since: datetime
    silent: timedelta
    lag: timedelta
    failing: int = _FAILURES

    def watch(self, *, now: datetime) -> int:
        """Raise alarms, and say of those whose cause is gone that it is. Returns 0."""
        flows = {(row.contract_id, row.door): row for row in of_running(DoorFlow.objects.all(), day_of(now))}
        if now - self.listening_since > self.silent:
            self._watch_silence(flows, now)
            _watch_unheard(now)
        if now - self.listening_since > _OVERDUE:
            _watch_looks(now)
        _end_silence(flows)
        self._watch_lag(now)
        return 0

    def _watch_silence(self, flows: Mapping[Key, DoorFlow], now: datetime) -> None:
        """Doors that fail have an alarm of their own, and a file that waits is no silence."""
        excused = _failing(now) | _waiting()
        for (contract, door), row in flows.items():
            since = silent_since(flow_of(row), now=now, limit=self.silent)
            if since is None or (contract, door) in excused:
                continue
            sentence = (
                f"{row.contract.named}の{door_label(door)}から、{written(since)} を最後にログが届いていません。"
                "普段の間隔を超えています。送信元を確認してください。"
            )
            tell_once(f"{_SILENT}:{door}:{contract}", sentence, Severity.MIDDLE, now=now, since=since)

    def _watch_lag(self, now: datetime) -> None:
        """Our own delay. Files that were tried in vain have an alarm of their own; what people bring in may wait."""
        files = LogFile.objects.filter(
            state__in=(LogFileState.RECEIVED, LogFileState.STORING), door__in=LIVE_DOORS, attempts__lt=self.failing
        )
        waiting = files.filter(received_at__lt=now - self.lag).aggregate(files=Count("pk"), oldest=Min("received_at"))
        if waiting["oldest"] is not None:
            sentence = (
                f"ログの取込が {int(self.lag.total_seconds()) // 60} 分以上遅れています（待ち {waiting['files']} 件、"
                f"最も古いものは {written(waiting['oldest'])} 受信）。その間の攻撃は検知できていません。"
            )
            tell_on(_LAG, sentence, Severity.HIGH, now=now)
        else:
            end_alarm(_LAG, sentence="ログの取込の遅れは解消しました。", now=now)


def _watch_unheard(now: datetime) -> None:
    """Contracts that have run for a day, that a door is set up for, and of which nothing has ever come."""
    set_up = (
        Q(vendor_account__log_base_url__gt="")
        | Q(vendor_account__collector_token_digest__gt="")
        | Q(vendor_account__bucket_name__gt="")
        | Q(log_senders__isnull=False)
        | Q(log_sender_addresses__isnull=False)
    )
    heard = Exists(LogFile.objects.filter(contract=OuterRef("pk")))
    contracts = running_contracts(day_of(now)).filter(set_up, ~heard, starts_on__lt=day_of(now))
    for contract in contracts.distinct():
        sentence = f"{contract.named}のログがまだ一度も届いていません。接続情報と送信元の設定を確認してください。"
        tell_once(f"unheard:{contract.pk}", sentence, Severity.LOW, now=now)


def _watch_looks(now: datetime) -> None:
    """Sources that nobody looks at although it is long time: the vendor lets go of its files after 48 hours."""
    late = Q(next_try_at__lt=now - _OVERDUE)
    pulls = of_running(PullState.objects.all(), day_of(now)).filter(late, contract__vendor_account__log_base_url__gt="")
    buckets = of_running(DoorState.objects.filter(door="bucket"), day_of(now)).filter(
        late, contract__vendor_account__bucket_name__gt=""
    )
    looks = [(row.contract, "pull", row.next_try_at) for row in pulls]
    for contract, door, since in looks + [(row.contract, row.door, row.next_try_at) for row in buckets]:
        sentence = f"{contract.named}の{door_label(door)}を {written(since)} から確認できていません。"
        tell_once(f"unlooked:{door}:{contract.pk}", sentence, Severity.HIGH, now=now, since=since)


def _end_silence(flows: Mapping[Key, DoorFlow]) -> None:
    for alarm in Alarm.objects.filter(key__startswith=f"{_SILENT}:", acknowledged_at=None):
        _, door, contract = alarm.key.split(":")
        row = flows.get((int(contract), door))
        if row is None or row.last_received_at <= alarm.last_at or alarm.sentence.endswith(_OVER):
            continue
        again = f"{row.contract.named}の{door_label(door)}からログが再び届きました"
        # As of the file: if it stays the only one, the silence behind it is a new one.
        note_over(alarm, sentence=f"{again}（{written(row.last_received_at)}）。{_OVER}", now=row.last_received_at)


def _failing(now: datetime) -> set[Key]:
    """Doors that cannot be looked at, or whose index is missing."""
    pulls = of_running(PullState.objects.filter(failures__gte=_FAILURES), day_of(now)).values_list(
        "contract", flat=True
    )
    unlisted = of_running(PullState.objects.filter(index_missing_since__isnull=False), day_of(now))
    missed = {(state.contract_id, "pull") for state in unlisted if alarming(state, now=now)}
    others = of_running(DoorState.objects.filter(failures__gte=_FAILURES), day_of(now)).values_list("contract", "door")
    return {(contract, "pull") for contract in pulls} | missed | set(others)


def _waiting() -> set[Key]:
    """Doors with files that are not stored yet, so that no flow knows of them."""
    waiting = LogFile.objects.filter(state__in=(LogFileState.RECEIVED, LogFileState.STORING)).order_by()
    return set(waiting.values_list("contract", "door").distinct())
