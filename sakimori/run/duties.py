"""Every duty of the system: what is done, how often it is looked at, and with what of the outside world."""

import os
import time
from datetime import datetime, timedelta

from django.conf import settings

from sakimori import backends
from sakimori.advisories import duties as advisories
from sakimori.blacklist import duties as blacklist
from sakimori.blacklist.crawlers import crawlers_by
from sakimori.blacklist.expiry import expire_blocks
from sakimori.blacklist.forgetting import forget_findings
from sakimori.blacklist.hits import count_hits
from sakimori.blacklist.waiting import watch_questions
from sakimori.closing import duties as closing
from sakimori.closing.outside import Places
from sakimori.customers.importing import forget_drafts
from sakimori.lib.claims import host_name, worker_name
from sakimori.lib.disk import Floor
from sakimori.lib.jst import utc_now
from sakimori.logs import duties as logs
from sakimori.logs.balance import compare_new, compare_whole
from sakimori.logs.exports import duties as exports
from sakimori.logs.following import follow_intake, look_up_missing
from sakimori.logs.forgetting import forget_files
from sakimori.logs.receive.bucket import Buckets
from sakimori.logs.receive.drop import DropFolders
from sakimori.logs.receive.parallel import Parallel
from sakimori.logs.receive.pull import Puller
from sakimori.logs.receive.refusals import forget_refused
from sakimori.logs.reparse.working import House, reread_next
from sakimori.logs.retention import retain
from sakimori.logs.spool import Spool
from sakimori.logs.store.interface import LogStore
from sakimori.reports import duties as reports
from sakimori.reports.queries import logs_needed_since
from sakimori.run.duty import Duty
from sakimori.run.flow_watch import FlowWatch
from sakimori.run.incident_duties import incident_duties
from sakimori.run.notify_duties import notify_duties
from sakimori.run.rooms import disks, reserve
from sakimori.run.store_watch import watch_store
from sakimori.run.watch import watch_intake
from sakimori.run.watch_chain import watch_chains
from sakimori.run.watch_doors import watch_doors
from sakimori.run.watch_lines import watch_lines
from sakimori.tickets import duties as tickets
from sakimori.usage import duties as usage

_MANY_FILES = 50
_QUIET = timedelta(seconds=2)  # A dropped file that did not change for so long is complete.


def all_duties() -> list[Duty]:
    """The duties with the real clock and the real outside."""
    store, spool, worker = backends.log_store(), backends.spool(), worker_name()
    return [
        *_log_duties(store, spool, worker),
        *_block_duties(store, worker),
        *_ticket_duties(),
        *notify_duties(worker),
        *incident_duties(store, worker),
        *_usage_duties(),
        *_news_duties(),
        *_export_duties(store, spool, worker),
        *_letting_go(store, spool),
    ]


def _log_duties(store: LogStore, spool: Spool, worker: str) -> list[Duty]:
    config = settings.CONFIG
    pause, keep = timedelta(seconds=config.pull_seconds), timedelta(hours=config.spool_hours)
    silent, lag = timedelta(minutes=config.silent_minutes), timedelta(minutes=config.lag_minutes)
    flow_watch = FlowWatch(utc_now(), silent=silent, lag=lag)
    return [
        Duty(
            "pull",
            min(1.0, config.pull_seconds),
            Parallel(Puller(backends.waf_logs, spool, clock=utc_now, pause=pause)).start_due,
        ),
        Duty(
            "buckets",
            min(1.0, config.pull_seconds),
            Parallel(Buckets(backends.bucket, spool, clock=utc_now, pause=pause)).start_due,
        ),
        *_drop_duties(spool),
        Duty("ingest", 0.5, lambda: if_behind(ingest_with_room(store, spool, worker, reserve()))),
        Duty("reparse", 2.0, lambda: reparse_with_room(reserve())),
        Duty("follow", 5.0, lambda: follow_intake(now=utc_now())),
        Duty("windows", 30.0, lambda: look_up_missing(now=utc_now())),
        Duty("compare", 20.0, lambda: compare_new(store=store, now=utc_now())),
        Duty("compare whole", 60.0, lambda: compare_whole(store=store, now=utc_now())),
        Duty("watch", 5.0, lambda: watch_intake(now=utc_now())),
        Duty("watch doors", 15.0, lambda: watch_doors(now=utc_now())),
        Duty("watch lines", 60.0, lambda: watch_lines(now=utc_now())),
        Duty("chain", 30.0, lambda: watch_chains(store=store, now=utc_now())),
        Duty("watch flow", 15.0, lambda: flow_watch.watch(now=utc_now())),
        Duty("watch store", 15.0, lambda: watch_store(disks=disks(), now=utc_now())),
        Duty("spool", 600.0, lambda: logs.clear_spool(spool=spool, keep=keep, now=utc_now())),
    ]


def ingest_with_room(store: LogStore, spool: Spool, worker: str, reserved: Floor) -> int:
    """Store what is due, unless that would take the disk's last room from the database."""
    if reserved.is_reached():
        return 0
    told = backends.position().note
    return logs.ingest_due(store=store, spool=spool, worker=worker, clock=utc_now, on_bytes=told)


def reparse_house() -> House:
    """Where files that are read again come from and go to."""
    return House(
        store=backends.log_store(), spool=backends.spool(), worker=worker_name(), clock=utc_now, sleep=time.sleep
    )


def reparse_with_room(reserved: Floor) -> int:
    """Read the next stored files again, if somebody has asked for it; a copy of a day takes room for a while."""
    return 0 if reserved.is_reached() else reread_next(reparse_house())


def if_behind(files: int) -> int:
    """Small files cost the less the more of them are stored together: who keeps up pauses, so that they gather."""
    return files if files >= _MANY_FILES else 0


def _drop_duties(spool: Spool) -> list[Duty]:
    root = settings.CONFIG.drop
    if root is None:
        return []
    folders = DropFolders(root, spool, clock=utc_now, quiet=_QUIET)
    return [Duty("drop", _QUIET.total_seconds(), folders.take)]


def _export_duties(store: LogStore, spool: Spool, worker: str) -> list[Duty]:
    config = settings.CONFIG
    house = exports.House(
        store=store, worker=worker, service=config.service_name, log_days=config.log_days, clock=utc_now, spool=spool
    )
    return [
        Duty("exports", 1.0, lambda: exports.make_due(house)),
        Duty("old exports", 60.0, lambda: exports.forget_expired(now=utc_now())),
    ]


def _block_duties(store: LogStore, worker: str) -> list[Duty]:
    crawlers = crawlers_by(backends.name_server())
    return [
        Duty("find", 0.5, lambda: blacklist.find_attacks(store=store, clock=utc_now)),
        Duty("decide", 0.5, lambda: blacklist.decide_findings(store=store, now=utc_now(), crawlers=crawlers)),
        Duty(
            "apply",
            0.5,
            Parallel(blacklist.ListWork(backends.waf_vendor, worker, utc_now)).start_due,
        ),
        Duty("count hits", 5.0, lambda: count_hits(store=store, clock=utc_now)),
        Duty(
            "compare lists",
            2.0,
            Parallel(blacklist.ListComparison(backends.waf_vendor, worker, utc_now)).start_due,
        ),
        Duty("expire", 2.0, lambda: expire_blocks(now=utc_now())),
        Duty("questions", 5.0, lambda: watch_questions(limit=_ask_limit(), now=utc_now())),
    ]


def _ask_limit() -> timedelta:
    return timedelta(minutes=settings.CONFIG.ask_minutes)


def _ticket_duties() -> list[Duty]:
    wave = timedelta(minutes=settings.CONFIG.wave_minutes)
    return [
        Duty("tickets", 1.0, lambda: _tickets(wave, utc_now())),
        # First reports hurry, so that nothing that fails or takes its time elsewhere may stand before them.
        Duty("first reports", 1.0, lambda: tickets.tell_news(now=utc_now())),
        Duty("follow-ups", 3.0, lambda: tickets.follow_incidents(now=utc_now()) + tickets.tell_ends(now=utc_now())),
        Duty("ticket texts", 30.0, lambda: tickets.describe_tickets(now=utc_now())),
    ]


def _usage_duties() -> list[Duty]:
    return [
        Duty("samples", 5.0, lambda: usage.read_samples(open_vendor=backends.waf_vendor, clock=utc_now)),
        Duty("setup", 3.0, lambda: usage.read_setups(open_vendor=backends.waf_vendor, clock=utc_now)),
    ]


def _news_duties() -> list[Duty]:
    """What is written for customers: monthly reports and security news."""
    return [
        Duty("reports", 30.0, lambda: reports.open_reports(now=utc_now())),
        Duty("late reports", 60.0, lambda: reports.warn_of_late_reports(now=utc_now())),
        Duty("advisories", 2.0, lambda: advisories.mail_advisories(now=utc_now())),
    ]


def _letting_go(store: LogStore, spool: Spool) -> list[Duty]:
    """What ends: old days of the log, their findings that led to nothing, drafts that nobody imported, contracts; and
    notes of who was not let in.
    """
    return [
        # Days that are too old are partitions: while there are none, looking costs next to nothing.
        Duty("retention", 15.0, lambda: _retention(store, spool, utc_now())),
        Duty("ledger", 600.0, lambda: forget_files(store=store)),
        Duty("findings", 3600.0, lambda: _old_findings(utc_now())),
        Duty("drafts", 3600.0, lambda: forget_drafts(now=utc_now())),
        Duty("refused senders", 3600.0, lambda: forget_refused(now=utc_now())),
        # Under a name of its own: what other duties of this process hold is somebody else's.
        Duty("closing", 5.0, lambda: _closing(store, spool, f"{host_name()}:closing:{os.getpid()}")),
    ]


def _retention(store: LogStore, spool: Spool, now: datetime) -> int:
    days, needed = settings.CONFIG.log_days, logs_needed_since(now)
    return retain(store=store, spool=spool, log_days=days, needed_since=needed, now=now)


def _old_findings(now: datetime) -> int:
    return forget_findings(log_days=settings.CONFIG.log_days, needed_since=logs_needed_since(now), now=now)


def _closing(store: LogStore, spool: Spool, worker: str) -> int:
    closing.watch_approvals(now=utc_now())
    places = Places(store=store, spool=spool, data=settings.CONFIG.data, drop=settings.CONFIG.drop)
    return closing.delete_due(places=places, worker=worker, clock=utc_now)


def _tickets(wave: timedelta, now: datetime) -> int:
    return (
        tickets.open_tickets(wave=wave, now=now)
        + tickets.mail_blocks(wave=wave, now=now)
        + tickets.mail_restores(wave=wave, now=now)
    )
