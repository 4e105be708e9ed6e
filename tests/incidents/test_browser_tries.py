"""Tries that a browser repeats: no verdict waits for one that hangs, or for a seat, and who is judged wants none."""

import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from functools import partial

from sakimori.incidents.beside import NoTime, Sight
from sakimori.incidents.models import Verdict
from sakimori.incidents.seats import Seats
from sakimori.incidents.verdict import conclude
from sakimori.incidents.visit import Limits, Target, Trouble, Visit
from sakimori.incidents.visitors import Visitors, World, examine
from tests.incidents.stage import Pages
from tests.incidents.test_visitors import LIMITS, SITE, fetched, world


def questioned(at: datetime, url: str) -> Visit:
    return Visit(at=at, url=url, status=200, size_bytes=900, total_ms=120, page="challenge")


HURRIED = replace(LIMITS, probe_seconds=0.1)


def test_a_browser_that_hangs_keeps_no_verdict_waiting() -> None:
    gate, given = threading.Event(), []

    def hangs(target: Target, *, limits: Limits, at: datetime, seconds: float | None = None, **_: object) -> Sight:
        given.append(seconds)
        gate.wait(120)
        return Sight(Visit(at=at, url=target.url, status=200, path="browser"))

    here = replace(world(Pages({SITE: questioned})), browser=hangs, limits=HURRIED, overlap=0.1, spare=0.3)
    done = examine(1, Target(SITE), replace(here, patience=0.0), one_is_enough=False, pictured="")
    assert [visit.trouble for visit in done.visits] == [Trouble.UNFINISHED]
    seen = conclude(done.visits, LIMITS)
    assert seen.verdict == Verdict.INCONCLUSIVE
    assert seen.sentence == "サイトの表示の確認を、時間内に終えられませんでした。"
    assert all(seconds is not None for seconds in given)  # No picture: a browser comes with its camera anyway.
    gate.set()


def test_a_browser_has_as_long_as_the_verdict_can_wait() -> None:
    given: list[float | None] = []

    def browse(target: Target, *, limits: Limits, at: datetime, seconds: float | None = None, **_: object) -> Sight:
        given.append(seconds)
        return Sight(Visit(at=at, url=target.url, status=200, path="browser"))

    here = replace(world(Pages({SITE: questioned})), browser=browse)
    done = examine(1, Target(SITE), here, one_is_enough=False, pictured="")
    assert here.tries_seconds == 48
    (seconds,) = given  # One page that a browser has shown is enough; what is bad needs two.
    assert seconds is not None
    assert 20 < seconds <= 47
    assert conclude(done.visits, LIMITS).verdict == Verdict.NORMAL


def test_a_try_without_time_for_a_browser_does_not_come_before_those_that_know_more() -> None:
    given: list[float | None] = []

    def browse(target: Target, *, limits: Limits, at: datetime, seconds: float | None = None, **_: object) -> Sight:
        given.append(seconds)
        number = len(given)
        if number == 1:
            raise NoTime("時間がありません。")
        return Sight(Visit(at=at, url=target.url, trouble=Trouble.TIMEOUT, path="browser"))

    here = replace(world(Pages({SITE: questioned})), browser=browse, limits=HURRIED, overlap=0.01, spare=5.0)
    done = examine(1, Target(SITE), here, one_is_enough=False)
    assert conclude(done.visits, LIMITS).verdict == Verdict.NOT_DISPLAYED
    assert len(done.visits) == 2
    assert done.notes == ("時間がありません。",)


class Room:
    """A browser with three seats, as the real one; while the gate is shut, those who sit stay."""

    def __init__(self) -> None:
        self.seats, self.gate, self.judged = Seats(3), threading.Event(), 0

    def __call__(
        self,
        target: Target,
        *,
        limits: Limits,
        at: datetime,
        seconds: float | None = None,
        is_wanted: Callable[[], bool] = lambda: True,
    ) -> Sight:
        with self.seats.taken(seconds=(seconds or 0.0) / 2, urgent=True, is_wanted=is_wanted) as had:
            if not had:
                raise NoTime("空きがありません。")
            self.judged += 1
            self.gate.wait(120)
            return Sight(Visit(at=at, url=target.url, status=200, path="browser"))


def test_of_twenty_challenged_sites_those_without_a_browser_cannot_be_judged_and_are_at_the_next_look() -> None:
    room, runner = Room(), Visitors()
    pages = Pages({f"https://{key}.example.jp/": questioned for key in range(20)})
    here = replace(world(pages), browser=room, limits=HURRIED, overlap=0.1, spare=2.0, patience=0.0)

    def verdicts(where: World) -> dict[int, Verdict]:
        for key in range(20):
            target = Target(f"https://{key}.example.jp/")
            runner.send(partial(examine, key, target, where, one_is_enough=False))
        return {done.key: conclude(done.visits, LIMITS).verdict for done in (fetched(runner) for _ in range(20))}

    assert verdicts(here) == dict.fromkeys(range(20), Verdict.INCONCLUSIVE), "each in its time, whatever hangs"
    room.gate.set()
    assert verdicts(replace(here, overlap=30.0, spare=30.0)) == dict.fromkeys(range(20), Verdict.NORMAL)


def test_tries_of_a_site_that_is_judged_want_no_browser_any_more() -> None:
    wanted: list[Callable[[], bool]] = []
    second = threading.Event()

    def browse(target: Target, *, is_wanted: Callable[[], bool], at: datetime, **_: object) -> Sight:
        wanted.append(is_wanted)
        if len(wanted) == 1:
            second.wait(60)  # The other try waits for a seat by now.
            assert is_wanted()
            return Sight(Visit(at=at, url=target.url, status=200, path="browser"))
        second.set()
        while is_wanted():
            threading.Event().wait(0.001)
        raise NoTime("空きがありません。")

    here = replace(world(Pages({SITE: questioned})), browser=browse, overlap=0.01)  # type: ignore[arg-type]
    done = examine(1, Target(SITE), here, one_is_enough=False)
    assert conclude(done.visits, LIMITS).verdict == Verdict.NORMAL
    assert not any(each() for each in wanted)
    assert done.notes == ()
