"""Duties in their threads: a failing one is tried again, others go on, stopping waits."""

import threading
from collections.abc import Callable, Iterator

import pytest

from sakimori.run import loops as loops_module
from sakimori.run.duties import all_duties, if_behind
from sakimori.run.duty import Duty
from sakimori.run.loops import Loops

SECONDS = 60.0


@pytest.fixture(autouse=True)
def _no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    """No real alarms either: these tests are without a database."""
    monkeypatch.setattr(loops_module, "_PAUSE_AFTER_FAILURE", 0.001)


@pytest.fixture
def run() -> Iterator[Callable[..., Loops]]:
    started: list[Loops] = []

    def begin(*duties: Duty) -> Loops:
        loops = Loops(duties)
        started.append(loops)
        loops.start()
        return loops

    yield begin
    for loops in started:
        loops.stop(timeout_seconds=SECONDS)


def counting(limit: int, done: threading.Event, *, result: int = 0) -> Callable[[], int]:
    """Counts its calls, says so at the limit."""
    calls = 0

    def call() -> int:
        nonlocal calls
        calls += 1
        if calls >= limit:
            done.set()
        return result

    return call


def test_a_failing_duty_is_logged_and_tried_again_and_others_go_on(
    run: Callable[..., Loops], monkeypatch: pytest.MonkeyPatch
) -> None:
    logged: list[str] = []
    alarms: list[str] = []
    monkeypatch.setattr(loops_module._log, "exception", lambda _what, duty: logged.append(duty), raising=False)
    monkeypatch.setattr(loops_module, "_raise_alarm", lambda duty: alarms.append(duty.name))
    recovered, other = threading.Event(), threading.Event()
    tries = 0

    def failing() -> int:
        nonlocal tries
        tries += 1
        if tries < 5:
            raise RuntimeError("broken")
        recovered.set()
        return 0

    run(Duty("failing", 60.0, failing), Duty("other", 0.001, counting(3, other)))
    assert recovered.wait(SECONDS)
    assert other.wait(SECONDS)
    assert logged == ["failing"] * 4
    assert alarms == ["failing"] * 2, "from the third failure in a row on the SOC is told"


def test_a_duty_that_did_something_is_looked_at_again_at_once(run: Callable[..., Loops]) -> None:
    busy = threading.Event()
    run(Duty("busy", 3600.0, counting(3, busy, result=1)))
    assert busy.wait(SECONDS)


def test_stopping_waits_for_the_work_under_way_and_starts_no_more() -> None:
    begun, release, finished = threading.Event(), threading.Event(), threading.Event()
    calls = 0

    def slow() -> int:
        nonlocal calls
        calls += 1
        begun.set()
        assert release.wait(SECONDS)
        finished.set()
        return 1

    loops = Loops([Duty("slow", 0.001, slow)])
    loops.start()
    assert begun.wait(SECONDS)
    stopper = threading.Thread(target=lambda: loops.stop(timeout_seconds=SECONDS))
    stopper.start()
    assert loops._stopping.wait(SECONDS)
    assert not finished.is_set()
    release.set()
    stopper.join(SECONDS)
    assert finished.is_set()
    assert calls == 1


def test_stopping_does_not_wait_for_a_pause(run: Callable[..., Loops]) -> None:
    looked = threading.Event()
    loops = run(Duty("idle", 3600.0, counting(1, looked)))
    assert looked.wait(SECONDS)
    loops.stop(timeout_seconds=SECONDS)
    assert not any(thread.is_alive() for thread in loops._threads)


def test_a_duty_that_hangs_holds_up_the_stop_only_so_long(run: Callable[..., Loops]) -> None:
    begun, release = threading.Event(), threading.Event()

    def hanging() -> int:
        begun.set()
        release.wait(SECONDS)
        return 0

    loops = run(Duty("hanging", 1.0, hanging))
    assert begun.wait(SECONDS)
    loops.stop(timeout_seconds=0.01)
    assert loops._threads[0].is_alive()
    release.set()


def test_every_duty_has_a_name_of_its_own_and_a_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sakimori.run.duties.backends.log_store", lambda: None)
    duties = all_duties()
    names = [duty.name for duty in duties]
    assert len(set(names)) == len(names)
    assert {"pull", "ingest", "find", "decide", "apply", "tickets", "mail", "watch", "spool"} <= set(names)
    assert all(duty.every_seconds > 0 for duty in duties)


def test_who_keeps_up_with_small_files_lets_them_gather() -> None:
    assert [if_behind(files) for files in (0, 1, 49, 50, 150)] == [0, 0, 0, 50, 150]
