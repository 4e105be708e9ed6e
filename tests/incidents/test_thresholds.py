"""When blocked traffic is a signal, by how much a counter rose, and which sites lie behind a network."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sakimori.incidents.behind import sites_behind
from sakimori.incidents.thresholds import BUCKET, Threshold, floods, rise, window_of
from sakimori.waf.interface import BlockedSample

SINCE = datetime(2026, 11, 22, tzinfo=UTC)
RULE = Threshold(per_second=100, times_usual=10)  # 30,000 in five minutes.


def at(place: int) -> datetime:
    return SINCE + place * BUCKET


def samples(*counts: int, first: int = 0) -> list[BlockedSample]:
    """One for each five minutes; those of nothing are left out, as the vendor does."""
    return [BlockedSample(at(first + n), count) for n, count in enumerate(counts) if count]


def flooded(*counts: int, first: int = 0) -> list[int]:
    found = floods(samples(*counts, first=first), RULE, since=SINCE)
    return [(sample.at - SINCE) // BUCKET for sample in found]


@pytest.mark.parametrize(
    ("counts", "expected"),
    [
        ((), []),
        ((29_999,), []),
        ((30_000,), [0]),
        ((10, 30_000, 10, 40_000), [1, 3]),
        # In the first hour nothing is usual yet; later ten times the usual is needed.
        ((*[4_000] * 11, 31_000), [11]),
        ((*[4_000] * 12, 39_999), []),
        ((*[4_000] * 12, 40_000), [12]),
        # Quiet five minutes count for what is usual too.
        ((*[0] * 7, *[9_000] * 5, 30_000), [12]),
        ((*[0] * 5, *[9_000] * 7, 30_000), []),
        # An attack that lasts stays one while most of the time before was quiet.
        ((*[10] * 24, *[50_000] * 24), list(range(24, 48))),
    ],
)
def test_five_minutes_are_a_flood_by_an_absolute_rate_and_by_what_is_usual(counts: tuple, expected: list) -> None:
    assert flooded(*counts) == expected


def test_a_site_where_much_is_blocked_all_the_time_is_not_attacked() -> None:
    assert flooded(*[35_000] * 40) == list(range(12))
    assert flooded(*[35_000] * 40, 400_000)[-1] == 40


def test_five_minutes_that_run_are_a_flood_as_soon_as_they_have_enough() -> None:
    quiet = [5] * 20
    assert [flooded(*quiet, so_far) for so_far in (100, 29_999, 30_000, 90_000)] == [[], [], [20], [20]]


def test_what_came_before_the_span_is_not_usual() -> None:
    early = samples(*[9_000] * 20, first=-20)
    assert floods([*early, *samples(30_000, first=3)], RULE, since=SINCE)


@given(st.lists(st.integers(0, 10**6), max_size=60))
def test_more_blocked_requests_never_make_five_minutes_harmless(counts: list[int]) -> None:
    before = flooded(*counts)
    if counts:
        assert set(before) - {len(counts) - 1} == set(flooded(*counts[:-1], counts[-1] + 1)) - {len(counts) - 1}
        assert len(counts) - 1 not in before or len(counts) - 1 in flooded(*counts[:-1], counts[-1] + 1)


def test_the_vendor_is_asked_since_yesterdays_midnight() -> None:
    assert window_of(datetime(2026, 11, 23, 0, 0, tzinfo=UTC)) == datetime(2026, 11, 22, tzinfo=UTC)
    assert window_of(datetime(2026, 11, 23, 23, 59, tzinfo=UTC)) == datetime(2026, 11, 22, tzinfo=UTC)
    jst = datetime(2026, 11, 23, 8, 59, tzinfo=UTC).astimezone()
    assert window_of(jst) == datetime(2026, 11, 22, tzinfo=UTC)


@pytest.mark.parametrize(
    ("known", "known_since", "count", "expected"),
    [
        (0, None, 5, 5),
        (5, SINCE, 5, 0),
        (5, SINCE, 9, 4),
        (9, SINCE, 5, 0),
        (9, SINCE - timedelta(days=1), 2, 2),
    ],
)
def test_a_counter_rises_by_what_is_new(known: int, known_since: datetime, count: int, expected: int) -> None:
    assert rise(known=known, known_since=known_since, count=count, since=SINCE) == expected


@pytest.mark.parametrize(
    ("target", "expected"),
    [
        ("203.0.113.0/24", {1}),
        ("203.0.113.7", {1}),
        ("203.0.113.9/24", {1}),
        ("198.51.100.0/24", {3, 4}),
        ("2001:db8::/32", {2}),
        ("no network", {3, 4}),
    ],
)
def test_sites_of_a_network_are_those_whose_origin_lies_there_or_is_not_known(target: str, expected: set) -> None:
    origins = {1: "203.0.113.7", 2: "2001:db8::7", 3: "", 4: "origin.example.jp"}
    assert sites_behind(target, origins) == expected


def test_where_every_origin_is_known_and_lies_elsewhere_no_site_is_meant() -> None:
    assert sites_behind("198.51.100.0/24", {1: "203.0.113.7"}) == frozenset()
    assert sites_behind("198.51.100.0/24", {}) == frozenset()
