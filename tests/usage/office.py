"""What the tests of usage share: a contract with two sites at a vendor in memory, a clock, and the duties."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sakimori.customers.models import Contract, Site, VendorAccount
from sakimori.usage import duties
from sakimori.waf.interface import CertificateKind, WafCertificate, WafSite, WafVendor
from sakimori.waf.memory import MemoryVendor
from tests.moments import START, Clock

BUCKET = timedelta(minutes=5)


@dataclass
class Office:
    """One contract. `read` runs the duties until nothing is due any more."""

    contract: Contract
    site: Site
    second: Site
    vendor: MemoryVendor
    clock: Clock = field(default_factory=Clock)

    def open(self, _: VendorAccount) -> WafVendor:
        return self.vendor

    def read(self) -> int:
        """Statistics. Returns how many chunks were read."""
        done = 0
        while found := duties.read_samples(open_vendor=self.open, clock=self.clock):
            done += found
        return done

    def look(self) -> int:
        """Setup, an hour later."""
        self.clock.pass_time(hours=1)
        return duties.read_setups(open_vendor=self.open, clock=self.clock)

    def serve(self, start: datetime, end: datetime, bits_per_second: int, *, second: int = 0) -> None:
        """Both sites have this traffic all the time."""
        moments = [start + number * BUCKET for number in range((end - start) // BUCKET)]
        series = {
            None: bits_per_second + second,
            self.site.vendor_site_id: bits_per_second,
            self.second.vendor_site_id: second,
        }
        for site_id, bits in series.items():
            self.vendor.put_traffic(dict.fromkeys(moments, bits), site_id=site_id)

    def certify(self, days: float) -> None:
        """The first site gets a certificate that ends so many days from now."""
        ends_at = self.clock() + timedelta(days=days)
        self.vendor.put_certificates(self.site.vendor_site_id, WafCertificate(CertificateKind.CUSTOM, ends_at))


def make_office(contract: Contract, *, plan_mbps: int | None = 3, days: int = 3) -> Office:
    """The contract began so many days ago."""
    contract.plan_mbps = plan_mbps
    contract.starts_on = (START - timedelta(days=days)).date()
    contract.save()
    site = contract.sites.get()
    second = Site.objects.create(
        contract=contract, domain="second.example.jp", vendor_site_id=site.vendor_site_id + 500
    )
    VendorAccount.objects.create(contract=contract, api_id="1", sealed_api_key="x")
    sites = [WafSite(each.vendor_site_id, each.domain, bypassed=False) for each in (site, second)]
    return Office(contract, site, second, MemoryVendor(sites=sites))
