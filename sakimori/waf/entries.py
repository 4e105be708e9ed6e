"""What an entry of a blacklist stands for, with any vendor: an address, a CIDR or an `a-b` range, as text. Pure."""

from ipaddress import ip_network

from sakimori.lib.addresses import Address, canonical, parse_address


def single_address(entry: str) -> str | None:
    """The one address that an entry stands for, in canonical form; None for ranges and for what is unreadable.

    A network of one address (/32, /128) is that address: it blocks the same, and a vendor may write it so.
    """
    address = parse_address(entry)
    if address is None and "/" in entry:
        address = _only_address(entry.strip())
    return canonical(address) if address is not None else None


def _only_address(network_text: str) -> Address | None:
    try:
        network = ip_network(network_text)
    except ValueError:
        return None
    return network.network_address if network.num_addresses == 1 else None
