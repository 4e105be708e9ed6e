"""What an entry of a blacklist stands for, with any vendor: an address, a CIDR or an `a-b` range, as text. Pure."""

from functools import lru_cache
from ipaddress import IPv4Network, IPv6Network, ip_network, summarize_address_range

from sakimori.lib.addresses import Address, Network, canonical, parse_address

_REMEMBERED = 100_000  # The same lists are read again and again.


@lru_cache(maxsize=_REMEMBERED)
def canonical_entry(entry: str) -> str | None:
    """The address or network that an entry stands for, in the one form that is compared; None if it is neither.

    A network of one address is that address, a range that is exactly one network is that network, and host bits do
    not matter: it blocks the same, and a vendor may write it so.
    """
    address = parse_address(entry)
    if address is not None:
        return canonical(address)
    network = _network(entry.strip())
    return _written(network) if network is not None else None


def _network(text: str) -> Network | None:
    try:
        if "-" in text:
            return _only_network(*map(parse_address, text.split("-", maxsplit=1)))
        return ip_network(text, strict=False) if "/" in text else None
    except (ValueError, TypeError):
        return None


def _only_network(first: Address | None, last: Address | None) -> Network | None:
    """TypeError or ValueError for two that are no range."""
    found: list[Network] = list(summarize_address_range(first, last))  # type: ignore[arg-type]
    return found[0] if len(found) == 1 else None


def _written(network: Network) -> str:
    """An IPv4 network mapped into IPv6 becomes IPv4, as an address does."""
    if isinstance(network, IPv6Network):
        mapped = network.network_address.ipv4_mapped
        if mapped is not None and network.prefixlen >= 96:
            network = IPv4Network((mapped, network.prefixlen - 96))
    return canonical(network.network_address) if network.num_addresses == 1 else str(network)
