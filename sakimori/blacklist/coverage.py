"""Whether an address that came off the list is still covered by an entry that stays there."""

from collections.abc import Collection, Iterable

from sakimori.blacklist.models import Block
from sakimori.lib.addresses import Network, parse_network


def note_covered(keys: Collection[int], entries: Iterable[str]) -> None:
    """Write down for restored blocks which network on the list, as just read back, still holds their address."""
    if not keys:
        return
    networks = [entry for entry in entries if "/" in entry]
    for block in Block.objects.filter(pk__in=keys):
        if covering := network_around(block.address, networks):
            Block.objects.filter(pk=block.pk).update(covered_by=covering)


def network_around(address: str, networks: Iterable[str]) -> str:
    """The widest of these networks that holds the address (or the network); empty when none does."""
    around = [
        network
        for text in networks
        if text != address and (network := parse_network(text)) is not None and _holds(network, address)
    ]
    return str(min(around, key=lambda network: network.prefixlen)) if around else ""


def _holds(network: Network, text: str) -> bool:
    inner = parse_network(text)
    return inner is not None and inner.version == network.version and inner.subnet_of(network)  # type: ignore[arg-type]
