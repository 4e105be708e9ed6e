"""Hours of visits are summed up once, and what they show is the measure by which a site is slow."""

from datetime import datetime, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from sakimori.customers.models import Site
from sakimori.incidents.hours import sum_hours, usual_of
from sakimori.incidents.models import (
    Decision,
    Incident,
    IncidentKind,
    LateSignal,
    PlannedStop,
    Probe,
    SiteHour,
    SummedHour,
    Verdict,
)
from sakimori.incidents.visit import Visit
from sakimori.logs.store.interface import LogStore
from tests.incidents.post import Post, make_contacts, only, url_of, watch_site
from tests.incidents.rows import make_incident
from tests.moments import START
from tests.people import People, make_people

pytestmark = pytest.mark.django_db

WEEK = timedelta(weeks=1)


@pytest.fixture
def people() -> People:
    made = make_people()
    make_contacts(made.a)
    return made


@pytest.fixture
def post(log_store: LogStore, people: People) -> Post:
    return Post(log_store)


def make_hour(site: Site, at: datetime, ms: int = 800, **columns: object) -> None:
    """Twelve visits in the hour that begins then."""
    values: dict[str, object] = {"verdict": Verdict.NORMAL, "total_ms": ms, "url": site.page_url}
    Probe.objects.bulk_create(
        Probe(site=site, at=at + timedelta(minutes=5 * number), **{**values, **columns}) for number in range(12)
    )


def make_weeks(site: Site, *, ms: int, weeks: int = 3) -> None:
    """The hour of START in each of the weeks before, summed up."""
    for number in range(weeks, 0, -1):
        make_hour(site, START - number * WEEK, ms)
    while sum_hours(now=START):
        pass


def test_an_hour_is_summed_up_some_time_after_its_end_and_once(people: People) -> None:
    site = people.a.sites.get()
    make_hour(site, START)
    assert sum_hours(now=START + timedelta(minutes=74)) == 0
    assert sum_hours(now=START + timedelta(minutes=75)) == 1
    assert sum_hours(now=START + timedelta(minutes=80)) == 0
    row = SiteHour.objects.get()
    assert (row.site, row.begins_at, row.visits, row.up_seconds, row.median_ms, row.usual_ms) == (
        site,
        START,
        12,
        3600,
        800,
        None,
    )


def test_hours_that_were_missed_are_summed_up_later_and_a_clock_set_back_changes_nothing(people: People) -> None:
    site = people.a.sites.get()
    make_hour(site, START)
    make_hour(site, START + timedelta(hours=30))
    later = START + timedelta(hours=40)
    assert sum_hours(now=START) == 0
    assert sum_hours(now=later) == 2
    assert sum_hours(now=later) == 0
    assert sum_hours(now=START) == 0
    assert SiteHour.objects.count() == SummedHour.objects.count() == 2
    make_hour(site, START + timedelta(hours=7))
    assert sum_hours(now=later) == 1


def test_not_more_than_a_day_of_hours_is_summed_up_at_once(people: People) -> None:
    site = people.a.sites.get()
    for number in range(30):
        make_hour(site, START + timedelta(hours=number))
    later = START + timedelta(hours=40)
    assert [sum_hours(now=later) for _ in range(3)] == [24, 6, 0]


def test_what_is_usual_needs_two_weeks(people: People) -> None:
    site = people.a.sites.get()
    make_weeks(site, ms=800, weeks=1)
    assert usual_of([site.pk], START) == {}
    make_hour(site, START - 2 * WEEK, 700)
    make_hour(site, START, 900)
    while sum_hours(now=START + timedelta(hours=2)):
        pass
    assert usual_of([site.pk], START + WEEK + timedelta(minutes=59)) == {site.pk: 900}
    assert usual_of([site.pk], START + WEEK + timedelta(hours=1)) == {}
    assert usual_of([site.pk], START + 9 * WEEK) == {}


def test_asking_what_is_usual_costs_one_query_however_long_the_history(people: People) -> None:
    make_weeks(people.a.sites.get(), ms=800, weeks=10)
    with CaptureQueriesContext(
        connection,
    ) as asked:
        usual_of([people.a.sites.get().pk, people.b.sites.get().pk], START)
    assert len([query for query in asked if "sitehour" in query["sql"]]) == 1


def test_attacks_stops_and_other_paths_stay_out(people: People) -> None:
    site = people.a.sites.get()
    make_hour(site, START)
    make_hour(site, START, 9000, path="origin")
    make_hour(site, START, 9000, vantage="大阪")
    make_incident(
        people.a,
        IncidentKind.DDOS,
        probes=0,
        opened_at=START + timedelta(minutes=20),
        ended_at=START + timedelta(minutes=30),
    )
    PlannedStop.objects.create(
        site=site,
        starts_at=START + timedelta(minutes=40),
        ends_at=START + timedelta(hours=9),
        entered_by=people.dana,
        entered_at=START,
        cancelled_at=START + timedelta(minutes=50),
    )
    sum_hours(now=START + timedelta(hours=2))
    row = SiteHour.objects.get()
    # Ten minutes before the report belong to the attack already.
    assert row.times == [800] * 6
    assert (row.visits, row.stopped_seconds, row.highest_ms) == (12, 600, 800)


def test_an_attack_that_is_reported_after_its_hour_was_summed_up_leaves_the_measure(post: Post, people: People) -> None:
    site = people.a.sites.get()
    make_weeks(site, ms=800)
    make_hour(site, START, 9000)
    sum_hours(now=START + timedelta(hours=1, minutes=20))
    assert usual_of([site.pk], START + WEEK) == {site.pk: 9000}
    post.clock.pass_time(hours=1, minutes=30)
    post.ddos(people.a, ago=timedelta(minutes=58))
    post.search()
    row = SiteHour.objects.get(begins_at=START)
    # The attack is known from 10:32 on, and ten minutes before.
    assert (len(row.times), row.visits, row.highest_ms) == (5, 12, 9000)
    Probe.objects.filter(at__gte=START).delete()
    post.ddos(people.a, ago=timedelta(minutes=89))
    post.search()
    assert SiteHour.objects.get(begins_at=START).times == []
    assert usual_of([site.pk], START + WEEK) == {site.pk: 800}


def test_a_signal_that_is_late_by_hours_leaves_the_measure_too(post: Post, people: People) -> None:
    site = people.a.sites.get()
    make_hour(site, START, 9000)
    post.clock.pass_time(hours=5)
    sum_hours(now=post.clock())
    post.ddos(people.a, ago=timedelta(hours=4, minutes=30))
    post.search()
    assert LateSignal.objects.count() == 1
    # From 10:20 to 10:40 it was attacked.
    assert len(SiteHour.objects.get().times) == 8
    SummedHour.objects.all().delete()
    SiteHour.objects.all().delete()
    sum_hours(now=post.clock())
    assert len(SiteHour.objects.get().times) == 8


def test_what_an_exercise_has_invented_is_no_visit(people: People) -> None:
    site = people.a.sites.get()
    make_hour(site, START)
    played = make_incident(
        people.a, IncidentKind.DDOS, probes=0, is_exercise=True, opened_at=START - WEEK, ended_at=START
    )
    make_hour(site, START, 15_000, incident=played, verdict=Verdict.SLOW)
    sum_hours(now=START + timedelta(hours=2))
    assert (SiteHour.objects.get().visits, SiteHour.objects.get().down_seconds) == (12, 0)


def slow_in(ms: int) -> object:
    return lambda at, url: Visit(at=at, url=url, status=200, size_bytes=900, total_ms=ms)


@pytest.mark.parametrize(
    ("usual", "took", "verdict"),
    [
        (800, 14_200, Verdict.SLOW),
        (3_000, 14_200, Verdict.NORMAL),
        (3_000, 15_100, Verdict.SLOW),
        (None, 10_100, Verdict.SLOW),
        (800, 9_900, Verdict.NORMAL),
    ],
)
def test_a_site_is_slow_by_its_own_measure(
    post: Post, people: People, usual: int | None, took: int, verdict: Verdict
) -> None:
    if usual is not None:
        make_weeks(people.a.sites.get(), ms=usual)
    post.pages.states[url_of(people.a)] = slow_in(took)  # type: ignore[assignment]
    post.ddos(people.a)
    post.round()
    assert (only().verdict, only().told_at is not None) == (verdict, verdict == Verdict.SLOW)
    assert ("95 パーセンタイル" in only().sentence) is (usual is not None and took > 10_000)


def test_a_sites_own_settings_count_before_the_socs(post: Post, people: People) -> None:
    people.a.sites.update(slow_seconds=3, slow_factor=2)
    make_weeks(people.a.sites.get(), ms=1000)
    post.pages.states[url_of(people.a)] = slow_in(3100)  # type: ignore[assignment]
    post.ddos(people.a)
    post.round()
    assert only().verdict == Verdict.SLOW
    assert "1.0 秒に対し 3.1 秒かかりました（基準 3 秒かつ 2 倍）" in only().sentence


def test_at_quiet_times_a_heavy_page_is_normal_by_its_own_measure(post: Post, people: People) -> None:
    site = watch_site(people.a)
    make_weeks(site, ms=4000)
    post.pages.states[site.page_url] = slow_in(12_000)  # type: ignore[assignment]
    post.round()
    assert not Incident.objects.exists()
    assert Probe.objects.latest("pk").verdict == Verdict.NORMAL
    post.pages.states[site.page_url] = slow_in(21_000)  # type: ignore[assignment]
    post.round(minutes=5)
    assert (only().kind, only().verdict, only().decision) == (IncidentKind.SITE_DOWN, Verdict.SLOW, Decision.WAITING)
