"""Networks on the blacklist, as people enter them: how wide one may be at most. Pure."""

from ipaddress import ip_network

from sakimori.blacklist.guard import NeverBlock, network_may_be_blocked
from sakimori.blacklist.reasons import Reason
from sakimori.lib.addresses import Network

_WIDEST = {4: 16, 6: 32}


def why_forbidden(network: Network, never: NeverBlock, *, documentation_counts: bool) -> Reason | None:
    """Why an entry, one address or a network, may be on no list; None when it may."""
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
