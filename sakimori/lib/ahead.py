"""Let an iterator run ahead of whoever reads it, in a thread of its own: for work that leaves Python's lock alone."""

from collections.abc import Generator, Iterable, Iterator
from contextlib import contextmanager
from queue import Empty, Full, Queue
from threading import Event, Thread
from typing import TypeVar

Item = TypeVar("Item")
_END = object()
_LOOK_SECONDS = 0.1


@contextmanager
def ahead(items: Iterable[Item], *, most: int = 1) -> Generator[Iterator[Item]]:
    """Give the items in order, up to `most` of them made in advance. An error of the iterator comes where it belongs.

    At the end of the context the iterator is not asked any more, and its thread has ended. It must touch nothing that
    belongs to the caller's thread, such as a database connection.
    """
    queue: Queue[object] = Queue(most)
    stop = Event()
    thread = Thread(target=_run, args=(items, queue, stop), name="ahead", daemon=True)
    thread.start()
    try:
        yield _taken(queue, stop)
    finally:
        stop.set()
        thread.join()


class _Failed:
    def __init__(self, error: BaseException) -> None:
        self.error = error


def _run(items: Iterable[object], queue: "Queue[object]", stop: Event) -> None:
    last: object = _END
    try:
        for item in items:
            if not _put(queue, item, stop):
                return
    except BaseException as error:  # noqa: BLE001  It is raised again where the items are read.
        last = _Failed(error)
    _put(queue, last, stop)


def _put(queue: "Queue[object]", item: object, stop: Event) -> bool:
    while not stop.is_set():
        try:
            queue.put(item, timeout=_LOOK_SECONDS)
        except Full:
            continue
        return True
    return False


def _taken(queue: "Queue[object]", stop: Event) -> Iterator[Item]:
    while not stop.is_set():
        try:
            item = queue.get(timeout=_LOOK_SECONDS)
        except Empty:
            continue
        if item is _END:
            return
        if isinstance(item, _Failed):
            raise item.error
        yield item  # type: ignore[misc]
