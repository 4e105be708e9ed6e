"""Finding entries by address: those that cover an address or a network, and those that lie inside it.

The table holds texts. Networks are few, so all of them are looked at; single addresses inside a network are narrowed
by the beginning of their text first.
"""

from django.db.models import Q, QuerySet

from sakimori.blacklist.models import Block
from sakimori.blacklist.wide import network_of
from sakimori.lib.addresses import Network

_SLASH = "/"


def about(rows: QuerySet[Block], wanted: Network) -> QuerySet[Block]:
    """The rows whose entry covers `wanted`, or lies inside it."""
    networks = rows.filter(address__contains=_SLASH).values_list("address", flat=True).distinct()
    overlapping = [text for text in networks.order_by() if _touches(text, wanted)]
    if wanted.num_addresses == 1:
        return rows.filter(address__in=[str(wanted.network_address), *overlapping])
    return rows.filter(Q(address__in=overlapping) | Q(pk__in=_inside(rows, wanted)))


def _inside(rows: QuerySet[Block], wanted: Network) -> list[int]:
    """Keys of the single addresses inside a network."""
    alone = rows.exclude(address__contains=_SLASH).filter(address__startswith=_beginning(wanted))
    return [key for key, text in alone.order_by().values_list("pk", "address") if _touches(text, wanted)]


def _beginning(network: Network) -> str:
    """How the text of every address in the network begins: its whole octets, or its first group in IPv6."""
    if network.version == 6:
        first = str(network.network_address).partition(":")[0]
        return f"{first}:" if network.prefixlen >= 16 and first else ""
    octets = str(network.network_address).split(".")[: network.prefixlen // 8]
    return ".".join(octets) + "." if octets and len(octets) < 4 else ".".join(octets)


def _touches(text: str, wanted: Network) -> bool:
    network = network_of(text)
    return network is not None and network.version == wanted.version and network.overlaps(wanted)
