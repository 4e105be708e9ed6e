"""Attacks that only the statistics tell of, and events of networks, as the control room starts and stops them."""

from typing import Any

import pytest

from sakimori.simulators.control import Control
from tests.simulators.stage import Stage

FIVE_MINUTES = 300_000


def control(stage: Stage) -> Control:
    return Control(stage.state, stage.spec, clock=stage.clock, attacker=stage.attacker, edge=stage.edge)


def ask(stage: Stage, path: str = "/api/stats/v1", **params: object) -> dict[str, Any]:
    defaults = {"time_range": "today", "granularity": FIVE_MINUTES, "stats": "hits_timeseries,threats"}
    return stage.client().post(path, data=defaults | params).json()


def blocked(stage: Stage, **params: object) -> int:
    rows = {row["id"]: row for row in ask(stage, **params)["hits_timeseries"]}
    return sum(n for _, n in rows["api.stats.hits_timeseries.blocked"]["data"])


def ddos(stage: Stage, **params: object) -> int:
    return {row["id"]: row["incidents"] for row in ask(stage, **params)["threats"]}["api.threats.ddos"]


def test_a_flood_pours_while_it_lasts_and_stays_counted_afterwards(stage: Stage) -> None:
    room = control(stage)
    room.flood({"site_id": 9001, "state": "start", "blocked_per_second": 100, "incidents_per_minute": 30})
    assert (blocked(stage), ddos(stage)) == (0, 0)
    stage.clock.forward(60)
    assert (blocked(stage), ddos(stage)) == (6000, 30)
    stage.clock.forward(600)
    assert (blocked(stage), ddos(stage)) == (66_000, 330)
    room.flood({"site_id": 9001, "state": "stop"})
    stage.clock.forward(600)
    assert (blocked(stage), ddos(stage)) == (66_000, 330)
    assert (blocked(stage, site_id=9002), blocked(stage, site_id=9001)) == (0, 66_000)
    start = stage.clock.now_ms - FIVE_MINUTES
    assert blocked(stage, time_range="custom", start=start, end=stage.clock.now_ms) == 0


def test_two_floods_add_up(stage: Stage) -> None:
    room = control(stage)
    for _ in range(2):
        room.flood({"site_id": 9001, "state": "start", "blocked_per_second": 10})
    stage.clock.forward(10)
    assert blocked(stage) == 200


def test_no_log_line_tells_of_a_flood(stage: Stage) -> None:
    control(stage).flood({"site_id": 9001, "state": "start"})
    stage.clock.forward(60)
    assert stage.state.rows("SELECT * FROM log_file") == []


@pytest.mark.parametrize("wrong", [{"blocked_per_second": -1}, {"blocked_per_second": 0, "incidents_per_minute": 0}])
def test_a_flood_of_nothing_is_refused(stage: Stage, wrong: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="how hard"):
        control(stage).flood({"site_id": 9001, "state": "start", **wrong})
    with pytest.raises(KeyError):
        control(stage).flood({"site_id": 1, "state": "start"})


def test_events_of_networks_are_told_newest_first_page_by_page(stage: Stage) -> None:
    room = control(stage)
    for number in range(60):
        room.network({"account": 4001, "kind": "DDOS_START_IP_RANGE", "target": f"203.0.113.{number}/32"})
        stage.clock.forward(1)
    room.network({"account": 4002, "kind": "DDOS_START_IP_RANGE", "target": "198.51.100.0/24"})
    first = ask(stage, "/api/v1/infra/events", page_size=50)["events"]
    second = ask(stage, "/api/v1/infra/events", page_size=50, page_num=1)["events"]
    assert [len(first), len(second)] == [50, 10]
    assert first[0]["eventTarget"] == "203.0.113.59/32"
    assert first[0]["eventTime"].endswith(" UTC")
    start = stage.clock.now_ms - 5000
    assert len(ask(stage, "/api/v1/infra/events", start=start)["events"]) == 5
    assert ask(stage, "/api/v1/infra/events", event_type="DDOS_STOP_IP_RANGE")["events"] == []


@pytest.mark.parametrize("wrong", [{"page_size": 7}, {"page_num": "x"}])
def test_a_wrong_question_about_events_is_refused(stage: Stage, wrong: dict[str, object]) -> None:
    assert int(ask(stage, "/api/v1/infra/events", **wrong)["res"]) == 2


@pytest.mark.parametrize(("kind", "target"), [("WAR", "203.0.113.0/24"), ("DDOS_START_IP_RANGE", "203.0.113.7/24")])
def test_an_event_that_cannot_be_is_refused(stage: Stage, kind: str, target: str) -> None:
    with pytest.raises(ValueError):
        control(stage).network({"account": 4001, "kind": kind, "target": target})
