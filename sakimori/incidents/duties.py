"""What incidents does again and again: search files for signals, visit sites, look for outages, beat, forget.

Visits take time, so a duty only sends them (`visitors.py`) and writes down those that have come back.
"""

from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial

from django.db.models import Exists, OuterRef, Q

from sakimori.customers.models import Site
from sakimori.customers.queries import running
from sakimori.incidents import outages
from sakimori.incidents.models import Incident, Probe, Watch
from sakimori.incidents.search import Searched, signals_in_files
from sakimori.incidents.settling import Rhythm, settle_incident, settle_watch
from sakimori.incidents.signals import Times, mark_silent, note_signals
from sakimori.incidents.visit import Target
from sakimori.incidents.visitors import Runner, World, controls_open, examine
from sakimori.lib.claims import claim
from sakimori.lib.jst import day_of
from sakimori.logs.lateness import timely
from sakimori.logs.models import LogFile, LogFileState
from sakimori.logs.store.interface import LogStore

_FILES_AT_ONCE = 200
_ROWS_AT_ONCE = 5000
_KEPT = timedelta(days=100)
_LATEST = timedelta(days=1)


def search_signals(*, store: LogStore, times: Times, clock: Callable[[], datetime]) -> int:
    """Search every stored file that was not searched yet. Returns how many files were.

    Months of files lie stored: only the latest are asked for the mark. What they tell opens nothing a day later.
    """
    stored = Q(state=LogFileState.STORED)  # In both halves, so that each of them finds its rows by the index.
    latest = stored & Q(searched_at=None) | stored & Q(searched_at__gte=clock() - _LATEST)
    files = LogFile.objects.filter(
        latest, running(day_of(clock()), contract="contract"), incident_search=None
    ).select_related("contract__customer")
    some = list(files.order_by("stored_at", "pk")[:_FILES_AT_ONCE])
    found = signals_in_files(store, [_searched(file, times) for file in some])
    for file in some:
        if file.pk in found:
            note_signals(file, found[file.pk], times=times, now=clock())
    mark_silent([file for file in some if file.pk not in found], now=clock())
    return len(some)


def _searched(file: LogFile, times: Times) -> Searched:
    span = timely(door=file.door, received_at=file.received_at, limit=times.late)
    return Searched(file.contract_id, file.pk, span)


def probe_incidents(*, runner: Runner, world: World, rhythm: Rhythm, worker: str) -> int:
    """Visit the sites of open incidents that are due. Returns how many visits were sent or have come back."""
    done = 0
    while (examination := runner.fetch()) is not None:
        settle_incident(examination, limits=world.limits, rhythm=rhythm, now=world.clock())
        done += 1
    now = world.clock()
    due = Incident.objects.filter(
        running(day_of(now), contract="contract"), ended_at=None, next_probe_at__lte=now, site__reachable=True
    ).select_related("site")
    for row in claim(
        due.order_by("next_probe_at", "pk"), worker=worker, now=now, lease=_lease(world), limit=_room(runner)
    ):
        if row.site is not None:
            runner.send(partial(examine, row.pk, _target(row.site), world, one_is_enough=False))
            done += 1
    return done


def watch_sites(*, runner: Runner, world: World, rhythm: Rhythm, worker: str) -> int:
    """Visit sites at quiet times, where the customer agreed to it. Returns how many were sent or have come back.

    A site with an open incident that is visited anyway is left out.
    """
    done = 0
    while (examination := runner.fetch()) is not None:
        settle_watch(examination, limits=world.limits, rhythm=rhythm, now=world.clock())
        done += 1
    now = world.clock()
    wanted = Site.objects.filter(running(day_of(now), contract="contract"), watched=True, reachable=True)
    new = wanted.filter(watch=None)
    Watch.objects.bulk_create((Watch(site=site, next_at=now) for site in new), ignore_conflicts=True)
    visited_anyway = Incident.objects.filter(site=OuterRef("site"), ended_at=None, next_probe_at__isnull=False)
    due = Watch.objects.filter(~Exists(visited_anyway), site__in=wanted, next_at__lte=now).select_related("site")
    for row in claim(due.order_by("next_at", "pk"), worker=worker, now=now, lease=_lease(world), limit=_room(runner)):
        runner.send(partial(examine, row.pk, _target(row.site), world, one_is_enough=True))
        done += 1
    return done


def _room(runner: Runner) -> int:
    return max(0, runner.free())


def _lease(world: World) -> timedelta:
    """Longer than the longest examination: three tries, then every control page, and time to write it down."""
    return timedelta(seconds=60 + world.limits.probe_seconds * (4 + len(world.controls)))


def _target(site: Site) -> Target:
    return Target(site.page_url, site.expected_text)


def find_outages(*, world: World, rhythm: Rhythm, now: datetime) -> int:
    """Outages of the vendor begin and end; incidents end that no visit will end. Always 0: nothing waits for more."""
    outages.end_vendor_outage(now=now)
    outages.end_what_stopped(quiet=rhythm.quiet, now=now)
    outages.find_vendor_outage(controls_open=lambda: controls_open(world), now=now)
    return 0


def beat(*, longest_gap: timedelta, now: datetime) -> int:
    """Say that this service works."""
    outages.beat(longest_gap=longest_gap, now=now)
    return 0


def forget_old_probes(*, now: datetime) -> int:
    """Delete visits of quiet times that nobody needs any more. Returns how many."""
    old = Probe.objects.filter(incident=None, at__lt=now - _KEPT).values_list("pk", flat=True)[:_ROWS_AT_ONCE]
    deleted, _ = Probe.objects.filter(pk__in=list(old)).delete()
    return deleted
