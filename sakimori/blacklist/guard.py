"""The guard: one pure function that decides whether an address may be blocked. It has the last word.

Only the client address that the vendor attests comes here, never X-Forwarded-For. Blocking an innocent is worse
than being late: whatever is doubtful goes to an analyst, whatever is forbidden is refused, and nobody can overrule
a refusal. An analyst's yes overrules only the questions (`ask`).
"""

from dataclasses import dataclass
from enum import Enum

from sakimori.blacklist.reasons import Reason
from sakimori.lib.addresses import Address, Network, covers, is_public, overlaps, public_network, with_embedded


class Ruling(Enum):
    """What the guard says."""

    ALLOW = "allow"
    ASK = "ask"
    REFUSE = "refuse"


@dataclass(frozen=True, slots=True)
class NeverBlock:
    """Networks that are never blocked, whoever wishes it."""

    registered: tuple[Network, ...]
    soc: tuple[Network, ...]
    vendor: tuple[Network, ...]
    crawlers: tuple[Network, ...]


@dataclass(frozen=True, slots=True)
class Circumstances:
    """What is known of the address at this moment.

    good_requests: good requests from it in the stored log; None when the log holds no access lines (unknown).
    shared: many people are known to use it; shared_reason says which people.
    restored: it was taken off the list on request and that still counts.
    blocked_customer, blocked_total: automatic blocks within the last hour.
    crawler: its name in the DNS and the address of that name prove that it is a search engine's crawler.
    crawler_unproven: it says that it is one, and the DNS does not answer.
    by_proxy: it is one of many visitors that a hostile page may have sent here; see `proxy.py`.
    """

    good_requests: int | None
    shared: bool
    restored: bool
    blocked_customer: int
    blocked_total: int
    shared_reason: Reason = Reason.SHARED_ADDRESS
    crawler: bool = False
    crawler_unproven: bool = False
    by_proxy: bool = False


@dataclass(frozen=True, slots=True)
class Limits:
    """Settings of the guard: good requests from which an analyst is asked, automatic blocks per hour."""

    good_requests: int
    cap_customer: int
    cap_total: int
    documentation_counts: bool


def may_be_blocked(address: Address, never: NeverBlock, *, documentation_counts: bool) -> Reason | None:
    """None when the address may be blocked at all, else why it never may. Judged with every embedded address."""
    parts = with_embedded(address)
    for networks, reason in (
        (never.registered, Reason.REGISTERED),
        (never.soc, Reason.SOC),
        (never.vendor, Reason.VENDOR),
        (never.crawlers, Reason.CRAWLER),
    ):
        if any(covers(networks, part) for part in parts):
            return reason
    if not is_public(address, documentation_counts=documentation_counts):
        return Reason.NOT_PUBLIC
    return None


def network_may_be_blocked(network: Network, never: NeverBlock, *, documentation_counts: bool) -> Reason | None:
    """The same for a network: it is refused when a single address in it may never be blocked."""
    if network.prefixlen == network.max_prefixlen:
        return may_be_blocked(network.network_address, never, documentation_counts=documentation_counts)
    for networks, reason in (
        (never.registered, Reason.REGISTERED),
        (never.soc, Reason.SOC),
        (never.vendor, Reason.VENDOR),
        (never.crawlers, Reason.CRAWLER),
    ):
        if overlaps(networks, network):
            return reason
    if not public_network(network, documentation_counts=documentation_counts):
        return Reason.NOT_PUBLIC
    return None


def needs_two_people(network: Network) -> bool:
    """Whether a block of this width needs a second person's yes. A /64 of IPv6 is one line, so it counts as one."""
    return network.prefixlen < (32 if network.version == 4 else 64)


def refusal(address: Address, never: NeverBlock, known: Circumstances, limits: Limits) -> Reason | None:
    """Why an address is refused, whatever anybody wishes; None when it may be asked about."""
    forbidden = may_be_blocked(address, never, documentation_counts=limits.documentation_counts)
    if forbidden is None and known.crawler:
        return Reason.CRAWLER
    return forbidden


def rule(address: Address, never: NeverBlock, known: Circumstances, limits: Limits) -> tuple[Ruling, Reason]:
    """Judge an automatic block of a single address (/32 or /128)."""
    refused = refusal(address, never, known, limits)
    if refused is not None:
        return Ruling.REFUSE, refused
    doubt = _doubt(known, limits)
    return (Ruling.ALLOW, Reason.ATTACK_BLOCKED) if doubt is None else (Ruling.ASK, doubt)


def rule_network(network: Network, never: NeverBlock, known: Circumstances, limits: Limits) -> tuple[Ruling, Reason]:
    """Judge a network that a person wants blocked. What is wide and raises no other doubt only needs two people."""
    refused = network_may_be_blocked(network, never, documentation_counts=limits.documentation_counts)
    if refused is not None:
        return Ruling.REFUSE, refused
    doubt = _doubt(known, limits)
    if doubt is None and needs_two_people(network):
        return Ruling.ASK, Reason.TWO_PEOPLE
    return (Ruling.ALLOW, Reason.BY_HAND) if doubt is None else (Ruling.ASK, doubt)


def _doubt(known: Circumstances, limits: Limits) -> Reason | None:
    """Why an analyst is asked; the most telling doubt where there are several."""
    good = known.good_requests
    doubts = (
        (known.restored, Reason.RESTORED_BEFORE),
        (known.by_proxy, Reason.ATTACK_BY_PROXY),
        (known.crawler_unproven, Reason.CRAWLER_UNPROVEN),
        (known.shared, known.shared_reason),
        (good is not None and good >= limits.good_requests, Reason.GOOD_TRAFFIC),
        (known.blocked_customer >= limits.cap_customer, Reason.CAP_CUSTOMER),
        (known.blocked_total >= limits.cap_total, Reason.CAP_TOTAL),
    )
    return next((reason for doubtful, reason in doubts if doubtful), None)
