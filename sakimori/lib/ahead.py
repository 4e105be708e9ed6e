"""Let an iterator run ahead of whoever reads it, in a thread of its own: for work that leaves Python's lock alone."""

from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import contextmanager
from threading import Condition, Thread
from typing import Generic, TypeVar

Item = TypeVar("Item")


def _one(_item: object) -> int:
    return 1


@contextmanager
def ahead(items: Iterable[Item], *, most: int = 1, weight: Callable[[Item], int] = _one) -> Generator[Iterator[Item]]:
    """Give the items in order, made in advance until those that wait weigh `most`, at least one of them. An error of
    the iterator comes where it belongs.

    At the end of the context the iterator is not asked any more, and its thread has ended. It must touch nothing that
    belongs to the caller's thread, such as a database connection.
    """
    line = _Line(most, weight)
    thread = Thread(target=_run, args=(items, line), name="ahead", daemon=True)
    thread.start()
    try:
        yield line.taken()
    finally:
        line.stop()
        thread.join()


class _Line(Generic[Item]):
    """Items that wait to be taken."""

    def __init__(self, most: int, weight: Callable[[Item], int]) -> None:
        self._most, self._weigh = most, weight
        self._waiting: deque[tuple[Item, int]] = deque()
        self._weight = 0
        self._is_over, self._is_stopped = False, False
        self._error: BaseException | None = None
        self._changed = Condition()

    def put(self, item: Item) -> bool:
        """Wait for room. False if nobody wants the item any more."""
        weight = self._weigh(item)
        with self._changed:
            self._changed.wait_for(lambda: self._is_stopped or not self._waiting or self._weight + weight <= self._most)
            if self._is_stopped:
                return False
            self._waiting.append((item, weight))
            self._weight += weight
            self._changed.notify_all()
            return True

    def end(self, error: BaseException | None) -> None:
        """Nothing more will come."""
        with self._changed:
            self._is_over, self._error = True, error
            self._changed.notify_all()

    def stop(self) -> None:
        """Nothing more is wanted."""
        with self._changed:
            self._is_stopped = True
            self._waiting.clear()
            self._changed.notify_all()

    def taken(self) -> Iterator[Item]:
        """Take the items one after the other, as they come."""
        while (found := self._take()) is not None:
            yield found[0]
            del found  # Or it would take its memory while the next one is waited for.

    def _take(self) -> tuple[Item, int] | None:
        with self._changed:
            self._changed.wait_for(lambda: self._is_stopped or self._waiting or self._is_over)
            if self._is_stopped:
                return None
            if self._waiting:
                found = self._waiting.popleft()
                self._weight -= found[1]
                self._changed.notify_all()
                return found
            if self._error is not None:
                raise self._error
            return None


def _run(items: Iterable[Item], line: _Line[Item]) -> None:
    error: BaseException | None = None
    try:
        for item in items:
            if not line.put(item):
                return
            del item
    except BaseException as raised:  # noqa: BLE001  It is raised again where the items are read.
        error = raised
    line.end(error)
