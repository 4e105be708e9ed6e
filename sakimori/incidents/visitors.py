"""Visits go on side by side, each in a thread of its own; only the duty that fetches the results writes rows.

So a slow site delays no other, and no database transaction is open while somebody waits for a page.
"""

import queue
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial
from typing import Protocol

from sakimori.incidents.beside import PATIENCE_SECONDS, Album, Aside, Browsing, NoTime, NotVisited, Visiting
from sakimori.incidents.controls import Groups, Look, Looks, look_at
from sakimori.incidents.models import Verdict
from sakimori.incidents.tries import make_tries
from sakimori.incidents.verdict import BAD, QUESTIONS, conclude, is_settled, verdict_of
from sakimori.incidents.visit import Limits, Target, Trouble, Visit

_SIDE_BY_SIDE = 64
_OVERLAP_SECONDS = 10.0
_SPARE_SECONDS = 8.0
_CAMERA_WAITS = 2.0
_HOMEWARD_SECONDS = 1.0  # Left for what a browser has seen to come home in.


@dataclass(frozen=True, slots=True)
class World:
    """What a visit needs of the outside. pause: waits between two tries.

    controls: pages of others that are not behind the WAF; waf_controls: pages behind it that are no customer's.
    browser, vantage: None where there is none. patience: seconds that a settled verdict waits for what is beside it.
    overlap: a try that hangs for so many seconds gets company. spare: added to the time of two such tries, it is all
    that tries may take, whatever hangs: see `tries_seconds`.
    """

    visiting: Visiting
    limits: Limits
    controls: tuple[str, ...]
    clock: Callable[[], datetime]
    pause: Callable[[], None]
    waf_controls: tuple[str, ...] = ()
    browser: Browsing | None = None
    vantage: Visiting | None = None
    album: Album = field(default_factory=Album)
    patience: float = PATIENCE_SECONDS
    overlap: float = _OVERLAP_SECONDS
    spare: float = _SPARE_SECONDS
    looks: Looks = field(default_factory=Looks)

    @property
    def tries_seconds(self) -> float:
        """So long after its beginning an examination has its verdict, but for `patience`: 48 seconds by default."""
        return self.limits.probe_seconds + self.overlap + self.spare


@dataclass(frozen=True, slots=True)
class Examination:
    """Up to three tries of one site. `key` says whose: an incident's or a watch's.

    controls_open: a page that is not behind the WAF could be opened; waf_controls_open: one behind it that is no
    customer's. Both are true where there is none, or none was asked. beside: visits that are no tries: past the WAF,
    from the second vantage point, and those that a browser has repeated. notes: what did not work, in Japanese.
    """

    key: int
    visits: tuple[Visit, ...]
    controls_open: bool
    waf_controls_open: bool = True
    beside: tuple[Visit, ...] = ()
    notes: tuple[str, ...] = ()
    screenshot: bytes = b""


def examine(key: int, target: Target, world: World, *, one_is_enough: bool, pictured: str | None = None) -> Examination:
    """Visit a site until its verdict is settled; a bad one is compared with the control pages at once.

    one_is_enough: at a quiet time, so that other ways are tried only after a bad verdict. pictured: the verdict that
    there is a picture of (empty: none yet), for a picture of another one; None: no picture is wanted.
    """
    aside = Aside(key, world.limits, world.clock, world.album)
    tries = _Tries(target, world, aside, until=time.monotonic() + world.tries_seconds)
    if pictured == "":
        aside.browse(target, world.browser, is_wanted=tries.are_not_questioned)
    if not one_is_enough:
        _look_aside(aside, target, world)
    visits = tries.made(one_is_enough=one_is_enough)
    seen = conclude(visits, world.limits)
    if one_is_enough and seen.verdict != Verdict.NORMAL:
        _look_aside(aside, target, world)
    if pictured and pictured != seen.verdict and not aside.screenshot:
        aside.browse(target, world.browser)
    opened = tries.controls().result() if seen.is_bad else (True, True)
    aside.wait(world.patience)
    late = world.album.take(key) if pictured is not None else b""
    return Examination(
        key,
        tuple(visits),
        controls_open=opened[0],
        waf_controls_open=opened[1],
        beside=tuple(aside.visits),
        notes=tuple(aside.notes),
        screenshot=aside.screenshot or late,
    )


def _look_aside(aside: Aside, target: Target, world: World) -> None:
    aside.origin(target, world.visiting)
    aside.elsewhere(target, world.vantage)


@dataclass
class _Tries:
    """The tries of one examination. until: when they must be over (monotonic seconds)."""

    target: Target
    world: World
    aside: Aside
    until: float
    _one_is_home: threading.Event = field(default_factory=threading.Event)
    _is_over: threading.Event = field(default_factory=threading.Event)
    _are_questioned: bool = False
    _controls: Look | None = None

    def made(self, *, one_is_enough: bool) -> list[Visit]:
        """Up to three visits. Where none came home in time, one that says so."""
        visits = make_tries(
            self._try,
            is_settled=partial(is_settled, limits=self.world.limits, one_is_enough=one_is_enough),
            pause=self.world.pause,
            overlap=self.world.overlap,
            until=self.until,
        )
        self._is_over.set()
        took = round(self.world.tries_seconds * 1000)
        return visits or [Visit(at=self.world.clock(), url=self.target.url, trouble=Trouble.UNFINISHED, total_ms=took)]

    def are_not_questioned(self) -> bool:
        """Whether the WAF asks nothing, or does not answer at once; else a browser comes anyway, with its camera."""
        self._one_is_home.wait(_CAMERA_WAITS)
        return not self._are_questioned

    def _try(self) -> Visit:
        """One try. What the WAF asks about is repeated by browser, and the browser's visit is the try."""
        world = self.world
        visit = world.visiting(self.target, limits=world.limits, at=world.clock())
        self._are_questioned = self._are_questioned or visit.page in QUESTIONS
        self._one_is_home.set()
        if visit.page in QUESTIONS and world.browser is not None:
            visit = self._by_browser(visit, world.browser)
        if verdict_of(visit, world.limits) in BAD:
            self.controls()  # Now, so that the verdict need not wait for them.
        return visit

    def _is_wanted(self) -> bool:
        """Whether a try that has not begun could still change the verdict."""
        return not self._is_over.is_set()

    def controls(self) -> Look:
        """The look at the control pages, which begins with the first try that is bad."""
        self._controls = self._controls or _begin_controls(self.world)
        return self._controls

    def _by_browser(self, questioned: Visit, browser: Browsing) -> Visit:
        left, world, aside = self.until - time.monotonic() - _HOMEWARD_SECONDS, self.world, self.aside
        aside.visits.append(questioned)
        try:
            sight = browser(self.target, limits=world.limits, at=world.clock(), seconds=left, is_wanted=self._is_wanted)
        except NotVisited as error:
            aside.visits.remove(questioned)
            if not self._is_wanted():
                return questioned  # The site is judged: what this try could not do, nobody needs to know.
            aside.notes.append(str(error))
            if isinstance(error, NoTime):
                self._is_over.wait(max(0.0, self.until - time.monotonic() - _HOMEWARD_SECONDS / 2))
            return questioned
        aside.screenshot = sight.screenshot or aside.screenshot
        return sight.visit


def controls_open(world: World) -> bool:
    """Whether the internet can be reached from here: one control page that answers is enough, as is having none."""
    return look_at([world.controls], partial(_answers, world=world), seconds=world.limits.probe_seconds)[0]


def _begin_controls(world: World) -> Look:
    """A look at both groups of control pages. One that takes longer than a slow page is as good as shut."""
    limits = replace(world.limits, probe_seconds=min(world.limits.probe_seconds, world.limits.slow_seconds))
    opens = partial(_answers, world=replace(world, limits=limits))
    groups: Groups = (world.controls, world.waf_controls)
    return world.looks.begin(groups, partial(look_at, groups, opens, seconds=limits.probe_seconds))


def _answers(url: str, world: World) -> bool:
    visit = world.visiting(Target(url, whole=False), limits=world.limits, at=world.clock())
    return visit.trouble is Trouble.NONE


class Runner(Protocol):
    """Runs pieces of work and keeps what came of them."""

    def free(self) -> int:
        """How many more may be sent now."""

    def send(self, work: Callable[[], Examination]) -> None:
        """Begin with a piece of work."""

    def fetch(self) -> Examination | None:
        """One result, or None when there is none (yet). An error of the work is raised here."""


class Visitors:
    """A runner with threads. They end with the process: what they were at is claimed again after its lease.

    Only one thread, that of the duty, sends and fetches.
    """

    def __init__(self, most: int = _SIDE_BY_SIDE) -> None:
        self._results: queue.SimpleQueue[Examination | Exception] = queue.SimpleQueue()
        self._most = most
        self._busy = 0

    def free(self) -> int:
        """See `Runner`."""
        return self._most - self._busy

    def send(self, work: Callable[[], Examination]) -> None:
        """See `Runner`."""
        self._busy += 1
        threading.Thread(target=self._run, args=(work,), name="visit", daemon=True).start()

    def fetch(self) -> Examination | None:
        """See `Runner`."""
        try:
            result = self._results.get_nowait()
        except queue.Empty:
            return None
        self._busy -= 1
        if isinstance(result, Exception):
            raise result
        return result

    def _run(self, work: Callable[[], Examination]) -> None:
        try:
            self._results.put(work())
        except Exception as error:  # noqa: BLE001 - handed on to the duty, whose loop tells the SOC
            self._results.put(error)
