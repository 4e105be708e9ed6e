"""When an incident is over: calm, and three normal looks in a row; whatever order signals and verdicts come in."""

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sakimori.incidents.course import Turn
from sakimori.incidents.ending import NORMAL_IN_A_ROW, count_verdict, is_calm, is_over
from sakimori.incidents.models import Incident, IncidentKind, Verdict
from sakimori.incidents.site_settings import change, settings_of
from sakimori.logs.store.interface import LogStore
from tests.incidents.post import Post, dead, make_contacts, only, slow, url_of
from tests.moments import START
from tests.people import People, make_people

QUIET = timedelta(minutes=30)
MINUTE = timedelta(minutes=1)


def incident(kind: IncidentKind = IncidentKind.DDOS, **columns: object) -> Incident:
    values = {"kind": kind, "opened_at": START, "last_signal_at": START, "verdict": Verdict.NOT_DISPLAYED, **columns}
    return Incident(**values)


@pytest.mark.parametrize(
    ("columns", "minutes", "calm"),
    [
        ({}, 29, False),
        ({}, 30, True),
        ({"vendor_ended_at": START + 5 * MINUTE}, 6, True),
        ({"vendor_ended_at": START + 5 * MINUTE}, 4, False),
        ({"vendor_ended_at": START - MINUTE}, 6, False),
        ({"kind": IncidentKind.SITE_DOWN}, 0, True),
        ({"kind": IncidentKind.ORIGIN_DOWN}, 1, False),
    ],
)
def test_calm_is_quiet_or_the_vendors_word_that_no_signal_has_overtaken(
    columns: dict[str, object], minutes: int, calm: bool
) -> None:
    assert is_calm(incident(**columns), quiet=QUIET, now=START + minutes * MINUTE) is calm


@pytest.mark.parametrize("looks", range(5))
def test_three_normal_looks_in_a_row_are_wanted(looks: int) -> None:
    row = incident(normal_in_a_row=looks)
    assert is_over(row, quiet=QUIET, now=START + QUIET) is (looks >= NORMAL_IN_A_ROW)


def test_of_a_site_that_cannot_be_visited_quiet_alone_is_known() -> None:
    row = incident(verdict=Verdict.NOT_PROBED, vendor_ended_at=START + MINUTE)
    assert not is_over(row, quiet=QUIET, now=START + 2 * MINUTE)
    assert is_over(row, quiet=QUIET, now=START + QUIET)


@given(st.lists(st.sampled_from([verdict for verdict in Verdict if verdict not in ("pending", "not_probed")])))
def test_a_row_counts_the_normal_looks_at_its_end_and_keeps_its_first_moments(verdicts: list[Verdict]) -> None:
    row = incident()
    for number, verdict in enumerate(verdicts):
        count_verdict(row, verdict, visited_at=START + number * MINUTE, now=START + (number + 0.5) * MINUTE)
    tail = len(verdicts) - max((i for i, v in enumerate(verdicts, 1) if v != Verdict.NORMAL), default=0)
    assert row.normal_in_a_row == tail
    assert row.first_probe_at == (START if verdicts else None)
    bad = [i for i, verdict in enumerate(verdicts) if verdict in (Verdict.NOT_DISPLAYED, Verdict.SLOW)]
    assert row.bad_at == (START + (bad[0] + 0.5) * MINUTE if bad else None)


@pytest.fixture
def people() -> People:
    made = make_people()
    make_contacts(made.a)
    return made


@pytest.fixture
def post(log_store: LogStore, people: People) -> Post:
    return Post(log_store)


@pytest.mark.django_db
def test_every_change_of_what_visits_show_is_a_turn(post: Post, people: People) -> None:
    page = url_of(people.a)
    post.ddos(people.a)
    post.round()
    for make in (slow, slow, dead):
        post.pages.states[page] = make
        post.round(minutes=1)
    del post.pages.states[page]
    post.recover(minutes=1)
    assert [turn.verdict for turn in Turn.objects.all()] == ["normal", "slow", "not_displayed", "normal"]
    row = only()
    assert (row.first_probe_at, row.bad_at) == (START, START + MINUTE)
    assert (row.normal_in_a_row, row.ended_at, row.verdict) == (3, None, Verdict.SLOW)


@pytest.mark.django_db
def test_the_vendors_word_ends_an_attack_as_soon_as_the_site_is_well(post: Post, people: People) -> None:
    page = url_of(people.a)
    post.pages.states[page] = dead
    post.ddos(people.a)
    post.round()
    Incident.objects.update(vendor_ended_at=START + MINUTE)
    post.round(minutes=2)
    assert only().ended_at is None
    del post.pages.states[page]
    post.recover(minutes=1)
    assert only().ended_at == post.clock()


@pytest.mark.django_db
def test_a_relapse_begins_the_count_anew(post: Post, people: People) -> None:
    page = url_of(people.a)
    post.pages.states[page] = dead
    post.ddos(people.a)
    post.round()
    del post.pages.states[page]
    post.round(minutes=40)
    post.round(minutes=1)
    post.pages.states[page] = dead
    post.round(minutes=1)
    assert (only().normal_in_a_row, only().ended_at) == (0, None)
    del post.pages.states[page]
    post.recover(minutes=1)
    assert only().ended_at == post.clock()


@pytest.mark.django_db
def test_a_site_that_becomes_reachable_during_an_incident_is_looked_at_from_then_on(post: Post, people: People) -> None:
    site = people.a.sites.get()
    people.a.sites.update(reachable=False)
    post.pages.states[url_of(people.a)] = dead
    post.ddos(people.a)
    post.round()
    assert (only().verdict, only().next_probe_at) == (Verdict.NOT_PROBED, None)
    wish = replace(settings_of(people.a.sites.get()), reachable=True)
    assert change(site, wish, by=people.dana, now=post.clock())
    post.round(minutes=1)
    assert (only().verdict, only().told_at) == (Verdict.NOT_DISPLAYED, post.clock())
    del post.pages.states[url_of(people.a)]
    post.recover(minutes=40)
    assert only().ended_at == post.clock()
