"""Networks on the blacklist: whether one may be blocked at all, and whether two people must want it. Pure.

A network is forbidden when a single address in it is: what overlaps anything that may never be blocked is refused.
"""

from ipaddress import IPv4Network, IPv6Network, ip_network

from sakimori.blacklist.guard import NeverBlock, may_be_blocked
from sakimori.blacklist.reasons import Reason
from sakimori.lib.addresses import DOCUMENTATION, PLACEHOLDER, Address, Network

__all__ = ["needs_two_people", "network_may_be_blocked", "network_of", "why_forbidden"]

_ALONE = {4: 32, 6: 64}
_WIDEST = {4: 16, 6: 32}
_UNICAST = IPv6Network("2000::/3")
# What no stranger has, and the IPv6 networks that carry IPv4 addresses: 6to4, Teredo and the whole of 2001::/23.
_NEVER_PUBLIC: tuple[Network, ...] = (
    *map(IPv4Network, ("0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12")),
    *map(IPv4Network, ("192.0.0.0/24", "192.88.99.0/24", "192.168.0.0/16", "198.18.0.0/15", "224.0.0.0/3")),
    *map(IPv6Network, ("2001::/23", "2002::/16", "3fff::/20")),
)


def needs_two_people(network: Network) -> bool:
    """Whether it is wider than one host: /32, or /64 in IPv6."""
    return network.prefixlen < _ALONE[network.version]


def network_may_be_blocked(network: Network, never: NeverBlock, *, documentation_counts: bool) -> Reason | None:
    """None when every address of the network may be blocked at all, else why not."""
    for networks, reason in (
        (never.registered, Reason.REGISTERED),
        (never.soc, Reason.SOC),
        (never.vendor, Reason.VENDOR),
        (never.crawlers, Reason.CRAWLER),
    ):
        if _overlaps(network, networks):
            return reason
    forbidden = _NEVER_PUBLIC if documentation_counts else (*_NEVER_PUBLIC, *DOCUMENTATION)
    if _overlaps(network, forbidden) or _holds(network, PLACEHOLDER):
        return Reason.NOT_PUBLIC
    if isinstance(network, IPv6Network) and not network.subnet_of(_UNICAST):
        return Reason.NOT_PUBLIC
    return None


def why_forbidden(network: Network, never: NeverBlock, *, documentation_counts: bool) -> Reason | None:
    """Why an entry, one address or a network, may be on no list; None when it may."""
    if network.num_addresses == 1:
        return may_be_blocked(network.network_address, never, documentation_counts=documentation_counts)
    forbidden = network_may_be_blocked(network, never, documentation_counts=documentation_counts)
    if forbidden is None and network.prefixlen < _WIDEST[network.version]:
        return Reason.TOO_WIDE
    return forbidden


def network_of(text: str) -> Network | None:
    """The network that an entry's text is; one address is the narrowest. None where it is no address."""
    try:
        return ip_network(text)
    except ValueError:
        return None


def _overlaps(network: Network, others: tuple[Network, ...]) -> bool:
    return any(network.version == other.version and network.overlaps(other) for other in others)


def _holds(network: Network, address: Address) -> bool:
    return network.version == address.version and address in network
