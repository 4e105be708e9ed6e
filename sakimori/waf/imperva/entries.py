"""The entries of one vendor list: which single addresses stand on it, and how it changes. Pure.

Entries that stand for exactly one address are compared as that address, however they are spelt; everything else,
readable or not, is foreign and passes through untouched.
"""

from collections.abc import Iterable, Sequence

from sakimori.lib.addresses import canonical, parse_address
from sakimori.waf.entries import single_address
from sakimori.waf.interface import WafRefused

# RFC 5737: no client on the internet has this address. It keeps a list alive that the vendor will not let be empty
# or would drop together with its exceptions.
PLACEHOLDER = "192.0.2.1"


def wanted_addresses(addresses: Iterable[str]) -> frozenset[str]:
    """Our own input in canonical form; `WafRefused` for what is not one address or could not be read back."""
    return frozenset(_wanted_address(text) for text in addresses)


def _wanted_address(text: str) -> str:
    address = parse_address(text)
    if address is None:
        raise WafRefused(f"{text[:50]!r} は IP アドレスではありません。")
    if canonical(address) == PLACEHOLDER:
        raise WafRefused(f"{PLACEHOLDER} は空のリストを保つために使うので、遮断できません。")
    return canonical(address)


def listed_addresses(entries: Iterable[str]) -> frozenset[str]:
    """The single addresses on the list, in canonical form, without the placeholder."""
    singles = {single_address(entry) for entry in entries}
    return frozenset(address for address in singles if address is not None and address != PLACEHOLDER)


def merged(entries: Sequence[str], *, add: frozenset[str], remove: frozenset[str]) -> tuple[str, ...]:
    """The list after the change: kept entries in their order and spelling, then the new ones, sorted.

    The placeholder goes as soon as another address comes. `add` and `remove` are canonical.
    """
    gone = remove | ({PLACEHOLDER} if add else set())
    kept = [entry for entry in entries if single_address(entry) not in gone]
    new = add - {single_address(entry) for entry in kept}
    return (*kept, *sorted(new))
