"""`MemoryVendor` tells of traffic and setup as the contract wants."""

from collections import Counter
from datetime import datetime

from sakimori.waf.interface import Balancing, CertificateKind, WafAccount, WafCertificate, WafSite
from sakimori.waf.memory import MemoryVendor
from tests.waf.contract import Trouble
from tests.waf.setup_contract import SetupContract
from tests.waf.test_memory import TROUBLES


class MemorySetup:
    sites = (1000, 1001)

    def __init__(self) -> None:
        sites = [WafSite(number, f"www{number}.example.jp", bypassed=False) for number in self.sites]
        self.vendor = MemoryVendor(account=WafAccount(31, "Example KK"), sites=sites)
        self.total: Counter[datetime] = Counter()

    def serve(self, site_id: int, at: datetime, bits_per_second: int) -> None:
        self.total[at] += bits_per_second
        self.vendor.put_traffic({at: bits_per_second}, site_id=site_id)
        self.vendor.put_traffic(self.total)

    def set_up(self, site_id: int, balancing: Balancing) -> None:
        self.vendor.put_balancing(site_id, balancing)

    def certify(self, site_id: int, ends_at: datetime) -> None:
        self.vendor.put_certificates(site_id, WafCertificate(CertificateKind.CUSTOM, ends_at))

    def bypass(self, site_id: int) -> None:
        self.vendor.put_site(WafSite(site_id, "www.example.jp", bypassed=True))

    def trouble(self, kind: Trouble) -> None:
        self.vendor.fail(TROUBLES[kind][0], times=None)


class TestMemorySetup(SetupContract):
    def make_world(self) -> MemorySetup:
        return MemorySetup()

    def test_a_list_of_certificates_may_be_empty(self) -> None:
        assert self.make_world().vendor.certificates(1000) == ()
