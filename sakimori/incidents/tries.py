"""Several looks at once: the tries of an examination, which overlap where a site hangs, and the control pages."""

import math
import queue
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from typing import TypeVar

from sakimori.incidents.verdict import MOST_TRIES
from sakimori.incidents.visit import Visit

Result = TypeVar("Result")


def make_tries(
    look: Callable[[], Visit],
    *,
    is_settled: Callable[[Sequence[Visit]], bool],
    pause: Callable[[], None],
    overlap: float,
    until: float = math.inf,
) -> list[Visit]:
    """Look until it is settled, the first to come home first. One that has hung for `overlap` seconds gets company.

    So a site that hangs costs no more time than its limit and a little, and still has its tries. What is still under
    way when it is settled, or at the moment `until` (monotonic seconds), is left behind: it may be everything. An error
    of a look is raised here.
    """
    home: queue.SimpleQueue[Visit | Exception] = queue.SimpleQueue()
    visits: list[Visit] = []
    started = 0
    while not is_settled(visits) and (left := until - time.monotonic()) > 0:
        if started < MOST_TRIES:
            if started:
                pause()
            _begin(look, home)
            started += 1
        wait = min(left, overlap if started < MOST_TRIES else left)
        try:
            result = home.get(timeout=None if wait == math.inf else wait)
        except queue.Empty:
            continue
        if isinstance(result, Exception):
            raise result
        visits.append(result)
    return visits


def _begin(look: Callable[[], Visit], home: "queue.SimpleQueue[Visit | Exception]") -> None:
    def run() -> None:
        try:
            home.put(look())
        except Exception as error:  # noqa: BLE001 - raised where the results are fetched
            home.put(error)

    threading.Thread(target=run, name="try", daemon=True).start()


def all_at_once(looks: Iterable[Callable[[], bool]], *, seconds: float) -> list[bool]:
    """What several looks come to, in their order; one that is later than the limit comes to no."""
    chosen = list(looks)
    found = [False] * len(chosen)

    def run(number: int) -> None:
        found[number] = chosen[number]()

    threads = [threading.Thread(target=run, args=(number,), daemon=True) for number in range(len(chosen))]
    for thread in threads:
        thread.start()
    until = time.monotonic() + seconds
    for thread in threads:
        thread.join(max(0.0, until - time.monotonic()))
    return list(found)
