"""What notify does again and again: send the mails that are due."""

from datetime import datetime, timedelta

from sakimori.lib.claims import claim
from sakimori.notify.actions import raise_alarm, send
from sakimori.notify.interface import Mailer
from sakimori.notify.models import Delivery, DeliveryState, Severity

_LEASE = timedelta(minutes=2)
# The lease of every copy runs from the beginning of the round, so a round must end long before it.
_AT_ONCE = 10
_ALARM_AFTER_ATTEMPTS = 4


def send_due_mails(*, mailer: Mailer, worker: str, now: datetime) -> int:
    """Send what is due; several workers may do this at once. Returns how many copies were tried.

    When the server cannot be reached the rest waits for the next round, and the SOC is alarmed.
    """
    due = Delivery.objects.select_related("message__customer").filter(state=DeliveryState.QUEUED, next_try_at__lte=now)
    tried = 0
    claimed = claim(due.order_by("next_try_at", "pk"), worker=worker, now=now, lease=_LEASE, limit=_AT_ONCE)
    for delivery in claimed:
        send(delivery, mailer=mailer, now=now)
        tried += 1
        if delivery.state == DeliveryState.QUEUED:
            if delivery.attempts >= _ALARM_AFTER_ATTEMPTS:
                _alarm_mail_stuck(now)
            break
    return tried


def _alarm_mail_stuck(now: datetime) -> None:
    waiting = Delivery.objects.filter(state=DeliveryState.QUEUED).count()
    raise_alarm(
        key="mail-unavailable",
        severity=Severity.HIGH,
        sentence=f"メールサーバーに送信できません。{waiting} 通が送信待ちです。",
        now=now,
    )
