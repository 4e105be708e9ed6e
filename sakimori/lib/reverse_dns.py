"""The two questions of forward-confirmed reverse DNS: the names of an address, and the addresses of a name.

`NameServer` is the contract, `SystemNames` asks the system. Neither knows a time limit: `ask_all` does.
"""

import queue
import socket
import threading
import time
from collections.abc import Callable, Collection, Iterable
from typing import Protocol, TypeVar

Answer = TypeVar("Answer")
Asked = TypeVar("Asked")
_NO_SUCH_NAME = frozenset({1, 4})  # HOST_NOT_FOUND, NO_DATA of netdb.h: an answer, and the answer is no.
_NO_ADDRESS = frozenset({socket.EAI_NONAME, socket.EAI_NODATA})
_THREADS = 16
_MOST_THREADS = 64
_NAME = "names"


class NamesUnavailable(Exception):
    """The name server did not answer."""


class NameServer(Protocol):
    """Both raise NamesUnavailable when there is no answer; that there is none is an answer too."""

    def names_of(self, address: str) -> Collection[str]:
        """Names that the owner of the address gives it (PTR)."""
        ...

    def addresses_of(self, name: str) -> Collection[str]:
        """Addresses that the owner of the name gives it (A, AAAA)."""
        ...


class SystemNames:
    """Asks the system's resolver."""

    def names_of(self, address: str) -> Collection[str]:
        try:
            name, aliases, _ = socket.gethostbyaddr(address)
        except socket.herror as error:
            if error.errno in _NO_SUCH_NAME:
                return ()
            raise NamesUnavailable(str(error)) from error
        except OSError as error:
            raise NamesUnavailable(str(error)) from error
        return (name, *aliases)

    def addresses_of(self, name: str) -> Collection[str]:
        try:
            found = socket.getaddrinfo(name, None, type=socket.SOCK_STREAM)
        except UnicodeError:
            return ()
        except socket.gaierror as error:
            if error.errno in _NO_ADDRESS:
                return ()
            raise NamesUnavailable(str(error)) from error
        except OSError as error:
            raise NamesUnavailable(str(error)) from error
        return tuple(dict.fromkeys(str(entry[4][0]) for entry in found))


def ask_all(
    items: Iterable[Asked], ask: Callable[[Asked], Answer], *, seconds: float, threads: int = _THREADS
) -> dict[Asked, Answer]:
    """Ask for all of them at once, in order, for so many seconds together. Who has no answer by then is left out.

    A thread that still waits for its answer is left behind; it ends when the system gives up. There are never more than
    64 of them. `ask` must not raise.
    """
    waiting: queue.SimpleQueue[Asked] = queue.SimpleQueue()
    answered: queue.SimpleQueue[tuple[Asked, Answer]] = queue.SimpleQueue()
    until = time.monotonic() + seconds
    number = 0
    for number, item in enumerate(items, start=1):  # noqa: B007 - the last number counts
        waiting.put(item)

    def work() -> None:
        while time.monotonic() < until:
            try:
                item = waiting.get_nowait()
            except queue.Empty:
                return
            answered.put((item, ask(item)))

    left_behind = sum(thread.name == _NAME for thread in threading.enumerate())
    for _ in range(min(number, threads, _MOST_THREADS - left_behind)):
        threading.Thread(target=work, name=_NAME, daemon=True).start()
    return _gather(answered, number, until)


def _gather(answered: "queue.SimpleQueue[tuple[Asked, Answer]]", number: int, until: float) -> dict[Asked, Answer]:
    found: dict[Asked, Answer] = {}
    while len(found) < number:
        try:
            item, answer = answered.get(timeout=max(until - time.monotonic(), 0))
        except queue.Empty:
            break
        found[item] = answer
    return found
