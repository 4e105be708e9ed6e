"""Signals that came late: nobody is called, the SOC has one notice, and an analyst one row per site and kind."""

from datetime import timedelta

import pytest

from sakimori.customers.models import AuditEntry
from sakimori.incidents.late import late_signals, see_late
from sakimori.incidents.models import Incident, IncidentKind, LateSignal
from sakimori.incidents.search import ORIGIN_DOWN
from sakimori.logs.lateness import IMPORT_DOOR
from sakimori.logs.store.interface import LogStore
from sakimori.notify.models import Alarm, CallRound, Severity
from tests.incidents.post import LATE, Post, dead, make_contacts, only, url_of
from tests.lines import cef
from tests.moments import START
from tests.people import People, make_people

pytestmark = pytest.mark.django_db

MINUTE = timedelta(minutes=1)


@pytest.fixture
def people() -> People:
    made = make_people()
    make_contacts(made.a)
    return made


@pytest.fixture
def post(log_store: LogStore, people: People) -> Post:
    """The site is down, so that every visit would end in calls."""
    made = Post(log_store)
    made.pages.states[url_of(people.a)] = dead
    return made


def row() -> LateSignal:
    return LateSignal.objects.get()


@pytest.mark.parametrize(
    ("ago", "door"),
    [
        (LATE + timedelta(milliseconds=1), "pull"),
        (timedelta(hours=10), "hec"),
        (-LATE - MINUTE, "pull"),
        (timedelta(days=400), "drop"),
        (MINUTE, IMPORT_DOOR),
    ],
)
def test_late_signals_open_and_call_nothing_but_wait_in_the_list(
    post: Post, people: People, ago: timedelta, door: str
) -> None:
    post.ddos(people.a, ago=ago, door=door, number=4)
    post.round()
    assert (Incident.objects.count(), CallRound.objects.count(), post.pages.visited) == (0, 0, [])
    found = (row().contract, row().site, row().kind, row().signals, row().last_at, row().noted_at)
    assert found == (people.a, people.a.sites.get(), IncidentKind.DDOS, 4, START - ago, START)
    alarm = Alarm.objects.get()
    assert (alarm.key, alarm.severity, alarm.link, alarm.due_at) == (
        "late-signals",
        Severity.LOW,
        "/console/late/",
        None,
    )
    assert "1 件" in alarm.sentence


def test_at_the_limit_a_signal_is_not_late(post: Post, people: People) -> None:
    post.ddos(people.a, ago=LATE)
    assert post.search() == 1
    assert (only().signals, LateSignal.objects.count()) == (3, 0)


def test_old_and_future_events_in_a_file_neither_hide_nor_age_those_of_now(post: Post, people: People) -> None:
    lines = [
        cef("DDoS", "198.51.100.8", at=START - ago, act="REQ_BLOCKED_DDOS")
        for ago in (timedelta(hours=10), MINUTE, -timedelta(days=2))
    ]
    post.file(people.a, lines)
    post.search()
    assert (only().signals, only().last_signal_at) == (1, START - MINUTE)
    assert (row().signals, row().first_at, row().last_at) == (2, START - timedelta(hours=10), START + timedelta(days=2))


def test_a_day_of_files_after_an_outage_is_one_row_and_one_notice(post: Post, people: People) -> None:
    for hours in range(2, 24):
        post.ddos(people.a, ago=timedelta(hours=hours))
    while post.search():
        pass
    post.round()
    assert (row().signals, row().first_at, row().last_at) == (66, START - 23 * 60 * MINUTE, START - 2 * 60 * MINUTE)
    assert Alarm.objects.get().count == 22
    assert not CallRound.objects.exists()


def test_an_origin_that_was_down_is_a_row_of_its_own(post: Post, people: People) -> None:
    lines = [cef("Normal", "198.51.100.8", at=START - 5 * 60 * MINUTE, act=ORIGIN_DOWN)]
    post.file(people.a, lines)
    post.ddos(people.a, ago=timedelta(hours=5))
    post.search()
    assert set(LateSignal.objects.values_list("kind", flat=True)) == {IncidentKind.ORIGIN_DOWN, IncidentKind.DDOS}
    assert "2 件" in Alarm.objects.get().sentence


def test_a_site_that_the_contract_does_not_have_stands_in_the_list_by_its_name(post: Post, people: People) -> None:
    for name in ("old.example.jp", ""):
        post.file(people.a, [cef("DDoS", "198.51.100.8", at=START - 2 * LATE, site_id=77, site=name)])
        post.search()
    assert list(LateSignal.objects.order_by("pk").values_list("site", "site_name")) == [
        (None, "old.example.jp"),
        (None, "ID 77"),
    ]


def test_late_signals_count_for_the_incident_of_their_time_and_do_not_prolong_it(post: Post, people: People) -> None:
    post.ddos(people.a)
    post.search()
    opened, last = only().opened_at, only().last_signal_at
    post.clock.pass_time(hours=3)
    post.ddos(people.a, ago=timedelta(hours=3, minutes=2))
    post.ddos(people.a, ago=timedelta(hours=2))
    post.ddos(people.a, door=IMPORT_DOOR)
    post.search()
    assert (only().signals, only().opened_at, only().last_signal_at) == (12, opened, last)
    assert not LateSignal.objects.exists()


@pytest.mark.parametrize("ago", [timedelta(hours=6), -timedelta(hours=6)])
def test_what_came_long_before_or_claims_to_come_later_does_not_count_for_an_open_incident(
    post: Post, people: People, ago: timedelta
) -> None:
    post.ddos(people.a)
    post.ddos(people.a, ago=ago)
    post.search()
    assert (only().signals, only().last_signal_at, row().signals) == (3, START - MINUTE, 3)


def test_who_has_seen_it_is_recorded_once_and_later_ones_are_a_new_row(post: Post, people: People) -> None:
    post.ddos(people.a, ago=timedelta(hours=5))
    post.search()
    seen = list(late_signals())
    assert see_late(seen, by=people.dana, now=START) == 1
    assert see_late(seen, by=people.dana, now=START + MINUTE) == 0
    assert (row().seen_at, row().seen_by) == (START, people.dana)
    assert AuditEntry.objects.filter(action="signal.late.dismiss").count() == 1
    post.ddos(people.a, ago=timedelta(hours=4))
    post.search()
    assert [found.signals for found in late_signals()] == [3]
    assert LateSignal.objects.count() == 2


def test_a_file_that_is_searched_again_counts_once(post: Post, people: People) -> None:
    post.ddos(people.a, ago=timedelta(hours=5))
    assert (post.search(), post.search()) == (1, 0)
    assert row().signals == 3
