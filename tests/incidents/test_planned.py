"""計画停止: what may be registered, that nobody is called meanwhile, and that afterwards the site is judged anew."""

from datetime import timedelta

import pytest

from sakimori.customers.models import AuditEntry, Site
from sakimori.incidents import actions, planned
from sakimori.incidents.models import Decision, Incident, IncidentKind, PlannedStop, Probe, Verdict
from sakimori.incidents.planned import NotPossible, Span
from sakimori.logs.store.interface import LogStore
from sakimori.notify.models import Alarm, CallRound, Severity
from tests.incidents.post import Post, dead, make_contacts, only, url_of, watch_site
from tests.moments import START
from tests.people import People, make_people

pytestmark = pytest.mark.django_db

HOUR = timedelta(hours=1)


@pytest.fixture
def people() -> People:
    made = make_people()
    make_contacts(made.a)
    return made


@pytest.fixture
def post(log_store: LogStore, people: People) -> Post:
    return Post(log_store)


def site_of(people: People) -> Site:
    return people.a.sites.select_related("contract__customer").get()


def stop(people: People, *, begins: timedelta = -HOUR, ends: timedelta = HOUR) -> PlannedStop:
    span = Span(START + begins, START + ends, "サーバーの更新")
    return planned.register(site_of(people), span, by=people.alice, now=START - HOUR)


@pytest.mark.parametrize(
    ("begins", "ends", "words"),
    [
        (HOUR, HOUR, "終了は開始より後"),
        (HOUR, -HOUR, "終了は開始より後"),
        (-2 * HOUR, -HOUR, "終了がすでに過ぎています"),
        (HOUR, 74 * HOUR, "1 回の計画停止は 72 時間以内"),
        (timedelta(days=367), timedelta(days=367, hours=1), "開始は 1 年以内"),
    ],
)
def test_a_stop_that_cannot_be_is_refused_in_words(
    people: People, begins: timedelta, ends: timedelta, words: str
) -> None:
    with pytest.raises(NotPossible, match=words):
        planned.register(site_of(people), Span(START + begins, START + ends), by=people.alice, now=START)
    assert not PlannedStop.objects.exists()


def test_stops_may_overlap_but_the_same_one_is_registered_once_and_not_without_end(people: People) -> None:
    first = stop(people)
    assert stop(people) == first
    assert stop(people, ends=2 * HOUR) != first
    assert planned.ends_by_site([first.site_id], START) == {first.site_id: START + 2 * HOUR}
    for number in range(planned.MOST_OPEN - 2):
        stop(people, begins=timedelta(minutes=number), ends=3 * HOUR)
    with pytest.raises(NotPossible, match="50 件まで"):
        stop(people, ends=4 * HOUR)


def test_a_cancelled_contract_registers_nothing(people: People) -> None:
    people.a.ends_on = START.date()
    people.a.save()
    with pytest.raises(NotPossible, match="解約日"):
        planned.register(site_of(people), Span(START, START + HOUR), by=people.alice, now=START)


def test_taking_back_is_done_once_and_recorded(people: People) -> None:
    row = stop(people)
    assert planned.cancel(row, by=people.bob, now=START)
    assert not planned.cancel(row, by=people.bob, now=START + HOUR)
    assert not planned.cancel(stop(people, ends=2 * HOUR), by=people.bob, now=START + 3 * HOUR)
    assert planned.ends_by_site([row.site_id], START + timedelta(seconds=1)) == {row.site_id: START + 2 * HOUR}
    actions = list(AuditEntry.objects.filter(target=f"stop:{row.pk}").values_list("action", "actor"))
    assert actions == [("stop.register", "alice"), ("stop.cancel", "bob")]


# What it changes


def test_during_a_stop_a_site_that_is_down_opens_nothing_and_alarms_nobody(post: Post, people: People) -> None:
    site = watch_site(people.a)
    stop(people, ends=timedelta(minutes=12))
    post.pages.states[site.page_url] = dead
    for minutes in (0, 5, 5):
        post.round(minutes=minutes)
    assert Probe.objects.filter(verdict=Verdict.NOT_DISPLAYED).count() == 6
    assert not Incident.objects.exists()
    assert not Alarm.objects.exists()
    post.round(minutes=2)  # It is visited at the moment at which the stop ends.
    assert (only().kind, only().decision, only().bad_at) == (IncidentKind.SITE_DOWN, Decision.WAITING, post.clock())


def test_a_ddos_during_a_stop_calls_nobody_but_an_analyst_sees_it(post: Post, people: People) -> None:
    stop(people)
    post.pages.states[url_of(people.a)] = dead
    post.ddos(people.a)
    post.round()
    row = only()
    assert (row.verdict, row.in_planned_stop, row.told_at, row.bad_at) == (Verdict.NOT_DISPLAYED, True, None, None)
    assert row.decision == Decision.WAITING
    assert not CallRound.objects.exists()
    alarm = Alarm.objects.get()
    assert (alarm.severity, alarm.link) == (Severity.LOW, f"/console/incidents/{row.pk}/")
    assert "計画停止中に DDoS 攻撃を検知しました" in alarm.sentence
    for _ in range(3):
        post.round(minutes=1)
    assert Alarm.objects.get().count == 1


def test_when_the_stop_ends_and_the_site_is_still_bad_it_is_judged_anew_and_told(post: Post, people: People) -> None:
    stop(people, ends=timedelta(seconds=90))
    post.pages.states[url_of(people.a)] = dead
    post.ddos(people.a)
    post.round()
    post.round(seconds=60)
    assert only().told_at is None
    post.round(seconds=30)
    row = only()
    assert (row.in_planned_stop, row.told_at, row.verdict_at, row.bad_at) == (False, *[post.clock()] * 3)
    assert CallRound.objects.count() == 1
    assert AuditEntry.objects.filter(action="incident.verdict", target=f"incident:{row.pk}").count() == 2


def test_a_stop_that_is_taken_back_counts_no_more(post: Post, people: People) -> None:
    row = stop(people)
    post.pages.states[url_of(people.a)] = dead
    post.ddos(people.a)
    post.round()
    planned.cancel(row, by=people.alice, now=post.clock())
    post.round(minutes=1)
    assert only().told_at == post.clock()


def test_a_site_that_is_well_after_its_stop_is_an_internal_matter(post: Post, people: People) -> None:
    stop(people, ends=timedelta(seconds=90))
    post.pages.states[url_of(people.a)] = dead
    post.ddos(people.a)
    post.round()
    post.pages.states.clear()
    post.round(seconds=90)
    assert (only().verdict, only().told_at, only().decision) == (Verdict.NORMAL, None, Decision.NONE)


def test_an_analyst_may_tell_during_the_stop_and_then_it_is_told_once(post: Post, people: People) -> None:
    stop(people, ends=timedelta(seconds=90))
    post.pages.states[url_of(people.a)] = dead
    post.ddos(people.a)
    post.round()
    actions.tell_customer(only(), by=people.dana, now=post.clock())
    post.round(seconds=90)
    assert CallRound.objects.count() == 1


def test_who_was_told_before_the_stop_is_not_told_again_after_it(post: Post, people: People) -> None:
    post.pages.states[url_of(people.a)] = dead
    post.ddos(people.a)
    post.round()
    stop(people, begins=timedelta(seconds=30), ends=timedelta(seconds=90))
    for _ in range(3):
        post.round(minutes=1)
    assert (only().told_at, CallRound.objects.count()) == (START, 1)
    assert not Alarm.objects.filter(key__startswith="planned-stop").exists()
