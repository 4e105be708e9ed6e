"""Visits go on side by side, each in a thread of its own; only the duty that fetches the results writes rows.

So a slow site delays no other, and no database transaction is open while somebody waits for a page.
"""

import queue
import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from sakimori.incidents.verdict import BAD, conclude, is_settled
from sakimori.incidents.visit import Limits, Target, Visit

_SIDE_BY_SIDE = 16


class Visiting(Protocol):
    """`probing.visit`, or a twin of it."""

    def __call__(self, target: Target, *, limits: Limits, at: datetime) -> Visit: ...


@dataclass(frozen=True, slots=True)
class World:
    """What a visit needs of the outside. controls: pages of others; pause: waits between two tries."""

    visiting: Visiting
    limits: Limits
    controls: tuple[str, ...]
    clock: Callable[[], datetime]
    pause: Callable[[], None]


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


def examine(key: int, target: Target, world: World, *, one_is_enough: bool) -> Examination:
    """Visit a site until its verdict is settled; a bad one is compared with the control pages at once."""
    visits: list[Visit] = []
    while not is_settled(visits, world.limits, one_is_enough=one_is_enough):
        if visits:
            world.pause()
        visits.append(world.visiting(target, limits=world.limits, at=world.clock()))
    bad = conclude(visits, world.limits).verdict in BAD
    return Examination(key, tuple(visits), controls_open(world) if bad else True)


def controls_open(world: World) -> bool:
    """Whether the internet can be reached from here: one control page that answers is enough, as is having none."""
    return not world.controls or any(_opens(url, world) for url in world.controls)


def _opens(url: str, world: World) -> bool:
    return not world.visiting(Target(url), limits=world.limits, at=world.clock()).trouble


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
