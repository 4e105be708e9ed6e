"""Two contracts with a vendor each, the duties that write and compare, a clock that moves only here."""

from sakimori.blacklist.duties import apply_blocks, compare_lists
from sakimori.blacklist.models import Block, BlockState, ListCheck
from sakimori.blacklist.reasons import Reason
from sakimori.customers.models import Contract, VendorAccount
from sakimori.notify.models import Alarm
from sakimori.waf.interface import WafSite
from sakimori.waf.memory import MemoryVendor
from tests.moments import Clock
from tests.people import People


class Desk:
    """Contracts with a vendor each, two duties, a clock."""

    def __init__(self, people: People) -> None:
        self.people, self.clock = people, Clock()
        self.vendors = {contract.pk: self.vendor_of(contract) for contract in (people.a, people.b)}
        self.vendor = self.vendors[people.a.pk]
        self.policy = f"Sakimori {people.a.number}"

    def vendor_of(self, contract: Contract) -> MemoryVendor:
        VendorAccount.objects.create(contract=contract, api_id="1", sealed_api_key="x")
        sites = [WafSite(site.vendor_site_id, site.domain, bypassed=False) for site in contract.sites.all()]
        return MemoryVendor(sites=sites)

    def open(self, account: VendorAccount) -> MemoryVendor:
        return self.vendors[account.contract_id]

    def block(self, *addresses: str, contract: Contract | None = None, **columns: object) -> None:
        """Put them on the list by the real way."""
        for address in addresses:
            Block.objects.create(
                contract=contract or self.people.a,
                address=address,
                state=BlockState.APPROVED,
                reason=Reason.ATTACK_BLOCKED,
                proposed_at=self.clock(),
                next_try_at=self.clock(),
                **columns,
            )
        self.work()

    def work(self) -> None:
        apply_blocks(open_vendor=self.open, worker="one", clock=self.clock)
        self.clock.pass_time(minutes=6)

    def compare(self) -> int:
        done = compare_lists(open_vendor=self.open, worker="one", clock=self.clock)
        self.clock.pass_time(minutes=6)
        return done

    def check(self, contract: Contract | None = None) -> ListCheck:
        return ListCheck.objects.get(contract=contract or self.people.a)

    def alarm(self) -> str:
        """The one open alarm's sentence."""
        return Alarm.objects.get(acknowledged_at=None).sentence
