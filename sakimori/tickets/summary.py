"""Blocks with what happened, as a mail tells of them."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from ipaddress import IPv4Address, ip_network
from typing import Any

from django.conf import settings
from django.urls import reverse

from sakimori.blacklist.explanations import KindText
from sakimori.blacklist.others import attacked_others
from sakimori.blacklist.stories import Story, stories, story_of
from sakimori.customers.models import Site
from sakimori.lib.addresses import parse_address
from sakimori.lib.countries import country_name
from sakimori.tickets.models import Listing, TicketBlock, TicketFinding
from sakimori.tickets.texts.blocked_mail import BlockedAddress, SeenAddress, UnlistedAddress
from sakimori.tickets.texts.reasons import why_left, why_waiting


def summarise(entries: Sequence[TicketBlock], *, now: datetime) -> list[BlockedAddress]:
    """One record per entry of an active block, in the order given. Three queries, however many they are."""
    blocks = [entry.block for entry in entries]
    told, others, names = stories(blocks), attacked_others(blocks, now=now), _site_names(entries)
    return [_summary(entry, told[entry.block_id], others=others[entry.block_id], names=names) for entry in entries]


def unlisted(entries: Sequence[TicketBlock]) -> list[UnlistedAddress]:
    """One record per entry of a block that is not on the list, with the reason. One query."""
    told = stories([entry.block for entry in entries])
    return [
        UnlistedAddress(SeenAddress(**_seen(entry.block.address, told[entry.block_id], entry.added_at)), _why(entry))
        for entry in entries
    ]


def refused(entries: Sequence[TicketFinding]) -> list[UnlistedAddress]:
    """One record per entry, whose address the guard refused, in the order given."""
    return [
        UnlistedAddress(
            SeenAddress(**_seen(entry.finding.address, story_of(entry.finding), entry.added_at)),
            why_left(entry.finding.reason),
        )
        for entry in entries
    ]


def kinds_of(entries: Iterable[SeenAddress]) -> list[KindText]:
    """All kinds of attack of these addresses, each once, in the order in which they appear."""
    return list(dict.fromkeys(kind for entry in entries for kind in entry.kinds))


def network_of(address: str) -> str:
    """The network in which an address lies, as far as its owner's neighbours reach: /24 or /48."""
    parsed = parse_address(address)
    if parsed is None:
        return address
    return str(ip_network(f"{parsed}/{24 if isinstance(parsed, IPv4Address) else 48}", strict=False))


def _why(entry: TicketBlock) -> str:
    block = entry.block
    left = entry.noted_as == Listing.LEFT
    return why_left(block.reason) if left else why_waiting(block.state, block.reason)


def _seen(address: str, story: Story, moment: datetime) -> dict[str, Any]:
    """The columns of `SeenAddress`; an address without findings was seen when we took it up."""
    return {
        "address": address,
        "kinds": story.kinds,
        "sites": story.sites,
        "country": "、".join(map(country_name, story.countries)) or country_name(""),
        "blocked": story.blocked,
        "passed": story.passed,
        "first_at": story.first_at or moment,
        "last_at": story.last_at or moment,
    }


def _summary(entry: TicketBlock, story: Story, *, others: int, names: Mapping[tuple[int, int], str]) -> BlockedAddress:
    block = entry.block
    moment = block.active_at or block.proposed_at
    page = reverse("portal:restore", args=[entry.ticket.number, entry.pk])
    return BlockedAddress(
        **_seen(block.address, story, moment),
        network=network_of(block.address),
        active_at=moment,
        url=f"{settings.CONFIG.base_url}{page}",
        until=block.ends_at,
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
