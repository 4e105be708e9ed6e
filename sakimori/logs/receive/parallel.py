"""Looking at many customers' sources at once, each in a thread of its own: a slow one delays nobody but itself."""

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from django.db import connections

_AT_ONCE = 16
Look = Callable[[], int]


class Source(Protocol):
    """What can be looked at: for each account that is due its key, and the look, which tells how many files came."""

    def due_looks(self) -> Sequence[tuple[int, Look]]:
        """The longest waiting first."""


@dataclass
class Parallel:
    """The looks of one kind of source. Threads may be cut off at any moment: none is waited for at the end."""

    source: Source
    at_once: int = _AT_ONCE
    _under_way: dict[int, "_Thread"] = field(default_factory=dict)

    def start_due(self) -> int:
        """Begin with every account that is due and not under way. Returns how many files came since the last call."""
        ended = [key for key, thread in self._under_way.items() if not thread.is_alive()]
        threads = [self._under_way.pop(key) for key in ended]
        for key, look in self.source.due_looks():
            if len(self._under_way) < self.at_once and key not in self._under_way:
                self._under_way[key] = thread = _Thread(key, look)
                thread.start()
        for thread in threads:
            if thread.error is not None:
                raise thread.error
        return sum(thread.taken for thread in threads)


class _Thread(threading.Thread):
    """One account's look."""

    def __init__(self, key: int, look: Look) -> None:
        super().__init__(name=f"pull-{key}", daemon=True)
        self._look = look
        self.taken = 0
        self.error: Exception | None = None

    def run(self) -> None:
        try:
            self.taken = self._look()
        except Exception as error:  # noqa: BLE001 - handed to the duty, which writes it down and goes on
            self.error = error
        finally:
            connections.close_all()
