"""Chapter 2-1-1 from the log line to the call: real duties, real stores, a twin of the visit."""

from datetime import timedelta

import pytest

from sakimori.customers.models import AuditEntry
from sakimori.incidents import actions, duties
from sakimori.incidents.grading import severity_of_incident
from sakimori.incidents.models import Decision, Incident, IncidentKind, Probe, SearchedFile, Verdict
from sakimori.incidents.signals import note_signals
from sakimori.logs.models import LogFile
from sakimori.logs.store.interface import LogStore
from sakimori.notify.models import Alarm, CallRound, Message, RoundState, Severity
from tests.incidents.post import (
    CONTROL,
    LATE,
    RHYTHM,
    TIMES,
    Post,
    dead,
    flapping,
    inner,
    make_contacts,
    only,
    slow,
    url_of,
    watch_site,
)
from tests.lines import cef, good
from tests.moments import START
from tests.people import People, make_contract, make_people

pytestmark = pytest.mark.django_db


@pytest.fixture
def people() -> People:
    made = make_people()
    make_contacts(made.a)
    return made


@pytest.fixture
def post(log_store: LogStore, people: People) -> Post:
    return Post(log_store)


def test_a_site_that_is_not_displayed_is_told_by_phone_at_once(post: Post, people: People) -> None:
    post.pages.states[url_of(people.a)] = dead
    post.ddos(people.a, number=5)
    assert post.search() == 1
    row = only()
    assert (row.kind, row.site, row.signals, row.verdict) == (IncidentKind.DDOS, people.a.sites.get(), 5, "pending")
    assert row.opened_at == START
    assert row.last_signal_at == START - timedelta(minutes=1)
    assert row.told_at is None
    post.probe()
    row.refresh_from_db()
    assert (row.verdict, row.told_at, row.decision) == (Verdict.NOT_DISPLAYED, START, Decision.NONE)
    assert row.sentence == "2 回中 2 回、30 秒以内に表示が完了しませんでした。"
    calls = CallRound.objects.get()
    assert (calls.key, calls.customer, calls.state) == (f"incident:{row.pk}", people.a.customer, RoundState.RUNNING)
    assert [call.number for call in calls.calls.all()] == ["03-0000-1001", "03-0000-1002"]
    assert "11 月 23 日 12 時 0 分の確認で、サイトが表示できない状態であることを確認しました。" in calls.say
    assert calls.link == f"/console/incidents/{row.pk}/"
    alarm = Alarm.objects.get()
    assert (alarm.severity, alarm.link) == (severity_of_incident(row), calls.link)
    assert alarm.severity == Severity.HIGH, "the same as on the incident's page, in the ticket and in the mail"
    assert "お客様への連絡を開始しました。" in alarm.sentence
    actions = set(AuditEntry.objects.values_list("action", flat=True))
    assert {"incident.open", "incident.verdict", "incident.told", "call.begin"} <= actions


def test_an_extremely_slow_site_is_told_too(post: Post, people: People) -> None:
    post.pages.states[url_of(people.a)] = slow
    post.ddos(people.a)
    post.round()
    assert (only().verdict, only().told_at) == (Verdict.SLOW, START)
    assert "極端に遅い状態" in CallRound.objects.get().say
    assert Probe.objects.count() == 3


def test_a_site_that_is_well_stays_an_internal_matter(post: Post, people: People) -> None:
    post.ddos(people.a)
    post.round()
    assert (only().verdict, only().told_at) == (Verdict.NORMAL, None)
    assert only().sentence == "2 回中 2 回、120 ミリ秒で正常に表示されました。"
    assert not CallRound.objects.exists()
    assert not Message.objects.exists()
    assert not Alarm.objects.exists()


def test_the_first_bad_verdict_tells_however_late_it_comes_and_only_the_first(post: Post, people: People) -> None:
    post.ddos(people.a)
    for _ in range(5):
        post.round(minutes=1)
    assert only().told_at is None
    post.pages.states[url_of(people.a)] = dead
    post.round(seconds=30)
    assert only().told_at is None
    post.round(seconds=30)
    told_at = only().told_at
    assert told_at == post.clock()
    for _ in range(3):
        post.round(minutes=1)
    assert (only().told_at, only().verdict, CallRound.objects.count()) == (told_at, Verdict.NOT_DISPLAYED, 1)


def test_further_signals_of_a_wave_only_count(post: Post, people: People) -> None:
    post.ddos(people.a, number=2)
    post.round()
    post.clock.pass_time(minutes=10)
    post.ddos(people.a, number=4)
    post.round()
    assert (only().signals, only().last_signal_at) == (6, post.clock() - timedelta(minutes=1))
    assert only().opened_at == START


def test_a_wave_ends_after_a_quiet_time_and_three_good_looks(post: Post, people: People) -> None:
    page = url_of(people.a)
    post.pages.states[page] = dead
    post.ddos(people.a)
    post.round()
    post.round(minutes=40)
    assert only().ended_at is None
    del post.pages.states[page]
    post.recover(minutes=1)
    row = only()
    assert (row.ended_at, row.next_probe_at, row.verdict) == (post.clock(), None, Verdict.NOT_DISPLAYED)
    post.ddos(people.a)
    post.round(minutes=1)
    assert Incident.objects.count() == 2


def test_before_the_quiet_time_is_over_a_good_visit_ends_nothing(post: Post, people: People) -> None:
    post.ddos(people.a)
    post.round()
    post.round(minutes=28)
    assert only().ended_at is None
    post.round(minutes=2)
    assert only().ended_at == post.clock()


def test_events_of_a_wave_that_has_ended_open_nothing_new(post: Post, people: People) -> None:
    post.ddos(people.a)
    post.round()
    post.round(minutes=40)
    post.ddos(people.a, ago=timedelta(minutes=20))
    post.round(minutes=1)
    assert only().signals == 6


@pytest.mark.parametrize(
    ("tries", "verdict"),
    [
        ([False, True, False], Verdict.NOT_DISPLAYED),
        ([True, False, False], Verdict.NOT_DISPLAYED),
        ([False, True, True], Verdict.NORMAL),
        ([True, True], Verdict.NORMAL),
    ],
)
def test_two_of_three_tries_decide(post: Post, people: People, tries: list[bool], verdict: Verdict) -> None:
    post.pages.states[url_of(people.a)] = flapping(tries)
    post.ddos(people.a)
    post.round()
    assert only().verdict == verdict
    assert (only().told_at is not None) is (verdict == Verdict.NOT_DISPLAYED)


def test_while_our_own_line_is_broken_no_customer_is_told_but_the_soc_is(post: Post, people: People) -> None:
    post.pages.states.update({url_of(people.a): dead, CONTROL: dead})
    post.ddos(people.a)
    post.round()
    assert (only().verdict, only().told_at) == (Verdict.INCONCLUSIVE, None)
    assert {probe.verdict for probe in Probe.objects.all()} == {Verdict.INCONCLUSIVE}
    alarm = Alarm.objects.get()
    assert (alarm.key, alarm.severity, alarm.count) == ("probe-inconclusive", Severity.HIGH, 1)
    assert "お客様への連絡は保留しています" in alarm.sentence
    post.round(minutes=1)
    assert Alarm.objects.get().count == 1
    del post.pages.states[CONTROL]
    post.round(minutes=1)
    assert (only().verdict, only().told_at) == (Verdict.NOT_DISPLAYED, post.clock())


def test_while_visits_prove_nothing_a_person_may_tell_the_customer(post: Post, people: People) -> None:
    post.pages.states.update({url_of(people.a): dead, CONTROL: dead})
    post.ddos(people.a)
    post.round()
    assert only().decision == Decision.WAITING
    assert Alarm.objects.get().link == "/console/incidents/"
    assert actions.tell_customer(only(), by=people.dana, now=post.clock()) == 1
    assert (only().decision, only().told_at) == (Decision.TELL, post.clock())
    assert "であることを確認しました" not in CallRound.objects.get().say
    del post.pages.states[CONTROL]
    post.round(minutes=1)
    assert (only().verdict, only().decision) == (Verdict.NOT_DISPLAYED, Decision.TELL)
    assert CallRound.objects.count() == 1


@pytest.mark.parametrize("well", [True, False])
def test_a_visit_that_proves_something_takes_that_decision_away(well: bool, post: Post, people: People) -> None:
    post.pages.states.update({url_of(people.a): dead, CONTROL: dead})
    post.ddos(people.a)
    post.round()
    post.pages.states = {} if well else {url_of(people.a): dead}
    post.round(minutes=1)
    assert (only().decision, only().told_at is None) == (Decision.NONE, well)
    with pytest.raises(actions.NotPossible):
        actions.tell_customer(only(), by=people.dana, now=post.clock())


def test_whatever_a_person_decided_before_a_site_that_is_not_displayed_is_told(post: Post, people: People) -> None:
    post.pages.states.update({url_of(people.a): dead, CONTROL: dead})
    post.ddos(people.a)
    post.round()
    actions.keep_inside(only(), by=people.dana, now=post.clock())
    del post.pages.states[CONTROL]
    post.round(minutes=1)
    assert only().told_at == post.clock()


def test_only_the_latest_files_are_looked_at(post: Post, people: People) -> None:
    file = post.ddos(people.a)
    LogFile.objects.filter(pk=file.pk).update(searched_at=START - timedelta(days=2))
    assert post.search() == 0
    LogFile.objects.filter(pk=file.pk).update(searched_at=START - timedelta(hours=2))
    assert post.search() == 1


def test_an_address_that_may_not_be_visited_proves_nothing(post: Post, people: People) -> None:
    post.pages.states[url_of(people.a)] = inner
    post.ddos(people.a)
    post.round()
    assert (only().verdict, only().told_at, Alarm.objects.get().key) == (
        Verdict.INCONCLUSIVE,
        None,
        "probe-inconclusive",
    )


def test_when_most_customers_look_bad_at_once_calls_are_held(post: Post, people: People) -> None:
    others = [make_contract(f"株式会社{letter}", letter) for letter in "DEF"]
    for contract in (people.b, *others):
        watch_site(contract)
        post.pages.states[url_of(contract)] = dead
    post.pages.states[url_of(people.a)] = dead
    post.controls = ()
    post.watch()
    post.ddos(people.a)
    post.round()
    row = Incident.objects.get(kind=IncidentKind.DDOS)
    assert (row.verdict, row.decision, row.told_at) == (Verdict.NOT_DISPLAYED, Decision.WAITING, None)
    assert row.hold is not None
    assert not CallRound.objects.exists()


def test_a_site_that_the_internet_cannot_reach_is_never_visited(post: Post, people: People) -> None:
    people.a.sites.update(reachable=False, watched=True)
    post.ddos(people.a)
    post.round()
    assert (only().verdict, only().told_at, only().next_probe_at) == (Verdict.NOT_PROBED, None, None)
    assert "インターネットから接続できない" in only().sentence
    assert "インターネットから接続できない" in Alarm.objects.get().sentence
    assert post.pages.visited == []
    post.round(minutes=30)
    assert only().ended_at == post.clock()


def test_nothing_is_done_for_a_contract_that_was_cancelled(post: Post, people: People) -> None:
    post.pages.states[url_of(people.a)] = dead
    watch_site(people.a)
    post.ddos(people.a)
    post.search()
    people.a.ends_on = START.date()
    people.a.save()
    post.ddos(people.a)
    post.round()
    assert (only().told_at, only().ended_at, post.pages.visited) == (None, START, [])
    assert SearchedFile.objects.count() == 1


def test_a_visit_that_comes_back_after_cancellation_tells_nobody(post: Post, people: People) -> None:
    post.pages.states[url_of(people.a)] = dead
    post.ddos(people.a)
    post.search()
    duties.probe_incidents(runner=post.called, world=post.world, rhythm=RHYTHM, worker="one")
    people.a.ends_on = START.date()
    people.a.save()
    post.probe()
    assert only().told_at is None
    assert Probe.objects.count() == 2


def test_sites_and_customers_are_kept_apart(post: Post, people: People) -> None:
    make_contacts(people.b)
    post.pages.states[url_of(people.b)] = dead
    post.ddos(people.a)
    post.ddos(people.b)
    post.round()
    told = {row.contract: row.told_at is not None for row in Incident.objects.all()}
    assert told == {people.a: False, people.b: True}
    assert CallRound.objects.get().customer == people.b.customer


def test_only_what_reports_a_ddos_is_a_signal(post: Post, people: People) -> None:
    at = post.clock() - timedelta(minutes=1)
    post.file(people.a, [*good("198.51.100.7", at=at, number=3), cef("SQL Injection", "198.51.100.8", at=at)])
    assert post.search() == 1
    assert not Incident.objects.exists()
    post.file(
        people.a,
        [
            cef("DDoS", "198.51.100.8", at=at, act="REQ_CHALLENGE_JAVASCRIPT"),
            cef("SQL Injection", "198.51.100.8", at=at, act="REQ_BLOCKED_DDOS"),
            cef("SQL Injection,DDoS", "198.51.100.8", at=at),
        ],
    )
    post.search()
    assert only().signals == 3


def test_a_signal_for_a_site_that_the_contract_does_not_have_is_an_alarm(post: Post, people: People) -> None:
    at = post.clock() - timedelta(minutes=1)
    post.file(people.a, [cef("DDoS", "198.51.100.8", at=at, site_id=ord("B"), site="shop-b.example.jp")])
    post.file(people.a, [cef("DDoS", "198.51.100.8", at=at - LATE, site_id=77, site="old.example.jp")])
    post.search()
    assert not Incident.objects.exists()
    assert "shop-b.example.jp" in Alarm.objects.get(severity=Severity.MIDDLE).sentence
    assert Alarm.objects.get(severity=Severity.LOW).key == "late-signals"


def test_a_file_is_searched_once_and_its_mark_comes_with_its_signals(post: Post, people: People) -> None:
    file = post.ddos(people.a)
    assert (post.search(), post.search()) == (1, 0)
    assert note_signals(file, [], times=TIMES, now=START) == 0
    assert SearchedFile.objects.get().file == file
    assert only().signals == 3


def test_what_was_bad_before_its_end_keeps_the_probes_of_every_try(post: Post, people: People) -> None:
    post.pages.states[url_of(people.a)] = flapping([False, True, False])
    post.ddos(people.a)
    post.round()
    probes = list(only().probes.order_by("pk"))
    assert [probe.verdict for probe in probes] == [Verdict.NOT_DISPLAYED, Verdict.NORMAL, Verdict.NOT_DISPLAYED]
    assert [probe.trouble for probe in probes] == ["timeout", "", "timeout"]
    assert (probes[1].status, probes[1].total_ms) == (200, 100)
    assert probes[0].sentence == "30 秒以内に表示が完了しませんでした。"
