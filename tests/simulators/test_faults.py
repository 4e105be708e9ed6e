"""Each fault that can be switched on, its scope, its count and its end."""

import random
import threading
import time

import pytest

from sakimori.simulators import journal
from sakimori.simulators.faults import (
    Fault,
    FaultedCall,
    FaultKind,
    FaultScope,
    active_faults,
    add_fault,
    clear_faults,
    strike,
)
from tests.simulators.stage import V1, V2, Stage, block_policy


def names(stage: Stage) -> list[str]:
    return [row["name"] for row in stage.client().get(f"{V2}/policies").json()["value"]]


@pytest.mark.parametrize(
    ("kind", "status"), [(FaultKind.TOO_MANY, 429), (FaultKind.SERVER_ERROR, 503), (FaultKind.HTML, 200)]
)
def test_a_spoiled_call_changes_nothing(stage: Stage, kind: FaultKind, status: int) -> None:
    add_fault(stage.state, Fault(kind, calls=1, seconds=7))
    answer = stage.client().post(f"{V2}/policies", json=block_policy("192.0.2.1"))
    assert answer.status_code == status
    assert "Sakimori" not in names(stage)
    assert answer.headers.get("retry-after") == ("7" if status == 429 else None)
    assert ("text/html" in answer.headers["content-type"]) is (kind is FaultKind.HTML)


def test_a_disabled_key_is_told_in_each_dialect(stage: Stage) -> None:
    add_fault(stage.state, Fault(FaultKind.DISABLED_KEY))
    assert int(stage.client().post(f"{V1}/account/verify").json()["res"]) == 9418
    assert stage.client().get(f"{V2}/policies").status_code == 401
    assert stage.read_log("logs.index").status_code == 401


def test_a_lost_answer_leaves_the_write_applied(stage: Stage) -> None:
    add_fault(stage.state, Fault(FaultKind.LOST_ANSWER, calls=1))
    assert "Sakimori" not in names(stage)  # A read does not use it up.
    with pytest.raises(ConnectionAbortedError):
        stage.client().post(f"{V2}/policies", json=block_policy("192.0.2.1"))
    assert names(stage).count("Sakimori") == 1
    entry = journal.latest(stage.state, 2)[1]
    assert (entry.status, entry.fault, entry.changes[0].added) == (0, "lost_answer", ("192.0.2.1",))


@pytest.mark.parametrize("kind", [FaultKind.LOST_ANSWER, FaultKind.SLOW])
def test_a_late_answer_is_right_but_late(stage: Stage, kind: FaultKind) -> None:
    add_fault(stage.state, Fault(kind, calls=1, seconds=0.1))
    begun = time.monotonic()
    assert stage.client().post(f"{V2}/policies", json=block_policy("192.0.2.1")).status_code == 200
    assert time.monotonic() - begun >= 0.1


def test_a_stale_read_shows_the_past(stage: Stage) -> None:
    stage.client().post(f"{V2}/policies", json=block_policy("192.0.2.1"))
    stage.clock.forward(5)
    add_fault(stage.state, Fault(FaultKind.STALE, seconds=10))
    assert "Sakimori" not in names(stage)
    assert "Customer blocklist" in names(stage)
    stage.clock.forward(6)
    assert "Sakimori" in names(stage)


def test_a_fault_keeps_to_its_scope_and_path(stage: Stage) -> None:
    add_fault(stage.state, Fault(FaultKind.SERVER_ERROR, scope=FaultScope.POLICIES))
    add_fault(stage.state, Fault(FaultKind.SERVER_ERROR, scope=FaultScope.API, path_part="sites/list"))
    assert stage.client().get(f"{V2}/policies").status_code == 503
    assert stage.client().post(f"{V1}/account/verify").status_code == 200
    assert stage.client().post(f"{V1}/sites/list").status_code == 503
    assert stage.read_log("logs.index").status_code == 404


def test_a_fault_ends_by_count_by_time_and_by_hand(stage: Stage) -> None:
    counted = add_fault(stage.state, Fault(FaultKind.HTML, calls=2))
    timed = add_fault(stage.state, Fault(FaultKind.SLOW, until_ms=stage.clock.now_ms + 1000))
    by_hand = add_fault(stage.state, Fault(FaultKind.STALE))
    call = FaultedCall(scope=FaultScope.API, path="/", is_write=False, now_ms=stage.clock.now_ms)
    for _ in range(2):
        assert len(strike(stage.state, call, random.Random(1))) == 3
    left = [fault.id for fault in active_faults(stage.state, stage.clock.now_ms)]
    assert left == [timed.id, by_hand.id]
    assert [f.id for f in active_faults(stage.state, stage.clock.now_ms + 1000)] == [by_hand.id]
    clear_faults(stage.state, by_hand.id)
    clear_faults(stage.state, counted.id)
    assert [f.id for f in active_faults(stage.state, stage.clock.now_ms)] == [timed.id]
    clear_faults(stage.state)
    assert active_faults(stage.state, stage.clock.now_ms) == []


def test_a_probable_fault_hits_its_share(stage: Stage) -> None:
    add_fault(stage.state, Fault(FaultKind.HTML, probability=0.5))
    call = FaultedCall(scope=FaultScope.API, path="/", is_write=True, now_ms=stage.clock.now_ms)
    chance = random.Random(3)
    hits = sum(len(strike(stage.state, call, chance)) for _ in range(60))
    assert 15 < hits < 45


def test_faults_outlive_a_restart(stage: Stage) -> None:
    add_fault(stage.state, Fault(FaultKind.HTML))
    stage.reopen()
    assert stage.client().post(f"{V1}/account/verify").text.startswith("<html")


@pytest.mark.parametrize("fault", [Fault(FaultKind.HTML, probability=0), Fault(FaultKind.HTML, calls=0)])
def test_figures_that_make_no_sense_are_refused(stage: Stage, fault: Fault) -> None:
    with pytest.raises(ValueError, match="probability"):
        add_fault(stage.state, fault)


def test_writers_in_several_threads_take_turns(stage: Stage) -> None:
    def work() -> None:
        for _ in range(20):
            with stage.state.change():
                stage.state.set_setting("count", str(int(stage.state.setting("count") or 0) + 1))

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert stage.state.setting("count") == "80"
