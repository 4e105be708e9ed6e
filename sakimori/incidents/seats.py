"""How many browsers may run at once in this process, and who goes first: a look that a verdict waits for.

A browser costs seconds of a core and hundreds of MiB. One seat is never given to a picture, so that a page which hangs
under a camera keeps no verdict waiting.
"""

import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager


class Seats:
    """So many at once; pictures take all but one of them, and none while a verdict waits."""

    def __init__(self, number: int) -> None:
        self._free = number
        self._changed = threading.Condition()
        self._urgent = 0

    @contextmanager
    def taken(self, *, seconds: float, urgent: bool, is_wanted: Callable[[], bool] = lambda: True) -> Generator[bool]:
        """Whether a seat was had in time; it is given back in the end. urgent: a verdict waits for it.

        Whose look is not wanted any more leaves the line when he is next asked, so that he keeps no seat from others.
        """
        had = self._take(seconds, urgent=urgent, is_wanted=is_wanted)
        try:
            yield had
        finally:
            if had:
                self._change(free=1)

    def _take(self, seconds: float, *, urgent: bool, is_wanted: Callable[[], bool]) -> bool:
        least = 1 if urgent else 2

        def is_free() -> bool:
            return self._free >= least and (urgent or not self._urgent)

        self._change(urgent=int(urgent))
        try:
            with self._changed:
                self._changed.wait_for(lambda: is_free() or not is_wanted(), timeout=max(seconds, 0.0))
                had = is_free() and is_wanted()
                self._free -= int(had)
                return had
        finally:
            self._change(urgent=-int(urgent))

    def _change(self, *, free: int = 0, urgent: int = 0) -> None:
        with self._changed:
            self._free += free
            self._urgent += urgent
            self._changed.notify_all()
