"""Watches where logs lie: that the disk does not fill, and that the store holds what the ledger says."""

from collections.abc import Sequence
from datetime import datetime

from sakimori.lib.disk import MIB
from sakimori.logs.models import StoreCheck
from sakimori.notify.actions import end_alarm
from sakimori.notify.models import Alarm, Severity
from sakimori.run.rooms import Disk
from sakimori.run.telling import tell_on

_BALANCE = "balance:"
_MOST_NAMED = 3


def watch_store(*, disks: Sequence[Disk], now: datetime) -> int:
    """Raise alarms while a disk is short of room or sums differ, and say when that is over. Returns 0."""
    for disk in disks:
        _watch_disk(disk, now)
    _watch_differences(now)
    return 0


def _watch_disk(disk: Disk, now: datetime) -> None:
    key = f"disk:{disk.warning.folder}"[:120]
    if disk.floor.is_reached():
        sentence = (
            f"{disk.label}のディスクの空きが {disk.floor.bytes // MIB} MiB を下回ったため、"
            "ログの受け付けを停止しています。至急、空きを増やしてください。空きができると自動で再開します。"
        )
        tell_on(key, sentence, Severity.HIGH, now=now)
    elif disk.warning.is_reached():
        sentence = (
            f"{disk.label}のディスクの空きが {disk.warning.bytes // MIB} MiB を下回りました。"
            f"{disk.floor.bytes // MIB} MiB を下回るとログを受け付けられなくなります。"
        )
        tell_on(key, sentence, Severity.HIGH, now=now)
    else:
        end_alarm(key, sentence=f"{disk.label}のディスクの空き不足は解消しました。", now=now)


def _watch_differences(now: datetime) -> None:
    told = Alarm.objects.filter(key__startswith=_BALANCE, acknowledged_at=None).values_list("key", flat=True)
    checks = StoreCheck.objects.select_related("contract__customer").order_by("contract")
    wrong = [check for check in checks if check.differences]
    for key in set(told) - {f"{_BALANCE}{check.contract_id}" for check in wrong}:
        end_alarm(key, sentence="保管庫と台帳の行数の不一致は解消しました。", now=now)
    for check in wrong:
        _tell_difference(check, now)


def _tell_difference(check: StoreCheck, now: datetime) -> None:
    contract = check.contract
    shown = "、".join(
        f"ファイル {number}：台帳 {rows[0]} 行・保管庫 {rows[1]} 行"
        for number, rows in list(check.differences.items())[:_MOST_NAMED]
    )
    sentence = (
        f"{contract.named}のログ {len(check.differences)} ファイルで、保管庫の行数が台帳と一致しません（{shown}）。"
    )
    tell_on(f"{_BALANCE}{check.contract_id}", sentence, Severity.HIGH, now=now)
