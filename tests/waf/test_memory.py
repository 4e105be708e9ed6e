"""`MemoryVendor` fulfils the contracts, and its switches do what they say."""

import pytest

from sakimori.waf.interface import (
    BlockTarget,
    WafAccount,
    WafDoubtful,
    WafRefused,
    WafSite,
    WafUnauthorised,
    WafUnavailable,
)
from sakimori.waf.memory import MemoryFault, MemoryVendor, MemoryWrite
from tests.waf.contract import NONE, A, B, BlacklistContract, LogsContract, Trouble, add, remove, view

TROUBLES = {
    Trouble.UNAVAILABLE: (MemoryFault.UNAVAILABLE, None),
    Trouble.UNAUTHORISED: (MemoryFault.UNAUTHORISED, None),
    Trouble.LOST_ANSWER: (MemoryFault.DOUBTFUL_APPLIED, 1),
}


class MemoryWorld:
    def __init__(self, vendor: MemoryVendor) -> None:
        self.vendor = vendor
        self.target = BlockTarget(policy_name="Sakimori 31", site_ids=(1000, 1001))

    def edit(self, *, add=(), remove=()) -> None:
        self.vendor.edit_by_hand(self.target.policy_name, add=add, remove=remove)

    def entries(self) -> list[list[str]]:
        found = list(self.vendor.entries(self.target.policy_name))
        return [found] if found else []

    def writes(self) -> int:
        return len(self.vendor.writes)

    def trouble(self, kind: Trouble) -> None:
        fault, times = TROUBLES[kind]
        self.vendor.fail(fault, times=times)

    def peace(self) -> None:
        self.vendor.heal()


def memory_vendor(**more) -> MemoryVendor:
    sites = [WafSite(site_id=n, domain=f"www{n}.example.jp", bypassed=False) for n in (1000, 1001)]
    return MemoryVendor(account=WafAccount(31, "Example KK"), sites=sites, **more)


class TestMemoryBlacklist(BlacklistContract):
    def make_world(self) -> MemoryWorld:
        return MemoryWorld(memory_vendor(capacity=self.capacity))


class MemoryLogWorld:
    def __init__(self) -> None:
        self.logs = MemoryVendor()

    def put(self, name: str, body: bytes) -> None:
        self.logs.put_log(name, body)

    def drop(self, name: str) -> None:
        self.logs.drop_log(name)


class TestMemoryLogs(LogsContract):
    def make_log_world(self) -> MemoryLogWorld:
        return MemoryLogWorld()


@pytest.fixture
def world() -> MemoryWorld:
    return MemoryWorld(memory_vendor())


def test_it_says_whose_it_is_and_what_it_protects(world: MemoryWorld) -> None:
    world.vendor.put_site(WafSite(site_id=1001, domain="www1001.example.jp", bypassed=True))
    assert world.vendor.account() == WafAccount(31, "Example KK")
    assert [(site.site_id, site.bypassed) for site in world.vendor.sites()] == [(1000, False), (1001, True)]


def test_a_doubtful_write_may_also_not_have_happened(world: MemoryWorld) -> None:
    world.vendor.fail(MemoryFault.DOUBTFUL_NOT_APPLIED)
    with pytest.raises(WafDoubtful):
        add(world, A)
    assert view(world).somewhere == NONE
    assert world.vendor.writes == []


def test_faults_hit_as_many_calls_as_asked_for(world: MemoryWorld) -> None:
    world.vendor.fail(MemoryFault.UNAVAILABLE, times=2)
    for _ in range(2):
        with pytest.raises(WafUnavailable):
            world.vendor.account()
    assert world.vendor.account().account_id == 31


def test_a_lasting_fault_lasts_until_it_is_healed(world: MemoryWorld) -> None:
    world.vendor.fail(MemoryFault.UNAUTHORISED, times=None)
    for ask in (world.vendor.account, world.vendor.sites, world.vendor.log_index):
        with pytest.raises(WafUnauthorised):
            ask()
    world.vendor.heal()
    assert world.vendor.sites()


def test_a_refusal_on_demand(world: MemoryWorld) -> None:
    world.vendor.fail(MemoryFault.REFUSED)
    with pytest.raises(WafRefused):
        add(world, A)


def test_stale_reads_show_yesterday_as_often_as_asked_for(world: MemoryWorld) -> None:
    add(world, A)
    world.vendor.lag(reads=2)
    add(world, B)
    assert [view(world).everywhere for _ in range(3)] == [{A}, {A}, {A, B}]


def test_a_disabled_policy_blocks_nowhere_but_still_lists(world: MemoryWorld) -> None:
    add(world, A)
    world.vendor.switch_policy(world.target.policy_name, enabled=False)
    assert (view(world).everywhere, view(world).somewhere) == (NONE, {A})
    world.vendor.switch_policy(world.target.policy_name, enabled=True)
    assert view(world).everywhere == {A}


def test_writes_are_recorded_as_what_really_changed(world: MemoryWorld) -> None:
    add(world, A)
    add(world, A, B)
    remove(world, A, "192.0.2.77")
    sites = frozenset(world.target.site_ids)
    name = world.target.policy_name
    assert world.vendor.writes == [
        MemoryWrite(name, added=frozenset({A}), removed=NONE, applied_to=sites),
        MemoryWrite(name, added=frozenset({B}), removed=NONE, applied_to=frozenset()),
        MemoryWrite(name, added=NONE, removed=frozenset({A}), applied_to=frozenset()),
    ]
