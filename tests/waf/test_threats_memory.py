"""`MemoryVendor` tells of attacks as the contract wants."""

from datetime import datetime

import pytest

from sakimori.waf.interface import NetworkEvent, NetworkEventKind, WafAccount, WafRefused, WafSite
from sakimori.waf.memory import MemoryVendor
from tests.waf.contract import Trouble
from tests.waf.test_memory import TROUBLES
from tests.waf.threats_contract import BUCKET, RANGE, START, ThreatsContract

KINDS = {
    "DDOS_START_IP_RANGE": NetworkEventKind.ATTACK_STARTED,
    "DDOS_STOP_IP_RANGE": NetworkEventKind.ATTACK_ENDED,
}


class MemoryThreats:
    sites = (1000, 1001)

    def __init__(self) -> None:
        sites = [WafSite(number, f"www{number}.example.jp", bypassed=False) for number in self.sites]
        self.vendor = MemoryVendor(account=WafAccount(31, "Example KK"), sites=sites)
        self.vendor.put_events()

    def hit(self, site_id: int, at: datetime, *, ddos: int = 0, blocked: int = 0) -> None:
        self.vendor.put_hits(site_id, at, ddos=ddos, blocked=blocked)

    def happen(self, kind: str, at: datetime, target: str = RANGE) -> None:
        self.vendor.put_events(NetworkEvent(at, KINDS[kind], target, f"{at}{target}{kind}"))

    def trouble(self, kind: Trouble) -> None:
        self.vendor.fail(TROUBLES[kind][0], times=None)


class TestMemoryThreats(ThreatsContract):
    def make_world(self) -> MemoryThreats:
        return MemoryThreats()


def test_an_account_without_infrastructure_protection_is_refused() -> None:
    with pytest.raises(WafRefused):
        MemoryVendor().network_events(START, START + BUCKET)
