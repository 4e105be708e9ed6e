"""What is looked at beside the tries of an examination, at the same time: past the WAF, from elsewhere, by browser.

None of it may change a verdict by failing: what does not work becomes a note.
"""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Protocol

from sakimori.incidents.visit import Limits, Target, Visit

PATIENCE_SECONDS = 3.0
_MOST_PICTURES = 20


class NotVisited(Exception):
    """A way of looking at a page that did not work; the text says why, in Japanese. It says nothing of the page."""


class NoTime(NotVisited):
    """There was not enough time for it: others who still look may know more."""


@dataclass(frozen=True, slots=True)
class Sight:
    """What a browser has seen: the visit, and the screen as PNG (empty if it could not be had)."""

    visit: Visit
    screenshot: bytes = b""


class Visiting(Protocol):
    """`probing.visit`, a twin of it, or the second vantage point, which raises NotVisited."""

    def __call__(self, target: Target, *, limits: Limits, at: datetime) -> Visit: ...


class Browsing(Protocol):
    """A browser. Raises NotVisited where it does not work.

    seconds: what all of it may take, a verdict waits for it; None: a picture, which lets others go first. is_wanted: a
    look that was not begun yet and is not wanted any more is left out (NoTime).
    """

    def __call__(
        self,
        target: Target,
        *,
        limits: Limits,
        at: datetime,
        seconds: float | None = None,
        is_wanted: Callable[[], bool] = ...,
    ) -> Sight: ...


class Album:
    """Pictures that came too late for the visit they belong to, by key, until the next one takes them along."""

    def __init__(self) -> None:
        self._pictures: dict[int, bytes] = {}
        self._lock = threading.Lock()

    def put(self, key: int, picture: bytes) -> None:
        """Keep a picture; of too many the oldest goes."""
        with self._lock:
            if picture:
                self._pictures[key] = picture
            while len(self._pictures) > _MOST_PICTURES:
                del self._pictures[next(iter(self._pictures))]

    def take(self, key: int) -> bytes:
        """The picture of this key, once; empty if there is none."""
        with self._lock:
            return self._pictures.pop(key, b"")


@dataclass
class Aside:
    """Looks that go on in threads of their own while the tries are made."""

    key: int
    limits: Limits
    clock: Callable[[], datetime]
    album: Album
    visits: list[Visit] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    screenshot: bytes = b""
    _threads: list[threading.Thread] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _is_over: bool = False

    def begin(self, look: Callable[[], Sight | None], path: str) -> None:
        """Begin with one look (None: it was not made); `path`, of `models.ProbePath`, goes for what comes of it."""
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

    def browse(self, target: Target, browser: Browsing | None, *, is_wanted: Callable[[], bool] = lambda: True) -> None:
        """Take a picture, if there is a browser. is_wanted: may wait until that is known."""
        if browser is None:
            return

        def look() -> Sight | None:
            return browser(target, limits=self.limits, at=self.clock()) if is_wanted() else None

        self.begin(look, "browser")

    def wait(self, seconds: float) -> None:
        """Until all have come home, but no verdict waits longer: a picture that comes late goes into the album."""
        until = time.monotonic() + seconds
        for thread in self._threads:
            thread.join(max(0.0, until - time.monotonic()))
        with self._lock:
            self._is_over = True
            if any(thread.is_alive() for thread in self._threads):
                self.notes.append("時間内に終わらない補助的な確認がありました。")

    def _run(self, look: Callable[[], Sight | None], path: str) -> None:
        try:
            sight = look()
        except NotVisited as error:
            self._note(str(error))
            return
        if sight is None:
            return
        with self._lock:
            if self._is_over:
                self.album.put(self.key, sight.screenshot)
                return
            self.visits.append(replace(sight.visit, path=path))
            self.screenshot = sight.screenshot or self.screenshot

    def _note(self, sentence: str) -> None:
        with self._lock:
            self.notes.append(sentence)
