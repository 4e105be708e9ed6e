"""The guard: one pure function that decides whether an address may be blocked. It has the last word.

Only the client address that the vendor attests comes here, never X-Forwarded-For. Blocking an innocent is worse
than being late: whatever is doubtful goes to an analyst, whatever is forbidden is refused, and nobody can overrule
a refusal. An analyst's yes overrules only the questions (`ask`).
"""

from dataclasses import dataclass
from enum import Enum

from sakimori.blacklist.reasons import Reason
from sakimori.lib.addresses import Address, Network, covers, is_public, with_embedded


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
    shared: many people are known to use it. restored: it was taken off the list on request and that still counts.
    blocked_customer, blocked_total: automatic blocks within the last hour.
    """

    good_requests: int | None
    shared: bool
    restored: bool
    blocked_customer: int
    blocked_total: int


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


def rule(address: Address, never: NeverBlock, known: Circumstances, limits: Limits) -> tuple[Ruling, Reason]:
    """Judge an automatic block of a single address (/32 or /128)."""
    forbidden = may_be_blocked(address, never, documentation_counts=limits.documentation_counts)
    if forbidden is not None:
        return Ruling.REFUSE, forbidden
    if known.restored:
        return Ruling.ASK, Reason.RESTORED_BEFORE
    if known.shared:
        return Ruling.ASK, Reason.SHARED_ADDRESS
    if known.good_requests is not None and known.good_requests >= limits.good_requests:
        return Ruling.ASK, Reason.GOOD_TRAFFIC
    if known.blocked_customer >= limits.cap_customer:
        return Ruling.ASK, Reason.CAP_CUSTOMER
    if known.blocked_total >= limits.cap_total:
        return Ruling.ASK, Reason.CAP_TOTAL
    return Ruling.ALLOW, Reason.ATTACK_BLOCKED
