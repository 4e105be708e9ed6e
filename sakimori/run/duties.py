"""Every duty of the system: what is done, how often it is looked at, and with what of the outside world."""

import os
import socket
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings

from sakimori import backends
from sakimori.blacklist import duties as blacklist
from sakimori.incidents import duties as incidents
from sakimori.incidents.probing import visit
from sakimori.incidents.settling import Rhythm
from sakimori.incidents.signals import Times
from sakimori.incidents.visit import Limits
from sakimori.incidents.visitors import Visitors, World
from sakimori.lib.jst import utc_now
from sakimori.logs import duties as logs
from sakimori.logs.receive.pull import pull_due
from sakimori.logs.store.interface import LogStore
from sakimori.notify import duties as notify
from sakimori.run.watch import watch_intake
from sakimori.tickets import duties as tickets

_PAUSE_BETWEEN_TRIES = 1.0


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
        Duty(
            "spool",
            600.0,
            lambda: logs.clear_spool(spool=spool, keep=timedelta(hours=config.spool_hours), now=utc_now()),
        ),
        *_incident_duties(store, worker),
    ]


def _incident_duties(store: LogStore, worker: str) -> list[Duty]:
    """Each runner belongs to one duty: it brings back only what that duty has sent."""
    config = settings.CONFIG
    called, watching = Visitors(), Visitors()
    world, rhythm = visit_world(), visit_rhythm()
    times, gap = Times(timedelta(minutes=config.late_minutes), rhythm.quiet), timedelta(minutes=config.outage_minutes)
    return [
        Duty("signals", 0.5, lambda: incidents.search_signals(store=store, times=times, clock=utc_now)),
        Duty(
            "probe",
            0.5,
            lambda: incidents.probe_incidents(runner=called, world=world, rhythm=rhythm, worker=worker),
        ),
        Duty(
            "watch sites",
            1.0,
            lambda: incidents.watch_sites(runner=watching, world=world, rhythm=rhythm, worker=worker),
        ),
        Duty("outages", 5.0, lambda: incidents.find_outages(world=world, rhythm=rhythm, now=utc_now())),
        Duty("heartbeat", min(30.0, gap.total_seconds() / 4), lambda: incidents.beat(longest_gap=gap, now=utc_now())),
        Duty("old probes", 3600.0, lambda: incidents.forget_old_probes(now=utc_now())),
    ]


def _tickets(wave: timedelta, now: datetime) -> int:
    return (
        tickets.open_tickets(wave=wave, now=now)
        + tickets.mail_blocks(wave=wave, now=now)
        + tickets.mail_restores(now=now)
    )


def visit_world() -> World:
    """Real visits with the settings' limits."""
    config = settings.CONFIG
    return World(
        visiting=visit,
        limits=Limits(config.probe_seconds, config.slow_seconds, training=config.training),
        controls=config.control_urls,
        clock=utc_now,
        pause=lambda: time.sleep(_PAUSE_BETWEEN_TRIES),
    )


def visit_rhythm() -> Rhythm:
    """When sites are visited, by the settings."""
    config = settings.CONFIG
    return Rhythm(
        reprobe=timedelta(seconds=config.reprobe_seconds),
        watch=timedelta(minutes=config.probe_minutes),
        quiet=timedelta(minutes=config.quiet_minutes),
    )
