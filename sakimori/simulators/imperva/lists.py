"""Addresses on a list of the vendor's: who put each there, what a write changed, what a text may be."""

import ipaddress
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache

from sakimori.simulators.imperva.answers import Refusal
from sakimori.simulators.journal import Change
from sakimori.simulators.state import State

IpAddress = ipaddress.IPv4Address | ipaddress.IPv6Address


@dataclass(frozen=True, slots=True)
class ListWrite:
    """A list before and after, who wrote it and when."""

    subject: str
    before: Sequence[str]
    after: Sequence[str]
    by: str
    now_ms: int


def record_write(state: State, write: ListWrite) -> Change:
    """Keep the authors of the entries in step, and say what changed."""
    before, after = set(write.before), set(write.after)
    added = tuple(address for address in write.after if address not in before)
    removed = tuple(address for address in write.before if address not in after)
    with state.change() as db:
        db.executemany("DELETE FROM entry WHERE subject = ? AND address = ?", [(write.subject, a) for a in removed])
        db.executemany(
            "REPLACE INTO entry (subject, address, added_by, added_ms) VALUES (?, ?, ?, ?)",
            [(write.subject, address, write.by, write.now_ms) for address in added],
        )
    return Change(subject=write.subject, added=added, removed=removed)


def checked_addresses(addresses: Iterable[object], *, limit: int, pointer: str) -> list[str]:
    """The texts as given, doubles removed. Refusal for a text that is no address, range or net, or if too many."""
    texts = list(dict.fromkeys(str(address).strip() for address in addresses))
    for text in texts:
        if bounds(text) is None:
            raise Refusal(f"Invalid IP address: {text}", pointer=pointer)
    if len(texts) > limit:
        raise Refusal(f"Too many IP addresses: {len(texts)}, the limit is {limit}", pointer=pointer)
    return texts


@lru_cache(maxsize=100_000)
def bounds(text: str) -> tuple[IpAddress, IpAddress] | None:
    """First and last address of an address, an `a-b` range or a net; None if the text is none of them."""
    try:
        if "-" in text:
            low, high = (ipaddress.ip_address(part.strip()) for part in text.split("-"))
            return (low, high) if low.version == high.version and int(low) <= int(high) else None
        net = ipaddress.ip_network(text, strict=False)
    except ValueError:
        return None
    return net[0], net[-1]


class Cover:
    """The addresses that some texts (addresses, ranges, nets) cover; read once, asked often."""

    def __init__(self, texts: Iterable[str]) -> None:
        spans = [span for text in texts if (span := bounds(text)) is not None]
        self._single = {low for low, high in spans if low == high}
        self._wide = [span for span in spans if span[0] != span[1]]

    def holds(self, address: str) -> bool:
        """Is the address covered?"""
        wanted = ipaddress.ip_address(address)
        return wanted in self._single or any(
            low.version == wanted.version and int(low) <= int(wanted) <= int(high) for low, high in self._wide
        )
