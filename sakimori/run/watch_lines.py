"""Watches whether what comes can be read, and alarms the SOC when the format at a door seems to have changed."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime, timedelta

from sakimori.logs.doors import door_label
from sakimori.logs.models import LogFile
from sakimori.logs.unreadable import hardly_read
from sakimori.notify.actions import raise_alarm
from sakimori.notify.models import Alarm, Severity

_LINK = "/console/intake/#quarantine"
_RECENT = timedelta(days=1)
# While it is being mended with the vendor or the customer, every file is like the one before. Whoever has taken the
# alarm knows; who comes after him hears of it anew.
_AGAIN = timedelta(hours=8)
_NAMED = 80


def watch_lines(*, now: datetime) -> int:
    """One alarm per contract and door, which counts up with what comes while nobody has taken it. Returns 0."""
    by_door: dict[str, list[LogFile]] = defaultdict(list)
    for row in hardly_read(since=now - _RECENT):
        by_door[f"unreadable:{row.door}:{row.contract_id}"].append(row)
    for key, rows in by_door.items():
        if _is_news(key, max(row.stored_at or row.received_at for row in rows), now):
            raise_alarm(key=key, severity=Severity.MIDDLE, sentence=_sentence(rows), link=_LINK, now=now)
    return 0


def _is_news(key: str, newest: datetime, now: datetime) -> bool:
    """Whether a file was stored since the last telling, and nobody has taken the alarm within the last hours."""
    told = Alarm.objects.filter(key=key)
    return not told.filter(last_at__gte=newest).exists() and not told.filter(acknowledged_at__gt=now - _AGAIN).exists()


def _sentence(rows: Sequence[LogFile]) -> str:
    """rows: the newest first."""
    newest, lines = rows[0], sum(row.quarantined_lines for row in rows)
    contract = newest.contract
    return (
        f"{contract.named}の{door_label(newest.door)}から届いたログに、"
        f"読み取れない行があります（24 時間以内に {len(rows)} ファイル、{lines:,} 行。最新は {newest.name[:_NAMED]}）。"
        "その間の攻撃は検知できていないおそれがあります。形式が変わっていないか確認してください。"
    )
