"""What incidents does again and again: search files for signals, visit sites, look for outages, beat, forget.

Visits take time, so a duty only sends them (`visitors.py`) and writes down those that have come back.
"""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial

from django.conf import settings
from django.db.models import Exists, OuterRef, Q

from sakimori.customers.models import Site
from sakimori.customers.queries import running
from sakimori.incidents import hours, outages
from sakimori.incidents.baseline import HOUR
from sakimori.incidents.evidence import pictured
from sakimori.incidents.holding import review_hold
from sakimori.incidents.measure import limits_of
from sakimori.incidents.models import Incident, Probe, SummedHour, Watch
from sakimori.incidents.search import signals_in_files
from sakimori.incidents.settling import Rhythm, settle_incident
from sakimori.incidents.settling_quiet import settle_watches
from sakimori.incidents.signals import Times, mark_silent, note_signals
from sakimori.incidents.undecided import remind
from sakimori.incidents.visit import Target
from sakimori.incidents.visitors import Examination, Runner, World, controls_open, examine
from sakimori.lib.claims import claim, claim_together
from sakimori.lib.jst import day_of
from sakimori.logs.models import LogFile, LogFileState
from sakimori.logs.searching import searched, searched_together
from sakimori.logs.store.interface import LogStore

_FILES_AT_ONCE = 200
_ROWS_AT_ONCE = 5000
_KEPT = timedelta(days=35)  # Longer than the month that a report is about; their sums stay (`hours.py`).
_MOST_SETTLED = 200
_MARGIN = timedelta(minutes=1)
_TO_SETTLE = 60.0
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
    some = searched_together(files.order_by("stored_at", "pk")[:_FILES_AT_ONCE])
    found = signals_in_files(store, [searched(file, late=times.late) for file in some])
    for file in some:
        if file.pk in found:
            note_signals(file, found[file.pk], times=times, now=clock())
    mark_silent([file for file in some if file.pk not in found], now=clock())
    return len(some)


def probe_incidents(*, runner: Runner, world: World, rhythm: Rhythm, worker: str) -> int:
    """Visit the sites of open incidents that are due. Returns how many visits were sent or have come back."""
    done = 0
    while (examination := runner.fetch()) is not None:
        _settle(examination, world, rhythm)
        done += 1
    now = world.clock()
    due = Incident.objects.filter(
        running(day_of(now), contract="contract"), _is_due("next_probe_at", rhythm.reprobe, now), ended_at=None
    ).filter(site__reachable=True, is_exercise=False)
    due = due.select_related("site")
    for row in claim(
        due.order_by("next_probe_at", "pk"), worker=worker, now=now, lease=_lease(world), limit=_room(runner)
    ):
        if row.site is not None:
            target, known, own = _target(row.site), pictured(row), _for(row.site, world)
            runner.send(partial(examine, row.pk, target, own, one_is_enough=False, pictured=known))
            done += 1
    return done


def _settle(done: Examination, world: World, rhythm: Rhythm) -> None:
    """Where that fails the site is visited anew at once: nobody waits for the claim of a visit that is lost."""
    try:
        settle_incident(done, limits=world.limits, rhythm=rhythm, now=world.clock())
    except Exception:
        Incident.objects.filter(pk=done.key).update(claimed_by="", claimed_until=None)
        raise


def watch_sites(*, runner: Runner, world: World, rhythm: Rhythm, worker: str) -> int:
    """Visit sites at quiet times, where the customer agreed to it. Returns how many were sent or have come back.

    A site with an open incident that is visited anyway is left out.
    """
    come: list[Examination] = []
    while len(come) < _MOST_SETTLED and (examination := runner.fetch()) is not None:
        come.append(examination)
    if come:
        settle_watches(come, limits=world.limits, rhythm=rhythm, now=world.clock())
    now = world.clock()
    wanted = Site.objects.filter(running(day_of(now), contract="contract"), watched=True, reachable=True)
    new = wanted.filter(watch=None)
    Watch.objects.bulk_create((Watch(site=site, next_at=now) for site in new), ignore_conflicts=True)
    visited_anyway = Incident.objects.filter(site=OuterRef("site"), ended_at=None, next_probe_at__isnull=False)
    due = Watch.objects.filter(~Exists(visited_anyway), _is_due("next_at", rhythm.watch, now), site__in=wanted)
    due = due.select_related("site").order_by("next_at", "pk")
    sent = claim_together(due, worker=worker, now=now, lease=_lease(world), limit=_room(runner))
    for row in sent:
        runner.send(partial(examine, row.pk, _baseline(row.site), _for(row.site, world), one_is_enough=True))
    return len(come) + len(sent)


def _is_due(column: str, pause: timedelta, now: datetime) -> Q:
    """Rows whose moment has come, or lies further ahead than it can: then the clock was set back."""
    return Q(**{f"{column}__lte": now}) | Q(**{f"{column}__gt": now + pause + _MARGIN})


def _for(site: Site, world: World) -> World:
    """The world with the site's own ceiling. What is usual for it is asked only when a visit is beyond that."""
    return replace(world, limits=limits_of(site, world.limits))


def _room(runner: Runner) -> int:
    return max(0, runner.free())


def _lease(world: World) -> timedelta:
    """Longer than any examination may take, with time to wait in line and to be written down."""
    return timedelta(seconds=world.tries_seconds + world.patience + _TO_SETTLE)


def _baseline(site: Site) -> Target:
    """At quiet times only the page's beginning is read: it costs the customer's bandwidth."""
    return replace(_target(site), whole=False)


def _target(site: Site) -> Target:
    return Target(site.page_url, site.expected_text, origin=site.origin_address)


def find_outages(*, world: World, rhythm: Rhythm, now: datetime) -> int:
    """Outages of the vendor begin and end; incidents end that no visit will end. Always 0: nothing waits for more."""
    review_hold(now=now)  # First: what it lets go must not wait for the others, or for their faults.
    remind(quiet=rhythm.quiet, again=timedelta(minutes=settings.CONFIG.hold_minutes), now=now)
    outages.end_vendor_outage(now=now)
    outages.end_what_stopped(quiet=rhythm.quiet, now=now)
    outages.find_vendor_outage(controls_open=lambda: controls_open(world), now=now)
    return 0


def beat(*, longest_gap: timedelta, now: datetime) -> int:
    """Say that this service works."""
    outages.beat(longest_gap=longest_gap, now=now)
    return 0


def forget_old_probes(*, now: datetime) -> int:
    """Delete visits of quiet times that nobody needs any more, but never those of an hour that is not summed up yet.

    Returns how many rows, old sums included.
    """
    summed = SummedHour.objects.filter(begins_at__lt=now - _KEPT - HOUR).order_by("-begins_at").first()
    if summed is None:
        return hours.forget_old_hours(now=now)
    old = Probe.objects.filter(incident=None, at__lt=summed.begins_at + HOUR)
    deleted, _ = Probe.objects.filter(pk__in=list(old.values_list("pk", flat=True)[:_ROWS_AT_ONCE])).delete()
    return deleted + hours.forget_old_hours(now=now)
