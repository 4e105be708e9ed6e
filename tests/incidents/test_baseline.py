"""What is usual for a site: the percentile, the hours that count, the sums of an hour; as tables and properties."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sakimori.incidents.baseline import (
    MOST_TIMES,
    hour_of,
    percentile95,
    same_hours,
    thinned,
    usual_ms,
)
from sakimori.incidents.hour_sums import Around, Seen, Span, availability, hour_sum
from sakimori.incidents.models import Verdict
from sakimori.lib.jst import JST
from tests.moments import START

HOUR, WEEK = timedelta(hours=1), timedelta(weeks=1)


@pytest.mark.parametrize(
    ("times", "expected"),
    [
        ([7], 7),
        (list(range(1, 21)), 19),
        (list(range(1, 101)), 95),
        ([100] * 19 + [60_000], 100),
        ([100] * 18 + [60_000] * 2, 60_000),
        ([5, 1, 3], 5),
    ],
)
def test_the_percentile_is_the_nearest_rank(times: list[int], expected: int) -> None:
    assert percentile95(times) == expected


def test_an_empty_sample_has_no_percentile() -> None:
    with pytest.raises(ValueError, match="no percentile"):
        percentile95([])


@given(st.lists(st.integers(0, 60_000), min_size=1, max_size=300))
def test_at_least_95_of_100_are_not_greater_and_it_is_the_smallest_such_value(times: list[int]) -> None:
    found = percentile95(times)
    assert found in times
    assert sum(time <= found for time in times) * 100 >= 95 * len(times)
    assert sum(time < found for time in times) * 100 < 95 * len(times)


def test_the_same_hours_are_those_of_the_weeks_before_in_japan() -> None:
    moment = datetime(2026, 11, 22, 15, 40, 7, tzinfo=UTC)  # Monday, 23 November, 0:40 in Japan.
    hours = same_hours(moment)
    assert hours[0] == datetime(2026, 11, 15, 15, tzinfo=UTC)
    assert hours[-1] == datetime(2026, 9, 27, 15, tzinfo=UTC)
    assert len(hours) == 8
    assert {(hour.astimezone(JST).weekday(), hour.astimezone(JST).hour) for hour in hours} == {(0, 0)}


@pytest.mark.parametrize(
    ("weeks", "expected"),
    [
        ({}, None),
        ({1: [800] * 12}, None),
        ({1: [800] * 5, 2: [900] * 4}, None),
        ({1: [800] * 5, 2: [900] * 5}, 900),
        ({1: [800] * 12, 2: []}, None),
        ({2: [800] * 12, 8: [700] * 12}, 800),
        ({1: [800] * 12, 9: [700] * 12}, None),
    ],
)
def test_without_two_weeks_nothing_is_usual(weeks: dict[int, list[int]], expected: int | None) -> None:
    times = {hour_of(START) - number * WEEK: found for number, found in weeks.items()}
    assert usual_ms(times, START + timedelta(minutes=13)) == expected


@given(st.lists(st.integers(0, 60_000), max_size=500))
def test_a_long_hour_is_thinned_evenly(times: list[int]) -> None:
    kept = thinned(times)
    assert len(kept) == min(len(times), MOST_TIMES)
    remaining = iter(times)
    assert all(time in remaining for time in kept)


# One hour


def seen(minute: float, verdict: Verdict = Verdict.NORMAL, ms: int | None = 500) -> Seen:
    return Seen(START + timedelta(minutes=minute), verdict, ms)


def test_each_visit_stands_for_the_time_until_the_next() -> None:
    visits = [seen(minute) for minute in range(0, 60, 5)]
    visits[3] = seen(15, Verdict.NOT_DISPLAYED, 30_000)
    visits[4] = seen(20, Verdict.SLOW, 12_000)
    visits[5] = seen(25, Verdict.INCONCLUSIVE)
    found = hour_sum(reversed(visits), START, Around())
    assert (found.visits, found.up_seconds, found.down_seconds, found.unknown_seconds) == (12, 2700, 600, 300)
    assert (found.median_ms, found.highest_ms, found.times) == (500, 12_000, [500] * 9)


def test_a_single_visit_says_nothing_of_the_whole_hour() -> None:
    found = hour_sum([seen(0)], START, Around())
    assert (found.up_seconds, found.unknown_seconds) == (900, 0)


def test_an_hour_without_visits_is_empty() -> None:
    found = hour_sum([], START, Around())
    assert (found.visits, found.up_seconds, found.median_ms, found.times) == (0, 0, None, [])


def test_attacks_and_planned_stops_stay_out_of_what_is_usual() -> None:
    around = Around(
        stops=[Span(START + timedelta(minutes=10), START + timedelta(minutes=20))],
        attacks=[Span(START + timedelta(minutes=40), None)],
    )
    visits = [seen(minute, ms=100 + minute) for minute in range(0, 60, 5)]
    visits[2] = seen(10, Verdict.NOT_DISPLAYED, None)
    found = hour_sum(visits, START, around)
    assert found.times == [100, 105, 120, 125, 130, 135]
    assert (found.stopped_seconds, found.down_seconds, found.up_seconds) == (600, 0, 3000)
    assert found.highest_ms == 155


@given(
    st.lists(
        st.builds(
            Seen,
            at=st.integers(0, 3599).map(lambda second: START + timedelta(seconds=second)),
            verdict=st.sampled_from([each.value for each in Verdict]),
            total_ms=st.none() | st.integers(0, 60_000),
        ),
        max_size=80,
    )
)
def test_the_seconds_of_an_hour_are_never_more_than_an_hour(visits: list[Seen]) -> None:
    found = hour_sum(visits, START, Around())
    seconds = (found.up_seconds, found.down_seconds, found.stopped_seconds, found.unknown_seconds)
    assert sum(seconds) <= 3600
    assert min(seconds) >= 0
    share = availability(found.up_seconds, found.down_seconds)
    assert share is None or 0 <= share <= 100


def test_of_a_time_of_which_nothing_is_known_there_is_no_availability() -> None:
    assert availability(0, 0) is None
    assert availability(300, 100) == 75
