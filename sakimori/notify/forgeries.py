"""Call-backs that were refused: counted, and told to the SOC and the record once in a while, never one by one.

Anybody on the internet can send forged ones: a row for each would let him fill the disk, and an alarm that is phoned
would let him keep the people on duty awake. So once somebody has acknowledged it, it is only shown for a day.
"""

import threading
from datetime import datetime, timedelta

from django.db import transaction

from sakimori.customers import audit
from sakimori.notify.actions import raise_alarm
from sakimori.notify.models import Alarm, Severity

_PAUSE = timedelta(minutes=5)
_KNOWN = timedelta(days=1)
KEY = "phone-forged"


class Forgeries:
    """The count of this process."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._waiting = 0
        self._told_at: datetime | None = None

    def count(self, reason: str, *, now: datetime) -> None:
        """One more was refused. The first is told at once, those that follow together after a pause."""
        with self._lock:
            self._waiting += 1
            if self._told_at is not None and self._told_at <= now < self._told_at + _PAUSE:
                return
            number, self._waiting, self._told_at = self._waiting, 0, now
        with transaction.atomic():
            audit.record("phone.refused", by="sakimori", target=f"phone-door:{number}", now=now)
            known = Alarm.objects.filter(key=KEY, acknowledged_at__gt=now - _KNOWN).exists()
            raise_alarm(
                key=KEY,
                severity=Severity.LOW if known else Severity.MIDDLE,
                sentence=f"電話の発信サービスを装った呼び出し、または署名の合わない呼び出しを {number} 件拒否しました。"
                f"（{_WORDS.get(reason, '終了した通話、または過去の手順の呼び出し')}）",
                now=now,
            )


_WORDS = {"signature": "署名の不一致"}
FORGERIES = Forgeries()
