"""The entries of one vendor list: which addresses and networks stand on it, and how it changes. Pure.

Entries that stand for exactly one address or network are compared as that, however they are spelt; everything else,
readable or not, is foreign and passes through untouched.
"""

from collections.abc import Iterable, Sequence
from ipaddress import ip_network

from sakimori.lib.addresses import Network
from sakimori.waf.entries import canonical_entry
from sakimori.waf.interface import WafRefused

# RFC 5737: no client on the internet has this address. It keeps a list alive that the vendor will not let be empty
# or would drop together with its exceptions.
PLACEHOLDER = "192.0.2.1"
# Whoever wants more than this has made a mistake, whatever was approved: half the internet must not stand on a list.
_WIDEST = {4: 16, 6: 32}


def wanted_entries(entries: Iterable[str]) -> frozenset[str]:
    """Our own input in canonical form; `WafRefused` for what is no address or network, or could not be read back."""
    return frozenset(_wanted_entry(text) for text in entries)


def _wanted_entry(text: str) -> str:
    wanted = canonical_entry(text) if "-" not in text else None
    network = _strict(text) if wanted is not None else None
    if wanted is None or network is None:
        raise WafRefused(f"{text[:50]!r} は IP アドレスでもネットワークでもありません。")
    if network.prefixlen < _WIDEST[network.version]:
        raise WafRefused(f"{wanted} は広すぎるため、登録できません。")
    if wanted == PLACEHOLDER:
        raise WafRefused(f"{PLACEHOLDER} は空のリストを保つために使うので、遮断できません。")
    return wanted


def _strict(text: str) -> Network | None:
    """Host bits in what we want ourselves would widen it unseen."""
    try:
        return ip_network(text.strip().removeprefix("[").removesuffix("]"))
    except ValueError:
        return None


def listed_entries(entries: Iterable[str]) -> frozenset[str]:
    """The addresses and networks on the list, in canonical form, without the placeholder."""
    known = {canonical_entry(entry) for entry in entries}
    return frozenset(entry for entry in known if entry is not None and entry != PLACEHOLDER)


def other_entries(entries: Iterable[str]) -> frozenset[str]:
    """What is neither one address nor one network, as it is spelt."""
    return frozenset(entry for entry in entries if canonical_entry(entry) is None)


def number_of(entries: Iterable[str]) -> int:
    """How many entries stand on the list, of whatever kind; the placeholder goes when another one comes."""
    return sum(canonical_entry(entry) != PLACEHOLDER for entry in entries)


def merged(entries: Sequence[str], *, add: frozenset[str], remove: frozenset[str]) -> tuple[str, ...]:
    """The list after the change: kept entries in their order and spelling, then the new ones, sorted.

    The placeholder goes as soon as another address comes. `add` and `remove` are canonical.
    """
    gone = remove | ({PLACEHOLDER} if add else set())
    kept = [entry for entry in entries if canonical_entry(entry) not in gone]
    new = add - {canonical_entry(entry) for entry in kept}
    return (*kept, *sorted(new))
