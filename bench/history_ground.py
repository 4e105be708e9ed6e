"""What a random history plays on: one contract at the simulated vendor, a clock, dice, what others have put there."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta

from bench.simulated_vendor import SITES, THEIRS, SimulatedVendor, chance_of
from sakimori.accounts.models import SocRole, User
from sakimori.blacklist.lists import ALL_SITES
from sakimori.blacklist.models import CLOSED_STATES, Block, BlockState
from sakimori.blacklist.standing import DUE_STATES
from sakimori.customers.models import Contract, Customer, Site, VendorAccount
from sakimori.customers.secrets import give_key
from sakimori.simulators.spec import BlacklistMode
from sakimori.simulators.state import milliseconds

START = datetime(2026, 11, 23, 3, tzinfo=UTC)
LAG = timedelta(seconds=10)
OURS = ("198.51.100.1", "198.51.100.2", "198.51.100.3", "2001:db8::9", "203.0.113.0/28", "2001:db8:1::/64")
NEVER = ("192.0.2.77", "192.0.2.78")  # Proposed or refused: nobody has approved these.


class Killed(BaseException):
    """The process ends in the middle of a call."""


class Ground:
    """foreign: what other people have put on each list, by its name."""

    def __init__(self, seed: int, mode: BlacklistMode) -> None:
        self.dice, self.mode, self.now = chance_of(seed), mode, START
        self.told: list[str] = []
        self.edited_at = START - LAG
        self.vendor = SimulatedVendor(mode, self.clock)
        self.client = self.vendor.client()
        self.contract = new_contract()
        self.dana = User.objects.create_user("history-dana", soc_role=SocRole.ANALYST)
        self.foreign: dict[str, set[str]] = {}
        if mode is BlacklistMode.LEGACY:
            self.foreign[str(SITES[0])] = {THEIRS}
        for address, state in zip(NEVER, (BlockState.PROPOSED, BlockState.REFUSED), strict=True):
            self.put(address, state, [])

    def clock(self) -> datetime:
        """The time that all of it goes by."""
        return self.now

    def put(self, address: str, state: BlockState, sites: list[int]) -> None:
        """A new block."""
        Block.objects.create(
            contract=self.contract,
            address=address,
            state=state,
            only_sites=sites,
            reason="attack_blocked",
            proposed_at=self.now,
            next_try_at=self.now,
        )

    def open_rows(self):  # type: ignore[no-untyped-def]
        """Blocks that somebody has decided to put on, and that are not over."""
        return Block.objects.filter(contract=self.contract).exclude(state__in=(*CLOSED_STATES, BlockState.PROPOSED))

    def unsettled(self) -> bool:
        """Whether something is still to be written or read back."""
        return bool(self.open_rows().filter(state__in=DUE_STATES).exists())

    def is_lagging(self) -> bool:
        """Whether reads show how it was."""
        rows = self.vendor.state.rows("SELECT until_ms FROM fault WHERE kind = 'stale'")
        return any(row["until_ms"] >= milliseconds(self.now) for row in rows)

    def names_of(self, number: int) -> list[str]:
        """The vendor's lists that our list with this number is."""
        if self.mode is BlacklistMode.LEGACY:
            return [str(site) for site in SITES if number in (ALL_SITES, site)]
        return [f"Sakimori {self.contract.number}" + (f" {number}" if number else "")]

    def run(self, duty: Callable[..., int], worker: str) -> None:
        """One round of a duty, which may be killed."""
        try:
            duty(open_vendor=lambda _: self.client, worker=worker, clock=self.clock)
        except Killed:
            # Whoever was killed has kept his claim; sometimes a restart frees it at once.
            held = self.dice.random() < 0.5
            until = self.now + timedelta(minutes=5) if held else None
            VendorAccount.objects.update(claimed_by="dead" if held else "", claimed_until=until)


def new_contract() -> Contract:
    """A customer of these histories, with two sites and an account at the vendor."""
    customer = Customer(number="C-H", name="歴史株式会社", created_at=START)
    give_key(customer)
    customer.save()
    contract = Contract.objects.create(customer=customer, number="K-H-001", starts_on=date(2026, 4, 1))
    for site in SITES:
        Site.objects.create(contract=contract, domain=f"www{site}.example.jp", vendor_site_id=site)
    VendorAccount.objects.create(contract=contract, api_id="1", sealed_api_key="x")
    return contract


def open_block(address: str) -> Block | None:
    """The one block of this address that is not over."""
    return Block.objects.filter(address=address).exclude(state__in=CLOSED_STATES).first()
