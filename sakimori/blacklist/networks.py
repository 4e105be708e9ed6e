"""Networks that ship with the project as dated data files: the vendor's edge and the search engines' crawlers."""

from functools import cache
from importlib.resources import files

from sakimori.lib.addresses import Network, parse_network


@cache
def vendor_networks() -> tuple[Network, ...]:
    """Networks of the WAF vendor itself."""
    return _read("vendor_networks.txt")


@cache
def crawler_networks() -> tuple[Network, ...]:
    """Networks of search engines' crawlers."""
    return _read("crawler_networks.txt")


def _read(name: str) -> tuple[Network, ...]:
    text = (files("sakimori.blacklist") / "data" / name).read_text("utf-8")
    return tuple(_network(line, name) for line in text.splitlines() if line and not line.startswith("#"))


def _network(line: str, name: str) -> Network:
    network = parse_network(line)
    if network is None:
        raise ValueError(f"{name}: {line!r} is not a network")
    return network
