"""Visits go on side by side, each in a thread of its own; only the duty that fetches the results writes rows.

So a slow site delays no other, and no database transaction is open while somebody waits for a page.
"""

import queue
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import Protocol

from sakimori.incidents.beside import PATIENCE_SECONDS, Album, Aside, Browsing, NotVisited, Visiting
from sakimori.incidents.models import Verdict
from sakimori.incidents.tries import all_at_once, make_tries
from sakimori.incidents.verdict import QUESTIONS, conclude, is_settled
from sakimori.incidents.visit import Limits, Target, Trouble, Visit

_SIDE_BY_SIDE = 64
_OVERLAP_SECONDS = 10.0
_GRACE_SECONDS = 2.0


@dataclass(frozen=True, slots=True)
class World:
    """What a visit needs of the outside. pause: waits between two tries.

    controls: pages of others that are not behind the WAF; waf_controls: pages behind it that are no customer's.
    browser, vantage: None where there is none. patience: seconds that a settled verdict waits for what is beside it.
    overlap: a try that hangs for so many seconds gets company.
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
    if pictured == "":
        aside.browse(target, world.browser)
    if not one_is_enough:
        _look_aside(aside, target, world)
    visits = make_tries(
        lambda: _try(target, world, aside),
        is_settled=partial(is_settled, limits=world.limits, one_is_enough=one_is_enough),
        pause=world.pause,
        overlap=world.overlap,
    )
    seen = conclude(visits, world.limits)
    if one_is_enough and seen.verdict != Verdict.NORMAL:
        _look_aside(aside, target, world)
    if pictured and pictured != seen.verdict and not aside.screenshot:
        aside.browse(target, world.browser)
    opened = _open(world, world.controls, world.waf_controls) if seen.is_bad else (True, True)
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


def _try(target: Target, world: World, aside: Aside) -> Visit:
    """One try. What the WAF answers with a challenge is repeated by browser, and the browser's visit is the try."""
    visit = world.visiting(target, limits=world.limits, at=world.clock())
    if visit.page not in QUESTIONS or world.browser is None:
        return visit
    aside.visits.append(visit)
    try:
        sight = world.browser(target, limits=world.limits, at=world.clock())
    except NotVisited as error:
        aside.visits.remove(visit)
        aside.notes.append(str(error))
        return visit
    aside.screenshot = sight.screenshot or aside.screenshot
    return sight.visit


def controls_open(world: World) -> bool:
    """Whether the internet can be reached from here: one control page that answers is enough, as is having none."""
    return _open(world, world.controls)[0]


def _open(world: World, *groups: tuple[str, ...]) -> tuple[bool, ...]:
    """Whether a page of each group answers, having none counts as that. All are asked at once: our line may be dead."""
    urls = [url for group in groups for url in group]
    looks = [partial(_answers, url, world) for url in urls]
    opened = dict(zip(urls, all_at_once(looks, seconds=world.limits.probe_seconds + _GRACE_SECONDS), strict=True))
    return tuple(not group or any(opened[url] for url in group) for group in groups)


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
