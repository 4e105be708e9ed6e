"""Dated data: the vendor's edge, the search engines' crawlers, and addresses that many people share at a time.

The files lie in `data/`; an organisation adds shared networks of its own (SAKIMORI_SHARED_NETWORKS).
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache
from importlib.resources import files
from pathlib import Path

from django.conf import settings

from sakimori.blacklist.reasons import Reason
from sakimori.lib.addresses import Address, Network, overlaps, parse_address, parse_network, with_embedded
from sakimori.lib.network_file import SHARED_KINDS, Group, NetworkKind, read_file, read_groups

_TOO_OLD = timedelta(days=365)
_LABELS = {
    NetworkKind.MOBILE: "携帯電話会社の回線",
    NetworkKind.HOME: "IPv4 アドレス共有（MAP-E・DS-Lite）の家庭用回線",
    NetworkKind.GOVERNMENT: "自治体情報セキュリティクラウド",
    NetworkKind.GATEWAY: "企業向けのクラウド型プロキシ",
    NetworkKind.RELAY: "個人向けの通信中継サービス",
    NetworkKind.OTHER: "SOC が登録した共有アドレス",
}
_REASONS = {
    NetworkKind.MOBILE: Reason.SHARED_MOBILE,
    NetworkKind.HOME: Reason.SHARED_HOME,
    NetworkKind.GOVERNMENT: Reason.SHARED_GOVERNMENT,
    NetworkKind.GATEWAY: Reason.SHARED_GATEWAY,
    NetworkKind.RELAY: Reason.SHARED_RELAY,
    NetworkKind.OTHER: Reason.SHARED_ADDRESS,
}


@dataclass(frozen=True, slots=True)
class Index:
    """Finds the group of an address: one look per length of prefix, however many networks there are.

    tables: version, number of free bits, and the groups by what stands before those; the narrowest networks first.
    """

    tables: tuple[tuple[int, int, dict[int, Group]], ...]

    def find(self, address: Address) -> Group | None:
        """The group with the narrowest network that holds the address, or an address that it embeds."""
        for part in with_embedded(address):
            for version, free, table in self.tables:
                if version == part.version and (group := table.get(int(part) >> free)) is not None:
                    return group
        return None


def index_of(groups: Iterable[Group]) -> Index:
    """An index over groups; of two with the same network the first stays."""
    tables: dict[tuple[int, int], dict[int, Group]] = {}
    for group in groups:
        for network in group.networks:
            free = network.max_prefixlen - network.prefixlen
            tables.setdefault((network.version, free), {}).setdefault(int(network.network_address) >> free, group)
    return Index(tuple((version, free, table) for (version, free), table in sorted(tables.items())))


@cache
def vendor_networks() -> tuple[Network, ...]:
    """Networks of the WAF vendor itself."""
    return _networks(shipped("vendor_networks.txt"))


@cache
def crawler_networks() -> tuple[Network, ...]:
    """Networks of search engines' crawlers."""
    return _networks(shipped("crawler_networks.txt"))


def shared_as(address: Address) -> NetworkKind | None:
    """What kind of shared address this is; None where nobody has said that it is shared."""
    group = _shared(settings.CONFIG.shared_networks).find(address)
    return group.kind if group else None


def shared_within(network: Network) -> NetworkKind | None:
    """What kind of shared addresses a network holds, or lies among; None where nobody has said that any is shared."""
    groups = _shared_groups(settings.CONFIG.shared_networks)
    return next((group.kind for group in groups if overlaps(group.networks, network)), None)


def shared_reason(kind: NetworkKind) -> Reason:
    """Why an analyst is asked about a shared address of this kind."""
    return _REASONS[kind]


def shared_label(text: str) -> str:
    """What pages say of an address or network that is shared; empty where it is not known to be."""
    address, network = parse_address(text), parse_network(text)
    kind = shared_as(address) if address else shared_within(network) if network else None
    return _LABELS[kind] if kind else ""


def outdated(today: date) -> Iterator[Group]:
    """Groups whose date is more than a year back, of every data file; an empty group has nothing to be outdated."""
    for group in _all_groups(settings.CONFIG.shared_networks):
        if group.networks and group.day < today - _TOO_OLD:
            yield group


@cache
def shipped(name: str) -> tuple[Group, ...]:
    """The groups of a data file of this package."""
    text = (files("sakimori.blacklist") / "data" / name).read_text("utf-8")
    return read_groups(text, name=name, kinds=frozenset(NetworkKind))


@cache
def _all_groups(own: Path | None) -> tuple[Group, ...]:
    names = ("vendor_networks.txt", "crawler_networks.txt")
    return (*(group for name in names for group in shipped(name)), *_shared_groups(own))


@cache
def _shared(own: Path | None) -> Index:
    return index_of(_shared_groups(own))


@cache
def _shared_groups(own: Path | None) -> tuple[Group, ...]:
    """The organisation's own come first: it knows its neighbours best."""
    return (*(read_file(own, kinds=SHARED_KINDS) if own else ()), *shipped("shared_networks.txt"))


def _networks(groups: Iterable[Group]) -> tuple[Network, ...]:
    return tuple(network for group in groups for network in group.networks)
