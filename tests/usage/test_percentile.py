"""The 95th percentile as it is billed, and started Mbps above a plan."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sakimori.usage.percentile import mbps_to_cover, overage_mbps, percentile_95

bits = st.integers(min_value=0, max_value=10**12)
samples = st.lists(bits, min_size=1, max_size=400)


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([], None),
        ([7], 7),
        (range(1, 20), 19),  # 19 values: nothing is dropped
        (range(1, 21), 19),  # 20 values: one is
        (range(1, 40), 38),
        (range(1, 101), 95),
        (range(1, 8929), 8482),  # A month of 31 days: 446 five minutes are free.
        ([5] * 100, 5),
    ],
)
def test_the_highest_five_of_a_hundred_are_dropped(values: list[int], expected: int | None) -> None:
    assert percentile_95(list(values)) == expected


@given(samples)
def test_it_is_one_of_the_samples_and_order_does_not_matter(values: list[int]) -> None:
    found = percentile_95(values)
    assert found in values
    assert percentile_95(sorted(values)) == percentile_95(values[::-1]) == found


@given(samples)
def test_at_most_five_of_a_hundred_lie_above_it(values: list[int]) -> None:
    found = percentile_95(values)
    assert found is not None
    above = sum(value > found for value in values)
    at_least = sum(value >= found for value in values)
    assert above <= len(values) * 0.05 < at_least


@given(samples, st.integers(min_value=0, max_value=1000))
def test_more_traffic_never_makes_it_cheaper(values: list[int], more: int) -> None:
    before, after = percentile_95(values), percentile_95([value + more for value in values])
    assert before is not None
    assert after == before + more


@given(st.lists(st.integers(min_value=0, max_value=1000), min_size=20, max_size=200))
def test_a_burst_that_is_short_enough_is_free(values: list[int]) -> None:
    free = len(values) * 5 // 100
    burst = [*sorted(values)[: len(values) - free], *[10**9] * free]
    assert percentile_95(burst) == percentile_95(values)


@pytest.mark.parametrize(
    ("bandwidth", "plan", "expected"),
    [
        (None, 3, None),
        (5_000_000, None, None),
        (3_000_000, 3, 0),
        (3_000_001, 3, 1),
        (4_000_000, 3, 1),
        (4_000_001, 3, 2),
        (0, 3, 0),
        (0, 0, 0),
    ],
)
def test_overage_counts_started_megabits(bandwidth: int | None, plan: int | None, expected: int | None) -> None:
    assert overage_mbps(bandwidth, plan) == expected


@given(bits, st.integers(min_value=0, max_value=10**6))
def test_plan_and_overage_together_cover_the_bandwidth(bandwidth: int, plan: int) -> None:
    over = overage_mbps(bandwidth, plan)
    assert over is not None
    assert (plan + over) * 1_000_000 >= bandwidth
    assert over == 0 or (plan + over - 1) * 1_000_000 < bandwidth
    assert overage_mbps(bandwidth, mbps_to_cover(bandwidth)) == 0
