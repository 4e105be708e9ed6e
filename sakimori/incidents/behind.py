"""Which sites may lie behind a network of which the vendor reports an attack. Pure.

The vendor reports networks, not web sites. Where a site's origin is registered, it tells; a site of which nothing is
known may lie there. A visit too many costs little, an attack that nobody looks at costs much.
"""

import ipaddress
from collections.abc import Mapping

Network = ipaddress.IPv4Network | ipaddress.IPv6Network


def sites_behind(target: str, origins: Mapping[int, str]) -> frozenset[int]:
    """Keys of the sites to look at: those whose origin lies in `target`, else those whose origin is unknown.

    origins: by the site's key its registered origin, an address, a host name or an empty text. Only an address tells
    where it lies.
    """
    addresses = {key: _address(text) for key, text in origins.items()}
    unknown = frozenset(key for key, address in addresses.items() if address is None)
    network = _network(target)
    if network is None:
        return unknown
    inside = frozenset(key for key, address in addresses.items() if address is not None and address in network)
    return inside or unknown


def _network(text: str) -> Network | None:
    try:
        return ipaddress.ip_network(text.strip(), strict=False)
    except ValueError:
        return None


def _address(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(text.strip())
    except ValueError:
        return None
