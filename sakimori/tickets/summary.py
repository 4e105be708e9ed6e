"""Blocks with what happened, as a mail tells of them."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from ipaddress import IPv4Address, ip_network

from django.conf import settings
from django.urls import reverse

from sakimori.blacklist.explanations import KindText
from sakimori.blacklist.others import attacked_others
from sakimori.blacklist.stories import Story, stories
from sakimori.customers.models import Site
from sakimori.lib.addresses import parse_address
from sakimori.lib.countries import country_name
from sakimori.tickets.models import TicketBlock
from sakimori.tickets.texts.blocked_mail import BlockedAddress


def summarise(entries: Sequence[TicketBlock], *, now: datetime) -> list[BlockedAddress]:
    """One record per entry of an active block, in the order given. Three queries, however many they are."""
    blocks = [entry.block for entry in entries]
    told, others, names = stories(blocks), attacked_others(blocks, now=now), _site_names(entries)
    return [_summary(entry, told[entry.block_id], others=others[entry.block_id], names=names) for entry in entries]


def kinds_of(entries: Sequence[BlockedAddress]) -> list[KindText]:
    """All kinds of attack of these addresses, each once, in the order in which they appear."""
    return list(dict.fromkeys(kind for entry in entries for kind in entry.kinds))


def network_of(address: str) -> str:
    """The network in which an address lies, as far as its owner's neighbours reach: /24 or /48."""
    parsed = parse_address(address)
    if parsed is None:
        return address
    return str(ip_network(f"{parsed}/{24 if isinstance(parsed, IPv4Address) else 48}", strict=False))


def _summary(entry: TicketBlock, story: Story, *, others: int, names: Mapping[tuple[int, int], str]) -> BlockedAddress:
    block = entry.block
    moment = block.active_at or block.proposed_at
    page = reverse("portal:restore", args=[entry.ticket.number, entry.pk])
    return BlockedAddress(
        address=block.address,
        kinds=story.kinds,
        sites=story.sites,
        country="、".join(map(country_name, story.countries)) or country_name(""),
        network=network_of(block.address),
        blocked=story.blocked,
        passed=story.passed,
        first_at=story.first_at or moment,
        last_at=story.last_at or moment,
        active_at=moment,
        url=f"{settings.CONFIG.base_url}{page}",
        until=block.expires_at,
        only_sites=[names.get((block.contract_id, site), f"サイト {site}") for site in block.only_sites],
        others=others,
    )


def _site_names(entries: Iterable[TicketBlock]) -> dict[tuple[int, int], str]:
    """Domains by contract and the vendor's number, for the blocks that hold for single sites."""
    contracts = {entry.block.contract_id for entry in entries if entry.block.only_sites}
    if not contracts:
        return {}
    sites = Site.objects.filter(contract__in=contracts).values_list("contract_id", "vendor_site_id", "domain")
    return {(contract, number): domain for contract, number, domain in sites}
