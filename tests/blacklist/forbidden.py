"""Addresses that must never stand on a customer's blacklist, written down apart from the guard's data and code.

The ranges are from the registries of IANA (special-purpose addresses of IPv4 and IPv6, RFC 6890 and its followers),
from the vendor's published list and from the published lists of two search engines. Nothing here imports from the
package. `borders` gives addresses at both ends of every range, as they are and inside other addresses.
"""

import random
from collections.abc import Iterator
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_network

SPECIAL = """
0.0.0.0/8 10.0.0.0/8 100.64.0.0/10 127.0.0.0/8 169.254.0.0/16 172.16.0.0/12 192.0.0.0/24 192.88.99.0/24 192.168.0.0/16
198.18.0.0/15 224.0.0.0/4 240.0.0.0/4 255.255.255.255/32
::/128 ::1/128 64:ff9b:1::/48 100::/64 100:0:0:1::/64 2001::/32 2001:2::/48 2001:10::/28 2001:20::/28 5f00::/16
fc00::/7 fe80::/10 fec0::/10 ff00::/8
"""
DOCUMENTATION = "192.0.2.0/24 198.51.100.0/24 203.0.113.0/24 2001:db8::/32 3fff::/20"
VENDOR = """
199.83.128.0/21 198.143.32.0/19 149.126.72.0/21 103.28.248.0/22 45.64.64.0/22 185.11.124.0/22 192.230.64.0/18
107.154.0.0/16 45.60.0.0/16 45.223.0.0/16 131.125.128.0/17 2a02:e980::/29
"""
CRAWLERS = """
66.249.64.0/27 66.249.66.192/27 66.249.79.0/24 192.178.5.0/27 192.178.6.0/27 34.22.85.0/27 34.146.150.144/28
35.247.243.240/28 2001:4860:4801:10::/64 2001:4860:4801:94::/64
157.55.39.0/24 207.46.13.0/24 40.77.167.0/24 13.66.139.0/24 13.66.144.0/24 52.167.144.0/24 13.67.10.16/28
20.15.133.160/27 40.77.188.0/22 199.30.24.0/23 40.77.178.0/23 191.233.204.224/28
"""
# Invented: what a customer registered, and where the SOC and its probes sit.
REGISTERED = "8.8.4.0/24 1.0.0.77/32 2606:4700:aaaa::/48"
SOC = "9.9.9.0/28 2620:fe::fe/128"

Network = IPv4Network | IPv6Network
Address = IPv4Address | IPv6Address


def networks(*texts: str) -> tuple[Network, ...]:
    return tuple(ip_network(text) for group in texts for text in group.split())


FORBIDDEN = networks(SPECIAL, DOCUMENTATION, VENDOR, CRAWLERS, REGISTERED, SOC)


def borders(number: int, *, seed: int = 5) -> list[Address]:
    """At least `number` different forbidden addresses: the ends of all ranges, their neighbours inside, and others."""
    chance = random.Random(seed)
    found: dict[Address, None] = {}
    for network in FORBIDDEN:
        for address in _ends(network):
            found |= dict.fromkeys((address, *embedded(address)))
    while len(found) < number:
        network = chance.choice(FORBIDDEN)
        address = network[chance.randrange(min(network.num_addresses, 2**64))]
        found |= dict.fromkeys((address, *embedded(address)))
    return list(found)


def outside() -> Iterator[Address]:
    """The neighbours of every range that lie in none."""
    for network in FORBIDDEN:
        for number in (int(network[0]) - 1, int(network[-1]) + 1):
            if 0 < number < 2**network.max_prefixlen:
                address = IPv4Address(number) if network.version == 4 else IPv6Address(number)
                if not any(address in other for other in FORBIDDEN if other.version == address.version):
                    yield address


def embedded(address: Address) -> Iterator[IPv6Address]:
    """The IPv6 addresses that carry an IPv4 address: mapped, NAT64, 6to4, Teredo (as client)."""
    if isinstance(address, IPv4Address):
        number = int(address)
        yield IPv6Address((0xFFFF << 32) | number)
        yield IPv6Address(int(IPv6Address("64:ff9b::")) | number)
        yield IPv6Address((0x2002 << 112) | (number << 80) | 1)
        yield IPv6Address((0x20010000 << 96) | (0x08080808 << 64) | (number ^ 0xFFFFFFFF))


def _ends(network: Network) -> Iterator[Address]:
    last = network.num_addresses - 1
    for place in sorted({0, min(1, last), last // 2, max(last - 1, 0), last}):
        yield network[place]
