"""Visits side by side: a slow one delays no other, an error is told, and the tries and control pages that are made."""

import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

import pytest

from sakimori.incidents.beside import Album, Sight
from sakimori.incidents.controls import Looks
from sakimori.incidents.models import Verdict
from sakimori.incidents.tries import all_at_once, make_tries
from sakimori.incidents.verdict import conclude
from sakimori.incidents.visit import Limits, Target, Trouble, Visit
from sakimori.incidents.visitors import Examination, Visitors, World, controls_open, examine
from tests.incidents.stage import Pages
from tests.moments import START

LIMITS = Limits(probe_seconds=30, slow_seconds=10, training=False)
SITE, CONTROLS = "https://shop.example.jp/", ("https://one.example.com/", "https://two.example.com/")
DONE = Examination(1, (), controls_open=True)


def dead(at: datetime, url: str) -> Visit:
    return Visit(at=at, url=url, trouble=Trouble.CONNECT)


def world(pages: Pages, pauses: list[int] | None = None) -> World:
    return World(pages, LIMITS, CONTROLS, lambda: START, lambda: (pauses if pauses is not None else []).append(1))


def fetched(runner: Visitors) -> Examination:
    """Threads need a moment; the test waits for the result, not for a time."""
    while (result := runner.fetch()) is None:
        threading.Event().wait(0.001)
    return result


def test_a_slow_visit_delays_no_other() -> None:
    runner, gate = Visitors(most=2), threading.Event()

    def slow() -> Examination:
        gate.wait(60)
        return Examination(2, (), controls_open=True)

    runner.send(slow)
    runner.send(lambda: DONE)
    assert runner.free() == 0
    assert fetched(runner) == DONE
    assert runner.free() == 1
    assert runner.fetch() is None
    gate.set()
    assert fetched(runner).key == 2
    assert runner.free() == 2


def test_an_error_of_a_visit_reaches_the_duty_and_frees_the_place() -> None:
    runner = Visitors(most=1)

    def broken() -> Examination:
        raise RuntimeError("a bug")

    runner.send(broken)
    with pytest.raises(RuntimeError, match="a bug"):
        fetched(runner)
    assert runner.free() == 1


@pytest.mark.parametrize(
    ("state", "one_is_enough", "visits", "pauses"),
    [(None, True, 1, 0), (None, False, 2, 1), (dead, True, 2, 1), (dead, False, 2, 1)],
)
def test_as_many_tries_as_needed_are_made_with_pauses_between(
    state: Callable[[datetime, str], Visit] | None, one_is_enough: bool, visits: int, pauses: int
) -> None:
    pages, paused = Pages({SITE: state} if state else {}), []
    done = examine(7, Target(SITE), world(pages, paused), one_is_enough=one_is_enough)
    assert (done.key, len(done.visits), len(paused)) == (7, visits, pauses)
    assert pages.visited.count(SITE) == visits


def test_control_pages_are_visited_only_after_a_bad_verdict_and_one_that_opens_is_enough() -> None:
    pages = Pages()
    assert examine(1, Target(SITE), world(pages), one_is_enough=False).controls_open
    assert not set(pages.visited) & set(CONTROLS)
    pages.states.update({SITE: dead, CONTROLS[0]: dead})
    done = examine(1, Target(SITE), world(pages), one_is_enough=False)
    assert done.controls_open
    assert conclude(done.visits, LIMITS).verdict == Verdict.NOT_DISPLAYED
    assert set(CONTROLS) <= set(pages.visited)
    pages.states[CONTROLS[1]] = dead
    assert not examine(1, Target(SITE), world(pages), one_is_enough=False).controls_open
    assert not controls_open(world(pages))
    assert controls_open(World(pages, LIMITS, (), lambda: START, lambda: None))


def browser_of(pictures: list[bytes], gate: threading.Event | None = None):  # type: ignore[no-untyped-def]
    """A browser with pictures, which waits at a gate."""

    def browse(target: Target, *, limits: Limits, at: datetime, seconds: float | None = None, **_: object) -> Sight:
        if gate is not None:
            gate.wait(60)
        return Sight(Visit(at=at, url=target.url, status=200, path="browser"), pictures.pop(0))

    return browse


def test_a_verdict_never_waits_for_a_picture_and_the_next_visit_brings_it() -> None:
    gate = threading.Event()
    here = replace(world(Pages()), browser=browser_of([b"late"], gate), patience=0.05)
    done = examine(1, Target(SITE), here, one_is_enough=False, pictured="")
    assert (done.screenshot, done.beside, len(done.notes)) == (b"", (), 1)
    gate.set()
    for thread in threading.enumerate():
        if thread.name == "beside":
            thread.join(60)
    assert examine(2, Target(SITE), here, one_is_enough=False, pictured="normal").screenshot == b""
    assert examine(1, Target(SITE), here, one_is_enough=True).screenshot == b""
    assert examine(1, Target(SITE), here, one_is_enough=False, pictured="normal").screenshot == b"late"


def test_of_too_many_late_pictures_the_oldest_go() -> None:
    album = Album()
    for key in range(50):
        album.put(key, b"picture")
    album.put(50, b"")
    assert [key for key in range(51) if album.take(key)] == list(range(30, 50))


@pytest.mark.parametrize(("pictured", "taken"), [(None, 0), ("", 1), ("normal", 0), ("not_displayed", 1)])
def test_a_picture_is_taken_of_a_verdict_that_has_none(pictured: str | None, taken: int) -> None:
    here = replace(world(Pages()), browser=browser_of([b"picture"]))
    done = examine(1, Target(SITE), here, one_is_enough=False, pictured=pictured)
    assert [bool(done.screenshot), len(done.beside)] == [bool(taken), taken]


def test_other_ways_are_tried_on_a_signal_and_at_quiet_times_after_a_bad_verdict_only() -> None:
    target, pages = Target(SITE, origin="192.0.2.9"), Pages()
    assert len(examine(1, target, world(pages), one_is_enough=False).beside) == 1
    assert examine(1, target, world(pages), one_is_enough=True).beside == ()
    pages.states[SITE] = dead
    (beside,) = examine(1, target, world(pages), one_is_enough=True).beside
    assert beside.path == "origin"


def test_the_two_groups_of_control_pages_are_told_apart() -> None:
    behind = ("https://behind.example.com/",)
    for shut, opened in (((), (True, True)), (CONTROLS, (False, True)), (behind, (True, False))):
        pages = Pages({SITE: dead, **dict.fromkeys(shut, dead)})
        done = examine(1, Target(SITE), replace(world(pages), waf_controls=behind), one_is_enough=False)
        assert (done.controls_open, done.waf_controls_open) == opened


def test_a_site_that_hangs_has_its_tries_in_little_more_than_the_time_of_one() -> None:
    gate, began = threading.Event(), []

    def hangs(at: datetime, url: str) -> Visit:
        began.append(1)
        if len(began) == 2:
            gate.set()
        gate.wait(60)
        return dead(at, url)

    pauses: list[int] = []
    here = replace(world(Pages({SITE: hangs}), pauses), overlap=0.01)
    done = examine(1, Target(SITE), here, one_is_enough=False)
    assert (len(done.visits), len(began) in (2, 3), len(pauses) == len(began) - 1) == (2, True, True)
    assert conclude(done.visits, LIMITS).verdict == Verdict.NOT_DISPLAYED


def test_no_more_than_three_tries_are_under_way() -> None:
    gate, began = threading.Event(), []

    def look() -> Visit:
        began.append(1)
        gate.wait(0.2)
        return dead(START, SITE)

    visits = make_tries(look, is_settled=lambda visits: len(visits) == 3, pause=lambda: None, overlap=0.01)
    assert (len(visits), len(began)) == (3, 3)


def test_an_error_of_a_try_is_raised() -> None:
    def look() -> Visit:
        raise RuntimeError("a bug")

    with pytest.raises(RuntimeError, match="a bug"):
        make_tries(look, is_settled=lambda _: False, pause=lambda: None, overlap=1)


def test_control_pages_are_asked_at_once_and_a_late_one_is_shut() -> None:
    gate = threading.Event()
    assert all_at_once([lambda: True, lambda: gate.wait(60), lambda: False], seconds=2) == [True, False, False]
    gate.set()
    assert all_at_once([], seconds=1) == []


def test_control_pages_are_looked_at_while_the_other_tries_go_on() -> None:
    pages, gate = Pages(), threading.Event()
    tried: list[int] = []

    def bad(at: datetime, url: str) -> Visit:
        tried.append(1)
        if len(tried) == 2:
            assert gate.wait(60)  # The second try comes home after the control pages.
        return dead(at, url)

    def control(at: datetime, url: str) -> Visit:
        gate.set()
        return Visit(at=at, url=url, status=200)

    pages.states.update({SITE: bad, CONTROLS[0]: control, CONTROLS[1]: control})
    assert examine(1, Target(SITE), world(pages), one_is_enough=False).controls_open


def test_a_control_page_that_is_itself_extremely_slow_is_shut() -> None:
    asked: list[float] = []

    class Noting(Pages):
        def __call__(self, target: Target, *, limits: Limits, at: datetime) -> Visit:
            if target.url in CONTROLS:
                asked.append(limits.probe_seconds)
            return super().__call__(target, limits=limits, at=at)

    examine(1, Target(SITE), world(Noting({SITE: dead})), one_is_enough=False)
    assert set(asked) == {LIMITS.slow_seconds}


def test_sites_that_fail_together_share_a_look_at_the_control_pages() -> None:
    pages = Pages({SITE: dead})
    here = world(pages)
    for key in range(20):
        examine(key, Target(SITE), here, one_is_enough=False)
    assert [pages.visited.count(url) for url in CONTROLS] == [1, 1]
    elsewhere = replace(here, controls=(CONTROLS[0],))
    examine(99, Target(SITE), elsewhere, one_is_enough=False)
    assert pages.visited.count(CONTROLS[0]) == 2
    afresh = replace(here, looks=Looks(shared_seconds=0.0))
    for key in range(2):
        examine(key, Target(SITE), afresh, one_is_enough=False)
    assert pages.visited.count(CONTROLS[1]) == 3
