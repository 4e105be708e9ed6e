"""Sums of a month: by kind, day, site and outcome; what is unknown is never zero; frozen figures come back alike."""

import json
from datetime import date

from hypothesis import given
from hypothesis import strategies as st

from sakimori.reports.figures import Count, LogNote, Tally, add_up, from_json, to_json
from tests.reports import samples

DAY = date(2026, 10, 3)
OUTCOMES = ["blocked", "allowed", "challenged", "denied", "error", "unknown", "something new"]
COUNTS = st.lists(
    st.builds(
        Count,
        day=st.dates(*samples.DAYS),
        site=st.sampled_from([*samples.SITES, "", "other.example.jp"]),
        kind=st.sampled_from(["none", "sql_injection", "ddos", "a kind of tomorrow"]),
        outcome=st.sampled_from(OUTCOMES),
        events=st.integers(1, 10**9),
    ),
    max_size=30,
)


def test_every_outcome_has_its_column_and_unknown_ones_are_other() -> None:
    tally = add_up(Count(DAY, "a", "ddos", outcome, 1) for outcome in OUTCOMES)
    assert tally == Tally(blocked=1, passed=1, challenged=1, other=4)
    assert tally.total == 7


@given(COUNTS)
def test_every_way_of_adding_up_gives_the_same_total(counts: list[Count]) -> None:
    figures = samples.make_figures(counts)
    attacks = sum(count.events for count in counts if count.kind != "none")
    for parts in (figures.kinds, figures.days, figures.sites):
        assert sum(part.tally.total for part in parts) == attacks  # type: ignore[attr-defined]
    assert figures.total.total == attacks
    assert figures.events == sum(count.events for count in counts)
    assert len(figures.days) == 31


@given(COUNTS)
def test_frozen_figures_come_back_as_they_were(counts: list[Count]) -> None:
    figures = samples.make_figures(counts, tickets=(samples.ticket(1),), attackers=samples.sources())
    assert from_json(json.loads(json.dumps(to_json(figures)))) == figures


def test_the_gravest_numbers_come_first_and_quiet_sites_are_there_too() -> None:
    figures = samples.make_figures(
        [Count(DAY, "b.example.jp", "ddos", "blocked", 2), Count(DAY, samples.SITES[1], "bad_bot", "blocked", 9)]
    )
    assert [figure.kind for figure in figures.kinds] == ["bad_bot", "ddos"]
    assert [figure.site for figure in figures.sites] == [samples.SITES[1], "b.example.jp", samples.SITES[0]]
    assert figures.sites[2].tally.total == 0


def test_good_traffic_is_the_access_lines_that_passed() -> None:
    figures = samples.make_figures(
        [Count(DAY, samples.SITES[0], "none", "allowed", 40), Count(DAY, samples.SITES[0], "none", "error", 2)]
    )
    assert figures.good == 40
    assert [site.good for site in figures.sites] == [40, None], "a site without any access line may not log them"
    assert figures.total.total == 0


def test_good_traffic_is_unknown_without_access_lines_and_never_zero() -> None:
    attack = Count(DAY, samples.SITES[0], "ddos", "blocked", 2)
    access = Count(DAY, samples.SITES[0], "none", "allowed", 40)
    for figures in (
        samples.make_figures([attack, access], keeps_access_lines=False),
        samples.make_figures([attack], keeps_access_lines=True),
        samples.make_figures([], keeps_access_lines=True),
    ):
        assert figures.good is None
        assert {site.good for site in figures.sites} == {None}


def test_a_silent_month_is_not_a_quiet_month() -> None:
    assert not samples.silent().received
    assert samples.quiet().received
    assert samples.make_figures([Count(DAY, "a", "none", "allowed", 1)]).received


def test_a_day_is_silent_when_neither_a_file_nor_an_event_came() -> None:
    figures = samples.make_figures(
        [Count(date(2026, 10, 1), "a", "none", "allowed", 1)],
        files_by_day={date(2026, 10, number): 3 for number in range(3, 32)},
        log=LogNote(files=87),
    )
    assert figures.log.silent_days == ["2026-10-02"]
    assert figures.log.files == 87
