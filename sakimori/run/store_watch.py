"""Watches where logs lie: that the disk does not fill, and that the store holds what the ledger says."""

from collections.abc import Sequence
from datetime import datetime

from sakimori.lib.disk import MIB
from sakimori.logs.models import StoreCheck
from sakimori.notify.actions import end_alarm
from sakimori.notify.models import Severity
from sakimori.run.rooms import Disk
from sakimori.run.telling import tell_on, tell_over

_BALANCE = "balance"
_MOST_NAMED = 3


def watch_store(*, disks: Sequence[Disk], now: datetime) -> int:
    """Raise alarms while a disk is short of room or sums differ, and say when that is over. Returns 0."""
    for disk in disks:
        _watch_disk(disk, now)
    _watch_differences(now)
    return 0


def _watch_disk(disk: Disk, now: datetime) -> None:
    """Who has taken that it is short of room has not heard that it is full: these are two alarms."""
    short, full = f"disk:{disk.warning.folder}"[:120], f"disk-full:{disk.floor.folder}"[:120]
    if disk.floor.is_reached():
        sentence = (
            f"{disk.label}のディスクの空きが {disk.floor.bytes // MIB} MiB を下回ったため、"
            "ログの受け付けを停止しています。至急、空きを増やしてください。空きができると自動で再開します。"
        )
        tell_on(full, sentence, Severity.HIGH, now=now)
        return
    end_alarm(full, sentence=f"{disk.label}のディスクに空きができ、ログの受け付けを再開しました。", now=now)
    if disk.warning.is_reached():
        sentence = (
            f"{disk.label}のディスクの空きが {disk.warning.bytes // MIB} MiB を下回りました。"
            f"{disk.floor.bytes // MIB} MiB を下回るとログを受け付けられなくなります。"
        )
        tell_on(short, sentence, Severity.HIGH, now=now)
    else:
        end_alarm(short, sentence=f"{disk.label}のディスクの空き不足は解消しました。", now=now)


def _watch_differences(now: datetime) -> None:
    checks = StoreCheck.objects.select_related("contract__customer").order_by("contract")
    wrong = {f"{_BALANCE}:{check.contract_id}": check for check in checks if check.differences}
    for key, check in wrong.items():
        _tell_difference(key, check, now)
    tell_over(_BALANCE, wrong, "の保管庫と台帳の行数の不一致は解消しました。", now=now)


def _tell_difference(key: str, check: StoreCheck, now: datetime) -> None:
    contract = check.contract
    shown = "、".join(
        f"ファイル {number}：台帳 {rows[0]} 行・保管庫 {rows[1]} 行"
        for number, rows in list(check.differences.items())[:_MOST_NAMED]
    )
    sentence = (
        f"{contract.named}のログ {len(check.differences)} ファイルで、保管庫の行数が台帳と一致しません（{shown}）。"
    )
    tell_on(key, sentence, Severity.HIGH, now=now)
