"""What is looked at beside the tries of an examination, at the same time: past the WAF, from elsewhere, by browser.

None of it may change a verdict by failing: what does not work becomes a note.
"""

import threading
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Protocol

from sakimori.incidents.visit import Limits, Target, Trouble, Visit

_LATE_SECONDS = 2.0


class NotVisited(Exception):
    """A way of looking at a page that did not work; the text says why, in Japanese. It says nothing of the page."""


@dataclass(frozen=True, slots=True)
class Sight:
    """What a browser has seen: the visit, and the screen as PNG (empty if it could not be had)."""

    visit: Visit
    screenshot: bytes = b""


class Visiting(Protocol):
    """`probing.visit`, a twin of it, or the second vantage point, which raises NotVisited."""

    def __call__(self, target: Target, *, limits: Limits, at: datetime) -> Visit: ...


class Browsing(Protocol):
    """A browser. Raises NotVisited where it does not work."""

    def __call__(self, target: Target, *, limits: Limits, at: datetime) -> Sight: ...


@dataclass
class Aside:
    """Looks that go on in threads of their own while the tries are made."""

    limits: Limits
    clock: Callable[[], datetime]
    visits: list[Visit] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    screenshot: bytes = b""
    _threads: list[threading.Thread] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def begin(self, look: Callable[[], Sight], path: str) -> None:
        """Begin with one look; `path` (a value of `models.ProbePath`) goes for what comes of it."""
        thread = threading.Thread(target=self._run, args=(look, path), name="beside", daemon=True)
        self._threads.append(thread)
        thread.start()

    def origin(self, target: Target, visiting: Visiting) -> None:
        """Look past the WAF, where the customer allows it."""
        if target.origin:
            past = replace(target, connect_to=target.origin)
            self.begin(lambda: Sight(visiting(past, limits=self.limits, at=self.clock())), "origin")

    def elsewhere(self, target: Target, vantage: Visiting | None) -> None:
        """Look from the second vantage point, if there is one."""
        if vantage is not None:
            self.begin(lambda: Sight(vantage(target, limits=self.limits, at=self.clock())), "visitor")

    def browse(self, target: Target, browser: Browsing | None) -> None:
        """Take a picture, if there is a browser."""
        if browser is not None:
            self.begin(lambda: browser(target, limits=self.limits, at=self.clock()), "browser")

    def wait(self) -> None:
        """Until all have come home; whoever is later than the limit allows is left behind, and noted."""
        for thread in self._threads:
            thread.join(self.limits.probe_seconds + _LATE_SECONDS)
            if thread.is_alive():
                self._note("時間内に終わらない補助的な確認がありました。")
        self._threads.clear()

    def _run(self, look: Callable[[], Sight], path: str) -> None:
        try:
            sight = look()
        except NotVisited as error:
            self._note(str(error))
            return
        with self._lock:
            self.visits.append(replace(sight.visit, path=path))
            self.screenshot = sight.screenshot or self.screenshot

    def _note(self, sentence: str) -> None:
        with self._lock:
            self.notes.append(sentence)


def controls_answer(urls: tuple[str, ...], visiting: Visiting, limits: Limits, clock: Callable[[], datetime]) -> bool:
    """Whether one of these pages answers; having none counts as that. Only their beginning is read."""
    return not urls or any(_opens(url, visiting, limits, clock) for url in urls)


def _opens(url: str, visiting: Visiting, limits: Limits, clock: Callable[[], datetime]) -> bool:
    return visiting(Target(url, whole=False), limits=limits, at=clock()).trouble is Trouble.NONE
