"""stats/v1: shapes, buckets, sites."""

from pathlib import Path
from typing import Any

import pytest

from sakimori.simulators.attack_kinds import AttackKind
from sakimori.simulators.edge import Outcome
from sakimori.simulators.imperva.bandwidth import add_tally
from sakimori.simulators.spec import SiteSpec, WorldSpec
from tests.simulators.stage import POLICY_ACCOUNT, Stage

FIVE_MINUTES = 300_000


def ask(stage: Stage, **params: object) -> dict[str, Any]:
    defaults = {"time_range": "today", "granularity": FIVE_MINUTES, "stats": "bandwidth_timeseries"}
    return stage.client().post("/api/stats/v1", data=defaults | params).json()


def test_bandwidth_comes_as_bytes_and_as_bits_per_second(stage: Stage) -> None:
    add_tally(stage.state, 9001, stage.clock.now_ms - FIVE_MINUTES, {"bytes": 3_000_000})
    add_tally(stage.state, 9002, stage.clock.now_ms - FIVE_MINUTES, {"bytes": 750_000})
    volume, rate = ask(stage)["bandwidth_timeseries"]
    assert volume["id"] == "api.stats.bandwidth_timeseries.bandwidth"
    assert rate["id"] == "api.stats.bandwidth_timeseries.bps"
    assert (volume["data"][-1][1], rate["data"][-1][1]) == (3_750_000, 100_000)
    assert {b[0] - a[0] for a, b in zip(volume["data"], volume["data"][1:], strict=False)} == {FIVE_MINUTES}
    assert ask(stage, site_id=9002)["bandwidth_timeseries"][0]["data"][-1][1] == 750_000


def test_the_last_bucket_is_incomplete(stage: Stage) -> None:
    stage.clock.forward(100)
    data = ask(stage)["bandwidth_timeseries"][0]["data"]
    assert data[-1][0] + FIVE_MINUTES > stage.clock.now_ms


def test_hits_visits_and_threats_count_the_simulated_traffic(stage: Stage) -> None:
    stage.attacker.launch(
        AttackKind.DDOS, site_id=9001, count=40, outcome=Outcome.BLOCKED, good_per_hostile=1, source="203.0.113.9"
    )
    answer = ask(stage, stats="hits_timeseries,visits_timeseries,threats", granularity=86_400_000)
    hits = {row["id"].rsplit(".", 1)[1]: sum(n for _, n in row["data"]) for row in answer["hits_timeseries"]}
    assert hits["blocked"] == 40
    assert hits["human"] + hits["bot"] == 40
    assert {"human_ps", "bot_ps", "blocked_ps"} <= hits.keys()
    assert {row["id"]: row["incidents"] for row in answer["threats"]}["api.threats.ddos"] == 40
    assert [row["name"] for row in answer["visits_timeseries"]] == ["Human", "Bot"]


def test_the_buckets_are_as_wide_as_documented(stage: Stage) -> None:
    for time_range, width in (("last_7_days", 86_400_000), ("last_90_days", 259_200_000)):
        data = ask(stage, time_range=time_range, granularity="")["bandwidth_timeseries"][0]["data"]
        assert data[1][0] - data[0][0] == width


def test_a_span_of_ones_own_is_possible(stage: Stage) -> None:
    start = stage.clock.now_ms - 2 * FIVE_MINUTES
    answer = ask(stage, time_range="custom", start=start, end=stage.clock.now_ms)
    assert len(answer["bandwidth_timeseries"][0]["data"]) == 2
    month = ask(stage, time_range="month_to_date", granularity=86_400_000)
    assert len(month["bandwidth_timeseries"][0]["data"]) == 15


@pytest.mark.parametrize(
    ("params", "res"),
    [
        ({"stats": ""}, 2),
        ({"stats": "weather"}, 2),
        ({"time_range": "ever"}, 2),
        ({"granularity": "7"}, 2),
        ({"site_id": "9100"}, 9413),
        ({"time_range": "custom", "start": "x", "end": "y"}, 2),
    ],
)
def test_nonsense_is_refused(stage: Stage, params: dict[str, str], res: int) -> None:
    assert int(ask(stage, **params)["res"]) == res


def test_a_baseline_makes_days_with_a_high_and_a_low(tmp_path: Path) -> None:
    account = POLICY_ACCOUNT.__class__(
        **{name: getattr(POLICY_ACCOUNT, name) for name in POLICY_ACCOUNT.__slots__}
        | {"sites": (SiteSpec(9001, "shop.example.jp", baseline_bps=10_000_000),), "foreign": ()}
    )
    stage = Stage(tmp_path, WorldSpec(accounts=(account,)))
    bps = [n for _, n in ask(stage, time_range="last_7_days")["bandwidth_timeseries"][1]["data"]]
    stage.state.close()
    assert 9_000_000 < max(bps) <= 10_000_000
    assert 1_000_000 < min(bps) < 2_500_000
