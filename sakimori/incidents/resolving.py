"""From a host's name to the addresses that a probe may connect to. No probe connects to anything else.

The name is resolved once, every address is tested with all that it embeds, and the connection goes to the very
address that was tested: a name that changes its mind in between changes nothing.
"""

import queue
import socket
import threading
from collections.abc import Callable, Sequence
from ipaddress import IPv6Address

from sakimori.lib.addresses import Address, is_public, parse_address, with_embedded

Resolver = Callable[[str, int], Sequence[str]]


class CannotResolve(Exception):
    """The name has no address."""


class ResolvingTooSlow(Exception):
    """The name server did not answer in time."""


class NotPublic(Exception):
    """One of the addresses is none that a visitor on the internet could connect to."""


def addresses_of(
    host: str, port: int, *, seconds: float, training: bool, resolver: Resolver | None = None
) -> list[Address]:
    """Every address of a host, tested, IPv4 first. Raises CannotResolve, ResolvingTooSlow or NotPublic."""
    texts = _in_time(resolver or resolve, host, port, seconds)
    if not texts:
        raise CannotResolve(host)
    found = [parse_address(text) for text in dict.fromkeys(texts)]
    allowed = [address for address in found if address is not None and is_allowed(address, training=training)]
    if len(allowed) != len(found):
        raise NotPublic(host)
    return sorted(allowed, key=lambda address: isinstance(address, IPv6Address))


def is_allowed(address: Address, *, training: bool) -> bool:
    """Whether a probe may connect to an address. In training this machine's own addresses count too."""
    if training and all(part.is_loopback for part in with_embedded(address)):
        return True
    return is_public(address, documentation_counts=training)


def resolve(host: str, port: int) -> list[str]:
    """Ask the system. Odd ways to write an address (`0x7f.1`, `2130706433`) are understood here, before the test."""
    return [str(entry[4][0]) for entry in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]


def _in_time(resolver: Resolver, host: str, port: int, seconds: float) -> Sequence[str]:
    """The system's resolver knows no time limit, so it is asked in a thread that may be left behind."""
    answer: queue.SimpleQueue[Sequence[str] | None] = queue.SimpleQueue()

    def ask() -> None:
        try:
            answer.put(resolver(host, port))
        except (OSError, UnicodeError):
            answer.put(None)

    threading.Thread(target=ask, name="resolve", daemon=True).start()
    try:
        texts = answer.get(timeout=max(seconds, 0.001))
    except queue.Empty:
        raise ResolvingTooSlow(host) from None
    if texts is None:
        raise CannotResolve(host)
    return texts
