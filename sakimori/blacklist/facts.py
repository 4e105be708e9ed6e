"""Gathers what the guard must know about the addresses of one contract, in few queries."""

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import Q

from sakimori.blacklist import stop
from sakimori.blacklist.closer import CloserLook
from sakimori.blacklist.guard import Circumstances, Limits, NeverBlock
from sakimori.blacklist.models import AskFirst, Block
from sakimori.blacklist.networks import crawler_networks, shared_as, shared_reason, shared_within, vendor_networks
from sakimori.blacklist.reasons import Reason
from sakimori.blacklist.search import good_requests, holds_good_requests
from sakimori.customers.models import Contract
from sakimori.lib.addresses import Network, covers, overlaps, parse_address, parse_network
from sakimori.logs.queries import access_lines_left_out
from sakimori.logs.store.interface import LogStore

_HOUR = timedelta(hours=1)
_REACHES_BACK = timedelta(days=93)  # Today and three months at the most.


@dataclass
class Facts:
    """What is known of a contract's addresses now. `count_block` keeps the caps right within one round.

    good: good requests that the log holds; log_is_whole: where it holds none from an address, there were none.
    closer: what only those are looked at for whom it may come to a block or a question; see `closer.py`.
    stopped: see `stop.py`.
    """

    never: NeverBlock
    limits: Limits
    good: dict[str, int]
    log_is_whole: bool
    restored: frozenset[str]
    blocked_customer: int
    blocked_total: int
    closer: CloserLook = field(default_factory=CloserLook)
    stopped: bool = False

    def about(self, address: str) -> Circumstances:
        """The circumstances of one address (canonical text)."""
        parsed = parse_address(address)
        kind = shared_as(parsed) if parsed else None
        return Circumstances(
            good_requests=self._good_requests(address),
            shared=kind is not None,
            restored=address in self.restored,
            blocked_customer=self.blocked_customer,
            blocked_total=self.blocked_total,
            shared_reason=shared_reason(kind) if kind else Reason.SHARED_ADDRESS,
            crawler=self.closer.is_crawler(address),
            crawler_unproven=self.closer.may_be_crawler(address),
            by_proxy=address in self.closer.by_proxy,
        )

    def _good_requests(self, address: str) -> int | None:
        number = self.good.get(address)
        return None if number == 0 and not self.log_is_whole else number

    def count_block(self) -> None:
        """One more automatic block was decided."""
        self.blocked_customer += 1
        self.blocked_total += 1


def gather(contract: Contract, addresses: Collection[str], *, store: LogStore, now: datetime) -> Facts:
    """Collect the facts. What the log does not show of good traffic is unknown, unless it holds all access lines."""
    automatic = Block.objects.filter(decided_at__gt=now - _HOUR, reason=Reason.ATTACK_BLOCKED)
    good = good_requests(store, contract_id=contract.pk, addresses=addresses)
    return Facts(
        never=never_block(contract),
        limits=limits(),
        good=good,
        log_is_whole=all(good.values()) or _holds_all_access_lines(contract, store=store, now=now),
        restored=_restored(contract, addresses, now),
        blocked_customer=automatic.filter(contract__customer_id=contract.customer_id).count(),
        blocked_total=automatic.count(),
        stopped=stop.is_on(),
    )


def _restored(contract: Contract, addresses: Collection[str], now: datetime) -> frozenset[str]:
    """Those that were taken off the list on request, alone or within a network. Networks are few: all are looked at."""
    rows = AskFirst.objects.filter(
        Q(address__in=addresses) | Q(address__contains="/"), contract=contract, until__gt=now
    )
    texts = frozenset(rows.values_list("address", flat=True))
    networks = _networks([text for text in texts if "/" in text])
    within = (text for text in addresses if (parsed := parse_address(text)) and covers(networks, parsed))
    return texts.intersection(addresses).union(within if networks else ())


def about_network(contract: Contract, network: Network, *, now: datetime) -> Circumstances:
    """What is known of any address in a network that a person wants blocked; of its good traffic nothing is."""
    kind = shared_within(network)
    given_back = AskFirst.objects.filter(contract=contract, until__gt=now).values_list("address", flat=True)
    return Circumstances(
        good_requests=None,
        shared=kind is not None,
        restored=overlaps(_networks(given_back), network),
        blocked_customer=0,
        blocked_total=0,
        shared_reason=shared_reason(kind) if kind else Reason.SHARED_ADDRESS,
    )


def _holds_all_access_lines(contract: Contract, *, store: LogStore, now: datetime) -> bool:
    """Whether the vendor delivers access lines and all of them were kept, as long as the log reaches back."""
    if not contract.keeps_access_lines or access_lines_left_out(contract, since=now - _REACHES_BACK, until=now):
        return False
    return holds_good_requests(store, contract_id=contract.pk)


def never_block(contract: Contract) -> NeverBlock:
    """Networks that are never blocked for this contract."""
    registered = contract.customer.networks.values_list("network", flat=True)
    return NeverBlock(
        registered=_networks(registered),
        soc=_networks(settings.CONFIG.soc_networks),
        vendor=vendor_networks(),
        crawlers=crawler_networks(),
    )


def limits() -> Limits:
    """The guard's settings."""
    config = settings.CONFIG
    return Limits(
        good_requests=config.good_requests,
        cap_customer=config.cap_customer,
        cap_total=config.cap_total,
        documentation_counts=config.training,
    )


def _networks(texts: Collection[str]) -> tuple[Network, ...]:
    return tuple(network for text in texts if (network := parse_network(text)) is not None)
