"""Looks at the control pages: pages of others that must be open before a site is called down.

They are looked at once the first try of a site has failed, while its other tries go on, so that no verdict waits for
them. Sites that fail at the same moment share one look: 200 of them must not storm a stranger's page.
"""

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from sakimori.incidents.tries import all_at_once

GRACE_SECONDS = 2.0
_SHARED_SECONDS = 5.0

Groups = Sequence[Sequence[str]]
Opened = tuple[bool, ...]


@dataclass
class Look:
    """One look at all control pages, which goes on in a thread of its own."""

    began: float
    _found: Opened = ()
    _is_over: threading.Event = field(default_factory=threading.Event)

    def begin(self, work: Callable[[], Opened]) -> None:
        """Begin with it."""

        def run() -> None:
            try:
                self._found = work()
            finally:
                self._is_over.set()

        threading.Thread(target=run, name="controls", daemon=True).start()

    def result(self) -> Opened:
        """Whether a page of each group opens; waits for it."""
        self._is_over.wait()
        return self._found


class Looks:
    """Shares looks: whoever asks for the same pages within some seconds of the last look's beginning has that one."""

    def __init__(self, shared_seconds: float = _SHARED_SECONDS) -> None:
        self._shared = shared_seconds
        self._last: dict[object, Look] = {}
        self._lock = threading.Lock()

    def begin(self, pages: object, work: Callable[[], Opened]) -> Look:
        """The look at these pages that is under way or has just been made, or a new one."""
        with self._lock:
            now = time.monotonic()
            last = self._last.get(pages)
            if last is None or now - last.began > self._shared:
                last = self._last[pages] = Look(now)
                last.begin(work)
            return last


def look_at(groups: Groups, opens: Callable[[str], bool], *, seconds: float) -> Opened:
    """Whether a page of each group opens; having none counts as that. All are asked at once: our line may be dead."""
    urls = [url for group in groups for url in group]
    found = all_at_once([_asking(opens, url) for url in urls], seconds=seconds + GRACE_SECONDS)
    opened = dict(zip(urls, found, strict=True))
    return tuple(not group or any(opened[url] for url in group) for group in groups)


def _asking(opens: Callable[[str], bool], url: str) -> Callable[[], bool]:
    return lambda: opens(url)
