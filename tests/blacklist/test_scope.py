"""Blocks of single sites and of networks: where they stand at the vendor, when they are active, when restored."""

import pytest

from bench.simulated_vendor import SITES, SimulatedVendor
from sakimori.blacklist import actions
from sakimori.blacklist.duties import apply_blocks
from sakimori.blacklist.models import Block, BlockState
from sakimori.customers.models import Site
from sakimori.simulators.spec import BlacklistMode
from sakimori.waf.interface import WafSite
from tests.blacklist.desk import Desk
from tests.people import make_people

pytestmark = pytest.mark.django_db

A, NET, NET6 = "198.51.100.1", "203.0.113.0/24", "2001:db8:1::/64"


@pytest.fixture
def desk() -> Desk:
    made = Desk(make_people())
    made.people.a.sites.all().delete()
    for site in SITES:
        Site.objects.create(contract=made.people.a, domain=f"www{site}.example.jp", vendor_site_id=site)
        made.vendor.put_site(WafSite(site, f"www{site}.example.jp", bypassed=False))
    return made


def restore(desk: Desk, address: str) -> None:
    actions.request_restore(Block.objects.get(address=address), by=desk.people.dana, reason="", now=desk.clock())
    desk.work()


def state(address: str) -> str:
    return Block.objects.get(address=address).state


def test_a_block_for_one_site_stands_in_a_policy_of_that_site_only(desk: Desk) -> None:
    desk.block(A, only_sites=[9001])
    assert state(A) == BlockState.ACTIVE
    assert desk.vendor.policy_names() == {"Sakimori K-A-001 9001"}
    assert desk.vendor.writes[0].applied_to == {9001}
    restore(desk, A)
    assert state(A) == BlockState.RESTORED
    assert desk.vendor.entries("Sakimori K-A-001 9001") == ()


def test_a_block_for_two_sites_is_active_only_when_both_lists_show_it(desk: Desk) -> None:
    desk.vendor.switch_policy("Sakimori K-A-001 9002", enabled=False)
    desk.block(A, only_sites=[9001, 9002])
    assert state(A) == BlockState.APPLYING
    desk.vendor.switch_policy("Sakimori K-A-001 9002", enabled=True)
    desk.work()
    assert state(A) == BlockState.ACTIVE
    restore(desk, A)
    assert state(A) == BlockState.RESTORED
    assert desk.vendor.entries("Sakimori K-A-001 9001") == desk.vendor.entries("Sakimori K-A-001 9002") == ()


def test_blocks_of_different_scopes_do_not_touch_each_other(desk: Desk) -> None:
    desk.block(A)
    desk.block("198.51.100.2", only_sites=[9002])
    restore(desk, A)
    assert state("198.51.100.2") == BlockState.ACTIVE
    assert desk.vendor.entries("Sakimori K-A-001 9002") == ("198.51.100.2",)


def test_a_site_that_the_contract_does_not_have_is_never_taken_for_blocked(desk: Desk) -> None:
    desk.block(A, only_sites=[777])
    assert state(A) != BlockState.ACTIVE


def test_of_two_sites_one_of_which_is_gone_the_other_is_blocked(desk: Desk) -> None:
    desk.block(A, only_sites=[9001, 777])
    assert state(A) == BlockState.ACTIVE
    restore(desk, A)
    assert state(A) == BlockState.RESTORED


def test_an_address_that_one_list_refuses_is_not_left_on_the_other(desk: Desk) -> None:
    desk.vendor.edit_by_hand("Sakimori K-A-001 9002", add=["203.0.113.77"])
    desk.vendor.capacity = 1
    desk.block(A, only_sites=[9001, 9002])
    assert desk.vendor.entries("Sakimori K-A-001 9001") == ()
    assert desk.vendor.entries("Sakimori K-A-001 9002") == ("203.0.113.77",)
    assert state(A) == BlockState.APPROVED


def test_networks_are_entries_and_a_spelling_by_hand_does_not_matter(desk: Desk) -> None:
    desk.block(NET, NET6)
    assert (state(NET), state(NET6)) == (BlockState.ACTIVE, BlockState.ACTIVE)
    desk.vendor.edit_by_hand(desk.policy, remove=[NET], add=["203.0.113.0-203.0.113.255"])
    desk.compare()
    assert Block.objects.get(address=NET).missing_since is None
    restore(desk, NET)
    assert desk.vendor.entries(desk.policy) == (NET6,)


@pytest.mark.parametrize("mode", BlacklistMode)
def test_the_last_address_comes_off_and_the_next_goes_on_at_the_simulated_vendor(
    desk: Desk, mode: BlacklistMode
) -> None:
    vendor = SimulatedVendor(mode, desk.clock)
    client = vendor.client()

    def work() -> None:
        apply_blocks(open_vendor=lambda _: client, worker="one", clock=desk.clock)
        desk.clock.pass_time(minutes=6)

    desk.work = work  # type: ignore[method-assign]
    desk.block(NET, only_sites=[9001])
    desk.block(A)
    restore(desk, NET)
    restore(desk, A)
    assert (state(NET), state(A)) == (BlockState.RESTORED, BlockState.RESTORED)
    assert all(not vendor.entries(name) - {"198.51.100.250"} for name in vendor.names())
    desk.block("198.51.100.2")
    assert state("198.51.100.2") == BlockState.ACTIVE
    assert not any(call.method == "PUT" and "/assets/" in call.path for call in vendor.our_calls())
    vendor.close()
