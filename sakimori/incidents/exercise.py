"""訓練: an incident of a sandbox customer is played. Only the visits and signals are invented; everything that follows
from them - verdict, ticket, mails, calls, clocks, the end - is done by the same rows, duties and rounds as always.
"""

from dataclasses import replace
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import F, QuerySet

from sakimori.accounts.models import User
from sakimori.customers import audit
from sakimori.customers.models import Site
from sakimori.incidents.actions import NotPossible
from sakimori.incidents.course import Exercise
from sakimori.incidents.models import Incident, IncidentKind
from sakimori.incidents.opening import check_sandbox, end, open_for_site
from sakimori.incidents.sandbox import check_manager
from sakimori.incidents.scenario import Scenario, from_json, from_past, to_json, visit_of
from sakimori.incidents.settling import Rhythm, settle_incident
from sakimori.incidents.telling import turns_of
from sakimori.incidents.visit import Limits, Target, Visit
from sakimori.incidents.visitors import World, examine
from sakimori.lib.jst import day_of
from sakimori.notify.by_hand import stop_round
from sakimori.notify.models import CallRound, RoundState

FASTEST = 120.0
_SHORTEST_PAUSE = timedelta(seconds=0.5)
_AT_ONCE = 20


def exercises() -> QuerySet[Exercise]:
    """Every exercise with whose it is, the newest first."""
    return Exercise.objects.select_related("incident__contract__customer", "incident__site", "started_by")


def replayable() -> QuerySet[Incident]:
    """Past incidents of real customers that an exercise can play again, the newest first."""
    rows = Incident.objects.filter(is_exercise=False, bad_at__isnull=False, ended_at__isnull=False)
    return rows.select_related("contract__customer", "site").order_by("-opened_at")


def scenario_of(incident: Incident) -> Scenario:
    """The course of a past incident. Raises `scenario.BadScenario`."""
    title = f"{incident.get_kind_display()}（{incident.opened_at:%Y-%m-%d}）の再現"
    turns = list(turns_of(incident).values_list("at", "verdict"))
    return from_past(title, incident.opened_at, incident.last_signal_at, turns)


def start_exercise(site: Site, scenario: Scenario, *, speed: float, by: User, now: datetime) -> Exercise:
    """Begin an exercise for a sandbox customer's site. Raises NotPossible, NotASandbox for a real customer."""
    check_sandbox(site.contract)
    check_manager(by)
    if not 1 <= speed <= FASTEST:
        raise NotPossible(f"早送りは 1 倍から {FASTEST:.0f} 倍までです。")
    if not site.reachable or not site.contract.runs_on(day_of(now)):
        raise NotPossible("このサイトでは訓練を行えません。")
    with transaction.atomic():
        # Whoever comes second waits here, and then sees what the first has begun.
        Site.objects.select_for_update().get(pk=site.pk)
        if Exercise.objects.filter(incident__site=site, next_at__isnull=False).exists():
            raise NotPossible("このお客様の訓練が進行中です。終わるのを待つか、中止してください。")
        incident = open_for_site(
            site, IncidentKind.DDOS, signals=1, last_signal_at=now, now=now, exercise=f"exercise:{site.pk}"
        )
        row = Exercise.objects.create(
            incident=incident,
            title=scenario.title[:100],
            scenario=to_json(scenario),
            speed=speed,
            started_at=now,
            started_by=by,
            next_at=now,
        )
        _record("exercise.start", row, by, now)
    return row


def stop_exercise(row: Exercise, *, by: User, now: datetime) -> None:
    """Break an exercise off: nobody else is mailed or called. Doing it twice changes nothing."""
    check_manager(by)
    with transaction.atomic():
        if not Exercise.objects.filter(pk=row.pk, next_at__isnull=False).update(next_at=None, stopped_at=now):
            return
        incident = Incident.objects.select_for_update(of=("self",)).get(pk=row.incident_id)
        for round_ in CallRound.objects.filter(key=f"incident:{incident.pk}", state=RoundState.RUNNING):
            stop_round(round_, by=by, reason="訓練を中止したため", now=now)
        if incident.ended_at is None:
            end(incident, now=now)
        _record("exercise.stop", row, by, now)


def play_exercises(*, world: World, rhythm: Rhythm) -> int:
    """Play every exercise that is due by one visit. Returns how many. Each beat is taken by one worker only."""
    now, played = world.clock(), 0
    for row in exercises().filter(next_at__lte=now).order_by("next_at", "pk")[:_AT_ONCE]:
        pause = max(rhythm.reprobe / row.speed, _SHORTEST_PAUSE)
        if Exercise.objects.filter(pk=row.pk, next_at=row.next_at).update(next_at=now + pause):
            _play(row, world, _faster(rhythm, row.speed), now)
            played += 1
    return played


def _play(row: Exercise, world: World, rhythm: Rhythm, now: datetime) -> None:
    incident = row.incident
    if incident.ended_at is not None or incident.site is None or not incident.contract.runs_on(day_of(now)):
        Exercise.objects.filter(pk=row.pk).update(next_at=None)
        return
    scenario, second = from_json(row.scenario), (now - row.started_at).total_seconds() * row.speed
    if scenario.attacks(second):
        Incident.objects.filter(pk=incident.pk).update(last_signal_at=now, signals=F("signals") + 1)
    done = examine(incident.pk, Target(incident.site.page_url), _staged(world, scenario, second), one_is_enough=False)
    settle_incident(done, limits=world.limits, rhythm=rhythm, now=world.clock())


def _staged(world: World, scenario: Scenario, second: float) -> World:
    """The same world, but for the pages: nothing is fetched by any way, and no control page plays dead."""
    shows = scenario.shows(second)

    def visiting(target: Target, *, limits: Limits, at: datetime) -> Visit:
        return visit_of(shows, url=target.url, at=at, limits=limits)

    return replace(
        world, visiting=visiting, controls=(), waf_controls=(), browser=None, vantage=None, pause=lambda: None
    )


def _faster(rhythm: Rhythm, speed: float) -> Rhythm:
    return replace(rhythm, reprobe=rhythm.reprobe / speed, quiet=rhythm.quiet / speed)


def _record(action: str, row: Exercise, by: User, now: datetime) -> None:
    audit.record(
        action,
        by=by.username,
        target=f"incident:{row.incident_id}",
        now=now,
        customer=row.incident.contract.customer,
        details={"scenario": row.title, "speed": row.speed, "exercise": True},
    )
