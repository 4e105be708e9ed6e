"""The duties that reach people: mails, alarms, calls, and the test of all that by ourselves."""

from datetime import timedelta

from django.conf import settings

from sakimori import backends
from sakimori.lib.jst import utc_now
from sakimori.notify import drills
from sakimori.notify import duties as notify
from sakimori.notify.ringing import Voice
from sakimori.notify.roster import alarm_coming_gaps
from sakimori.run.duty import Duty
from sakimori.run.self_test import examine_ourselves


def notify_duties(worker: str) -> list[Duty]:
    """All of them, with the real outside."""
    return [
        Duty("mail", 1.0, lambda: notify.send_due_mails(mailer=backends.mailer(), worker=worker, now=utc_now())),
        Duty("alarms", 1.0, lambda: notify.pass_on_alarms(now=utc_now())),
        Duty("ring", 0.5, lambda: notify.ring_due(voice=_voice(), worker=worker, clock=utc_now)),
        Duty("roster", 60.0, lambda: alarm_coming_gaps(now=utc_now())),
        Duty("contact tests", 3600.0, lambda: drills.remind(now=utc_now())),
        Duty("self-test", 300.0, lambda: examine_ourselves(now=utc_now())),
    ]


def _voice() -> Voice | None:
    phone, config = backends.phone(), settings.CONFIG
    if phone is None:
        return None
    ring = timedelta(seconds=config.ring_seconds)
    return Voice(phone=phone, caller=config.soc_phone, service_name=config.service_name, ring=ring)
