"""Every duty of the system: what is done, how often it is looked at, and with what of the outside world."""

import os
import socket
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings

from sakimori import backends
from sakimori.advisories import duties as advisories
from sakimori.blacklist import duties as blacklist
from sakimori.lib.jst import utc_now
from sakimori.logs import duties as logs
from sakimori.logs.receive.pull import pull_due
from sakimori.notify import duties as notify
from sakimori.reports import duties as reports
from sakimori.run.watch import watch_intake
from sakimori.tickets import duties as tickets


@dataclass(frozen=True, slots=True)
class Duty:
    """A piece of work that is looked at every `every_seconds`; `run` returns how much it did.

    A duty that did something is looked at again at once.
    """

    name: str
    every_seconds: float
    run: Callable[[], int]


def host_name() -> str:
    """The first half of a worker's name."""
    return socket.gethostname()[:40]


def worker_name() -> str:
    """Who claims rows: this process on this machine."""
    return f"{host_name()}:{os.getpid()}"


def all_duties() -> list[Duty]:
    """The duties with the real clock and the real outside."""
    config, worker = settings.CONFIG, worker_name()
    store, spool = backends.log_store(), backends.spool()
    wave = timedelta(minutes=config.wave_minutes)
    return [
        Duty(
            "pull",
            min(1.0, config.pull_seconds),
            lambda: pull_due(
                open_logs=backends.waf_logs,
                spool=spool,
                clock=utc_now,
                pause=timedelta(seconds=config.pull_seconds),
            ),
        ),
        Duty("ingest", 0.5, lambda: logs.ingest_due(store=store, spool=spool, worker=worker, clock=utc_now)),
        Duty("find", 0.5, lambda: blacklist.find_attacks(store=store, clock=utc_now)),
        Duty("decide", 0.5, lambda: blacklist.decide_findings(store=store, now=utc_now())),
        Duty(
            "apply",
            0.5,
            lambda: blacklist.apply_blocks(open_vendor=backends.waf_vendor, worker=worker, clock=utc_now),
        ),
        Duty("tickets", 1.0, lambda: _tickets(wave, utc_now())),
        Duty("mail", 1.0, lambda: notify.send_due_mails(mailer=backends.mailer(), worker=worker, now=utc_now())),
        Duty("watch", 5.0, lambda: watch_intake(now=utc_now())),
        Duty("reports", 30.0, lambda: reports.open_reports(now=utc_now())),
        Duty("advisories", 2.0, lambda: advisories.mail_advisories(now=utc_now())),
        Duty("late reports", 60.0, lambda: reports.warn_of_late_reports(now=utc_now())),
        Duty(
            "spool",
            600.0,
            lambda: logs.clear_spool(spool=spool, keep=timedelta(hours=config.spool_hours), now=utc_now()),
        ),
    ]


def _tickets(wave: timedelta, now: datetime) -> int:
    return (
        tickets.open_tickets(wave=wave, now=now)
        + tickets.mail_blocks(wave=wave, now=now)
        + tickets.mail_restores(now=now)
    )
