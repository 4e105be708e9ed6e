"""Gathers what the guard must know about the addresses of one contract, in few queries."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings

from sakimori.blacklist.guard import Circumstances, Limits, NeverBlock
from sakimori.blacklist.models import AskFirst, Block
from sakimori.blacklist.networks import crawler_networks, vendor_networks
from sakimori.blacklist.reasons import Reason
from sakimori.blacklist.search import good_requests
from sakimori.customers.models import Contract
from sakimori.lib.addresses import Network, parse_network
from sakimori.logs.store.interface import LogStore

_HOUR = timedelta(hours=1)


@dataclass
class Facts:
    """What is known of a contract's addresses now. `count_block` keeps the caps right within one round."""

    never: NeverBlock
    limits: Limits
    good: dict[str, int] | None
    restored: frozenset[str]
    blocked_customer: int
    blocked_total: int

    def about(self, address: str) -> Circumstances:
        """The circumstances of one address (canonical text)."""
        return Circumstances(
            good_requests=None if self.good is None else self.good.get(address, 0),
            shared=False,
            restored=address in self.restored,
            blocked_customer=self.blocked_customer,
            blocked_total=self.blocked_total,
        )

    def count_block(self) -> None:
        """One more automatic block was decided."""
        self.blocked_customer += 1
        self.blocked_total += 1


def gather(contract: Contract, addresses: Collection[str], *, store: LogStore, now: datetime) -> Facts:
    """Collect the facts. Good traffic is None (unknown) where the contract's log holds no access lines."""
    automatic = Block.objects.filter(decided_at__gt=now - _HOUR, reason=Reason.ATTACK_BLOCKED)
    restored = AskFirst.objects.filter(contract=contract, until__gt=now, address__in=addresses)
    return Facts(
        never=never_block(contract),
        limits=limits(),
        good=good_requests(store, contract_id=contract.pk, addresses=addresses)
        if contract.keeps_access_lines
        else None,
        restored=frozenset(restored.values_list("address", flat=True)),
        blocked_customer=automatic.filter(contract__customer_id=contract.customer_id).count(),
        blocked_total=automatic.count(),
    )


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
