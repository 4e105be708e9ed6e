"""Clocks and promises: what each step took, what the table promises, and the alarm before a promise is broken."""

from datetime import datetime, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from hypothesis import given
from hypothesis import strategies as st

from sakimori.incidents.clocks import Clocks, Step, passed, read, span
from sakimori.incidents.grading import promised_since, severity_of, severity_of_alarm, severity_of_incident
from sakimori.incidents.models import Decision, Incident, IncidentKind, Verdict
from sakimori.incidents.promises import watch_promises
from sakimori.incidents.telling import clocks_of, promises_of
from sakimori.notify.actions import write_mail
from sakimori.notify.calling import call_contacts
from sakimori.notify.models import Alarm, Call, CallMatter, CallState, Delivery, Severity
from sakimori.notify.severity import TABLE, Channel, Keeping, level_of, promise, promised
from sakimori.tickets.grading import severity_of_kind
from sakimori.tickets.models import TicketKind
from tests.incidents.rows import make_incident
from tests.people import NOW, People, make_people

SECOND, MINUTE = timedelta(seconds=1), timedelta(minutes=1)
MOMENTS = st.none() | st.integers(-100, 5000).map(lambda seconds: NOW + seconds * SECOND)


def at(**steps: float) -> Clocks:
    return Clocks(NOW, **{f"{step}_at": NOW + seconds * SECOND for step, seconds in steps.items()})


def test_each_step_is_timed_from_the_step_before_which_it_cannot_come() -> None:
    took = {r.step: r.shown for r in read(at(probe=0.4, verdict=3, bad=63, mail=65.5, ring=66, reached=190))}
    assert took == {
        Step.SIGNAL: "",
        Step.PROBE: "0.4 秒",
        Step.VERDICT: "3.0 秒",
        Step.BAD: "1 分 3 秒",
        Step.MAIL: "2.5 秒",
        Step.RING: "3.0 秒",
        Step.REACHED: "2 分 7 秒",
    }


@pytest.mark.parametrize(
    ("steps", "good"),
    [
        ({"probe": 5, "verdict": 60, "bad": 60, "mail": 70, "ring": 70}, True),
        ({"probe": 5.1, "verdict": 60, "bad": 60, "mail": 70, "ring": 70}, False),
        ({"probe": 5, "verdict": 60, "bad": 60, "mail": 70.1, "ring": 70}, False),
        ({"probe": 5, "verdict": 60, "bad": 60, "mail": 70}, False),
        ({}, False),
    ],
)
def test_an_exercise_is_passed_when_every_goal_was_reached(steps: dict[str, float], good: bool) -> None:
    assert passed(read(at(**steps))) is good


@given(st.tuples(MOMENTS, MOMENTS, MOMENTS, MOMENTS, MOMENTS, MOMENTS))
def test_no_moments_whatever_make_a_negative_or_invented_span(moments: tuple[datetime | None, ...]) -> None:
    clocks = Clocks(NOW, *moments)
    for reading in read(clocks):
        assert reading.took is None or reading.took >= timedelta(0)
        assert (reading.took is None) == (reading.at is None or reading.step is Step.SIGNAL)


@pytest.mark.parametrize(
    ("seconds", "words"), [(0, "0.0 秒"), (59.9, "59.9 秒"), (60, "1 分 0 秒"), (7325, "2 時間 2 分")]
)
def test_spans_are_written_as_people_say_them(seconds: float, words: str) -> None:
    assert span(seconds * SECOND) == words


@pytest.mark.parametrize(
    ("kind", "verdict", "severity"),
    [
        (IncidentKind.DDOS, Verdict.NOT_DISPLAYED, Severity.HIGH),
        (IncidentKind.DDOS, Verdict.SLOW, Severity.HIGH),
        (IncidentKind.DDOS, Verdict.NORMAL, Severity.LOW),
        (IncidentKind.DDOS, Verdict.INCONCLUSIVE, Severity.MIDDLE),
        (IncidentKind.DDOS, Verdict.NOT_PROBED, Severity.MIDDLE),
        (IncidentKind.SITE_DOWN, Verdict.NORMAL, Severity.HIGH),
        (IncidentKind.ORIGIN_DOWN, Verdict.NOT_DISPLAYED, Severity.HIGH),
        (IncidentKind.ORIGIN_DOWN, Verdict.PENDING, Severity.MIDDLE),
        (IncidentKind.VENDOR, Verdict.NOT_PROBED, Severity.MIDDLE),
        (IncidentKind.OWN, Verdict.NOT_PROBED, Severity.MIDDLE),
    ],
)
def test_the_severity_says_what_a_visitor_meets(kind: IncidentKind, verdict: Verdict, severity: Severity) -> None:
    assert severity_of(kind, verdict) is severity


def test_what_was_bad_once_stays_grave() -> None:
    assert severity_of_incident(Incident(kind="ddos", verdict="normal", bad_at=NOW)) is Severity.HIGH


@pytest.mark.parametrize("kind", list(IncidentKind))
@pytest.mark.parametrize("verdict", list(Verdict))
def test_an_alarm_is_as_grave_as_its_incident_or_graver_while_somebody_must_decide(
    kind: IncidentKind, verdict: Verdict
) -> None:
    told, waits = (Incident(kind=kind, verdict=verdict, decision=decision) for decision in ("tell", "waiting"))
    assert severity_of_alarm(told) is severity_of_incident(told)
    assert severity_of_alarm(waits) is Severity.HIGH


def test_every_kind_of_ticket_and_every_severity_has_its_line() -> None:
    assert {severity_of_kind(kind) for kind in TicketKind} == set(Severity)
    assert [level.severity for level in TABLE] == list(Severity)
    assert promised(Severity.HIGH) == "重要度: 高（メール 5 分以内、電話 15 分以内）"
    assert promised(Severity.LOW) == "重要度: 低（メール 240 分以内）"
    assert level_of(Severity.MIDDLE).minutes(Channel.PHONE) is None


@pytest.mark.parametrize(
    ("columns", "since"),
    [
        ({"bad_at": NOW}, NOW),
        ({}, None),
        ({"told_at": NOW + MINUTE, "decision": Decision.TELL}, NOW + MINUTE),
        ({"bad_at": NOW, "decision": Decision.KEEP}, None),
        ({"kind": "site_down", "decision": Decision.WAITING}, NOW - MINUTE),
        ({"kind": "vendor", "decision": Decision.WAITING}, NOW - MINUTE),
        ({"kind": "origin_down", "decision": Decision.WAITING}, None),
    ],
)
def test_promises_run_from_the_moment_at_which_there_is_something_to_tell(
    columns: dict[str, object], since: object
) -> None:
    assert promised_since(Incident(**{"kind": "ddos", "opened_at": NOW - MINUTE, **columns})) == since


@pytest.mark.parametrize(
    ("minutes", "done", "keeping"),
    [
        (8.9, None, Keeping.RUNNING),
        (9, None, Keeping.DUE),
        (15, None, Keeping.DUE),
        (15.1, None, Keeping.BROKEN),
        (99, 15, Keeping.KEPT),
        (99, 16, Keeping.BROKEN),
    ],
)
def test_a_promise_is_due_before_it_is_broken(minutes: float, done: float | None, keeping: Keeping) -> None:
    done_at = NOW + done * MINUTE if done is not None else None
    found = promise(Severity.HIGH, Channel.PHONE, since=NOW, done_at=done_at, now=NOW + minutes * MINUTE)
    assert found is not None
    assert (found.keeping, found.due_at, found.words) == (keeping, NOW + 15 * MINUTE, "電話 15 分以内")


@pytest.fixture
def people(db: None) -> People:
    people = make_people()
    people.a.customer.contacts.create(name="桜井 花子", email="a@example.jp", phone="03-0000-1001", priority=1)
    return people


def told(people: People, **columns: object) -> Incident:
    group = f"g{Incident.objects.count()}"
    row = make_incident(people.a, IncidentKind.DDOS, bad_at=NOW, told_at=NOW, group=group, **columns)
    key = f"incident:{row.pk}"
    write_mail(key=key, customer=people.a.customer, subject="第一報", body="本文", now=NOW)
    call_contacts(key=key, customer=people.a.customer, subject="件", say="件", now=NOW)
    return row


def rang(row: Incident, **columns: object) -> None:
    Call.objects.filter(round__key=f"incident:{row.pk}").update(**columns)
    if columns.get("state") == CallState.CONFIRMED:
        CallMatter.objects.filter(key=f"incident:{row.pk}").update(told_at=columns["ended_at"])


def mailed(row: Incident) -> None:
    Delivery.objects.filter(message__key=f"incident:{row.pk}").update(accepted_at=NOW + SECOND, state="accepted")


def test_a_round_that_began_about_something_else_has_rung_since_this_incident_joined_it(people: People) -> None:
    first = told(people)
    rang(first, state=CallState.RINGING, intended_at=NOW, rang_at=NOW)
    joined = make_incident(people.a, IncidentKind.DDOS, group="second", told_at=NOW)
    round_ = Call.objects.earliest("pk").round
    at = NOW + 30 * SECOND
    round_.matters.create(key=f"incident:{joined.pk}", subject="DDoS", say="確認。", added_at=at)
    assert clocks_of([joined])[joined.pk].ring_at == at
    rang(first, state=CallState.BUSY, ended_at=NOW + SECOND)
    assert clocks_of([joined])[joined.pk].ring_at is None
    assert clocks_of([first])[first.pk].ring_at == NOW


@pytest.mark.parametrize(
    ("columns", "ring", "reached"),
    [
        ({}, None, None),
        ({"state": CallState.INTENDED, "intended_at": NOW}, None, None),
        ({"state": CallState.FAILED, "intended_at": NOW, "ended_at": NOW}, None, None),
        ({"state": CallState.BUSY, "intended_at": NOW, "ended_at": NOW + SECOND}, NOW, None),
        ({"state": CallState.RINGING, "intended_at": NOW, "rang_at": NOW + SECOND}, NOW + SECOND, None),
        ({"state": CallState.CONFIRMED, "intended_at": NOW, "ended_at": NOW + SECOND}, NOW, NOW + SECOND),
    ],
)
def test_a_phone_rang_when_a_provider_or_the_end_of_the_call_says_so(
    columns: dict[str, object], ring: object, reached: object, people: People
) -> None:
    row = told(people)
    rang(row, **columns)
    clocks = clocks_of([row])[row.pk]
    assert (clocks.ring_at, clocks.reached_at) == (ring, reached)


def test_an_operator_who_dials_makes_it_ring(people: People) -> None:
    row = told(people)
    rang(row, state=CallState.INTENDED, intended_at=NOW + SECOND, entered_by=people.dana)
    assert clocks_of([row])[row.pk].ring_at == NOW + SECOND


def test_clocks_of_many_incidents_cost_as_much_as_those_of_one(people: People) -> None:
    rows = [told(people) for _ in range(4)]
    for row in rows:
        mailed(row)
    with CaptureQueriesContext(connection) as asked:
        found = clocks_of(rows)
    assert len(asked) == 3
    assert {clocks.mail_at for clocks in found.values()} == {NOW + SECOND}


def test_the_soc_is_alarmed_before_a_promise_is_broken_and_once_when_it_is(people: People) -> None:
    row = told(people)
    mailed(row)
    assert watch_promises(now=NOW + 8 * MINUTE) == 0
    for _ in range(3):
        watch_promises(now=NOW + 10 * MINUTE)
    alarm = Alarm.objects.get(key=f"promise:{row.pk}:phone:due")
    assert (alarm.severity, alarm.count, alarm.link) == (Severity.HIGH, 1, f"/console/incidents/{row.pk}/")
    assert "（電話 15 分以内）の期限 2026年11月23日 22:20:07 が近づいています" in alarm.sentence
    assert watch_promises(now=NOW + 16 * MINUTE) == 1
    assert "を過ぎました" in Alarm.objects.get(key=f"promise:{row.pk}:phone:broken").sentence
    rang(row, state=CallState.RINGING, rang_at=NOW + 17 * MINUTE)
    watch_promises(now=NOW + 18 * MINUTE)
    alarm.refresh_from_db()
    assert alarm.sentence.count("に実施済み") == 1
    watch_promises(now=NOW + 19 * MINUTE)
    assert Alarm.objects.get(pk=alarm.pk).sentence == alarm.sentence, "once"
    kept = {each.channel: each.keeping for each in promises_of(row, clocks_of([row])[row.pk], now=NOW + 99 * MINUTE)}
    assert kept == {Channel.MAIL: Keeping.KEPT, Channel.PHONE: Keeping.BROKEN}


def test_nothing_is_owed_for_what_was_kept_inside_or_for_a_contract_that_has_ended(people: People) -> None:
    make_incident(people.b, IncidentKind.VENDOR, decision=Decision.KEEP)
    told(people)
    people.a.ends_on = NOW.date()
    people.a.save()
    assert watch_promises(now=NOW + 90 * MINUTE) == 0


def test_a_decision_that_nobody_makes_is_a_promise_that_runs(people: People) -> None:
    make_incident(people.b, IncidentKind.VENDOR)
    assert watch_promises(now=NOW + 30 * MINUTE) == 0
    assert watch_promises(now=NOW + 40 * MINUTE) == 1
    assert "契約 K-B-001 への連絡（メール 60 分以内）" in Alarm.objects.get().sentence
