"""The vendor's API as the duty asks it: an in-memory account for a contract, on a clock that a test moves."""

from dataclasses import dataclass, field
from datetime import timedelta

from sakimori.customers.models import Contract, VendorAccount
from sakimori.incidents.thresholds import Threshold
from sakimori.incidents.vendor_polls import Pace, VendorPolls
from sakimori.waf.interface import NetworkEvent, NetworkEventKind, WafSite
from sakimori.waf.memory import MemoryVendor
from tests.incidents.post import TIMES
from tests.moments import Clock

PACE = Pace(pause=timedelta(seconds=60), calls_per_minute=100)
RULE = Threshold(per_second=100, times_usual=10)
FLOOD = 30_000


def give_account(contract: Contract) -> VendorAccount:
    account, _ = VendorAccount.objects.get_or_create(contract=contract, defaults={"api_id": "1", "sealed_api_key": "x"})
    return account


@dataclass
class Vendor:
    """One contract's account. `calls` counts what is asked, which the twin itself does not."""

    contract: Contract
    clock: Clock
    api: MemoryVendor = field(default_factory=MemoryVendor)
    calls: list[str] = field(default_factory=list)
    worker: str = "one"

    def __post_init__(self) -> None:
        give_account(self.contract)
        for site in self.contract.sites.all():
            self.api.put_site(WafSite(site.vendor_site_id, site.domain, bypassed=False))

    def hit(self, ddos: int = 0, blocked: int = 0, *, site: int | None = None) -> None:
        """The vendor counts now."""
        number = site or self.contract.sites.earliest("pk").vendor_site_id
        self.api.put_hits(number, self.clock(), ddos=ddos, blocked=blocked)

    def happen(self, target: str, *, kind: NetworkEventKind = NetworkEventKind.ATTACK_STARTED, **ago: float) -> None:
        """An event of a network; `ago` as for a timedelta."""
        at = self.clock() - timedelta(**ago)
        self.api.put_events(NetworkEvent(at, kind, target, f"{target}{at}"))

    def polls(self, worker: str = "one") -> VendorPolls:
        return VendorPolls(lambda _: Counting(self), RULE, TIMES, PACE, worker, self.clock)

    def poll(self, **span: float) -> int:
        """Let time pass, then do the duty once."""
        self.clock.pass_time(**(span or {"seconds": 61}))
        return sum(look() for _, look in self.polls().due_looks())


class Counting:
    """The twin, with every call written down."""

    def __init__(self, vendor: Vendor) -> None:
        self._vendor = vendor

    def calls_made(self) -> int:
        return len(self._vendor.calls)

    def threats(self, *args: object, **more: object):  # type: ignore[no-untyped-def]
        self._vendor.calls.append("site" if more.get("site_id") else "account")
        return self._vendor.api.threats(*args, **more)  # type: ignore[arg-type]

    def network_events(self, *args: object):  # type: ignore[no-untyped-def]
        self._vendor.calls.append("events")
        return self._vendor.api.network_events(*args)  # type: ignore[arg-type]
