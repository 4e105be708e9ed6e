"""The duties that reach people: mails, alarms, calls, and the test of all that by ourselves."""

from datetime import timedelta
from functools import partial

from django.conf import settings

from sakimori import backends
from sakimori.lib.jst import utc_now
from sakimori.notify import drills
from sakimori.notify import duties as notify
from sakimori.notify.inbox.bounces import read_bounces
from sakimori.notify.inbox.fetching import addresses, fetch_mails
from sakimori.notify.inbox.forgetting import forget_old_mails
from sakimori.notify.inbox.imap import open_inbox
from sakimori.notify.inbox.proving import prove_senders
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
        *inbox_duties(worker),
        Duty("roster", 60.0, lambda: alarm_coming_gaps(now=utc_now())),
        Duty("contact tests", 3600.0, lambda: drills.remind(now=utc_now())),
        Duty("self-test", 300.0, lambda: examine_ourselves(now=utc_now())),
    ]


def inbox_duties(worker: str) -> list[Duty]:
    """Mails that come in: fetched, their senders proven, reports set against our copies, old ones deleted."""
    fetches = [
        Duty(f"inbox {box}", 2.0, partial(fetch_mails, box=box, open_inbox=open_inbox, worker=worker, clock=utc_now))
        for box in addresses()
    ]
    return [
        *fetches,
        Duty("senders", 1.0, lambda: prove_senders(names=backends.mail_names(), clock=utc_now)),
        Duty("bounces", 1.0, lambda: read_bounces(now=utc_now())),
        Duty("old mails", 3600.0, lambda: forget_old_mails(now=utc_now())),
    ]


def _voice() -> Voice | None:
    phone, config = backends.phone(), settings.CONFIG
    if phone is None:
        return None
    ring = timedelta(seconds=config.ring_seconds)
    return Voice(phone=phone, caller=config.soc_phone, service_name=config.service_name, ring=ring)
