"""IP addresses: canonical text, what an address embeds, and whether it can be a stranger on the internet.

Pure. Python's own flags are not enough: 100.64/10 is not `is_private`, NAT64 and 6to4 forms are `is_global`,
and multicast can be `is_global` too. So an address is taken apart first and every part is judged.
"""

from collections.abc import Iterable
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

_NAT64 = IPv6Network("64:ff9b::/96")
_NAT64_LOCAL = IPv6Network("64:ff9b:1::/48")
_V4_COMPATIBLE = IPv6Network("::/96")
_NEVER_PUBLIC: tuple[Network, ...] = (
    IPv4Network("0.0.0.0/8"),
    IPv4Network("100.64.0.0/10"),
    IPv4Network("192.0.0.0/24"),
    IPv4Network("192.88.99.0/24"),
    IPv4Network("198.18.0.0/15"),
    IPv4Network("240.0.0.0/4"),
    IPv6Network("100::/64"),
    IPv6Network("2001::/23"),
    IPv6Network("5f00::/16"),
    IPv6Network("fec0::/10"),
    _NAT64_LOCAL,
)
# The only part of IPv6 that is given out (RFC 4291); what lies outside is nobody's or has a purpose of its own.
_GIVEN_OUT = IPv6Network("2000::/3")
_PRIVATE: tuple[Network, ...] = (
    IPv4Network("10.0.0.0/8"),
    IPv4Network("127.0.0.0/8"),
    IPv4Network("169.254.0.0/16"),
    IPv4Network("172.16.0.0/12"),
    IPv4Network("192.168.0.0/16"),
    IPv4Network("224.0.0.0/4"),
    IPv6Network("2002::/16"),  # Each of its networks carries an IPv4 address.
)
# Stands in a blacklist that the vendor does not allow to be empty (see waf/imperva), so it is never a client.
PLACEHOLDER = IPv4Address("192.0.2.1")
# RFC 5737, RFC 3849 and RFC 9637. Demo, training and tests live there, so the caller says whether they count as public.
DOCUMENTATION: tuple[Network, ...] = (
    IPv4Network("192.0.2.0/24"),
    IPv4Network("198.51.100.0/24"),
    IPv4Network("203.0.113.0/24"),
    IPv6Network("2001:db8::/32"),
    IPv6Network("3fff::/20"),
)


def parse_address(text: str) -> Address | None:
    """The address that `text` is, or None. Accepts surrounding space and brackets, never a zone id or a port."""
    cleaned = text.strip().removeprefix("[").removesuffix("]")
    if "%" in cleaned:
        return None
    try:
        return ip_address(cleaned)
    except ValueError:
        return None


def canonical(address: Address) -> str:
    """The one text form that we store and compare; an IPv4 address mapped into IPv6 becomes IPv4."""
    if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
        return str(address.ipv4_mapped)
    return str(address)


def with_embedded(address: Address) -> tuple[Address, ...]:
    """The address and every IPv4 address that it carries inside (mapped, compatible, 6to4, Teredo, NAT64)."""
    if isinstance(address, IPv4Address):
        return (address,)
    return (address, *_embedded(address))


def _embedded(address: IPv6Address) -> Iterable[IPv4Address]:
    if address.ipv4_mapped is not None:
        yield address.ipv4_mapped
    if address.sixtofour is not None:
        yield address.sixtofour
    if address.teredo is not None:
        yield from address.teredo
    if address in _NAT64 or (address in _V4_COMPATIBLE and int(address) > 1):
        yield IPv4Address(int(address) & 0xFFFFFFFF)


def is_public(address: Address, *, documentation_counts: bool) -> bool:
    """Whether a stranger on the internet can have this address. Every embedded IPv4 address must be public too."""
    return all(_alone_public(part, documentation_counts=documentation_counts) for part in with_embedded(address))


def _alone_public(address: Address, *, documentation_counts: bool) -> bool:
    if address == PLACEHOLDER:
        return False
    if covers(DOCUMENTATION, address):
        return documentation_counts
    if isinstance(address, IPv6Address) and (address.ipv4_mapped or address in _NAT64):
        return True  # The IPv4 part decides, and it is judged on its own.
    if isinstance(address, IPv6Address) and address not in _GIVEN_OUT:
        return False
    if address.is_multicast or address.is_unspecified or address.is_loopback or address.is_link_local:
        return False
    return address.is_global and not covers(_NEVER_PUBLIC, address)


def covers(networks: Iterable[Network], address: Address) -> bool:
    """Whether any of the networks holds the address; networks of the other family never do."""
    return any(network.version == address.version and address in network for network in networks)


def overlaps(networks: Iterable[Network], network: Network) -> bool:
    """Whether any of the networks shares an address with `network`; networks of the other family never do."""
    return any(other.version == network.version and other.overlaps(network) for other in networks)


def public_network(network: Network, *, documentation_counts: bool) -> bool:
    """Whether every address of a network could be a stranger's. Networks that carry IPv4 addresses inside are not."""
    if network.prefixlen == network.max_prefixlen:
        return is_public(network.network_address, documentation_counts=documentation_counts)
    if isinstance(network, IPv6Network) and not network.subnet_of(_GIVEN_OUT):
        return False
    if not documentation_counts and overlaps(DOCUMENTATION, network):
        return False
    return PLACEHOLDER not in network and not overlaps((*_NEVER_PUBLIC, *_PRIVATE), network)


@lru_cache(maxsize=4096)
def parse_network(text: str) -> Network | None:
    """The network or single address that `text` is (host bits allowed), or None."""
    try:
        return ip_network(text.strip(), strict=False)
    except ValueError:
        return None


def short(network: Network) -> str:
    """A network as people write it: a single address without its length."""
    return str(network.network_address if network.prefixlen == network.max_prefixlen else network)
