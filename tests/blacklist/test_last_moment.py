"""The guard right before the write: what became forbidden since the decision never reaches the vendor."""

from dataclasses import replace
from typing import cast

import pytest

from sakimori.blacklist.duties import apply_blocks
from sakimori.blacklist.last_moment import refuse_forbidden
from sakimori.blacklist.models import Block, BlockState, Finding, FindingState, RestoreChannel
from sakimori.blacklist.reasons import Reason
from sakimori.customers.models import AuditEntry, Contract, RegisteredNetwork, Site, VendorAccount
from sakimori.lib.jst import day_of
from sakimori.waf.interface import BlacklistView, BlockTarget, WafSite
from sakimori.waf.memory import MemoryVendor
from tests.blacklist import forbidden
from tests.blacklist.desk import Desk
from tests.moments import Clock
from tests.people import NOW, People, make_block, make_people
from tests.settings_change import with_config

pytestmark = pytest.mark.django_db
ADDRESS, OTHER = "198.51.100.7", "198.51.100.8"


@pytest.fixture
def people() -> People:
    return make_people()


def approved(people: People, address: str, **columns: object) -> Block:
    return make_block(people.a, address, state=BlockState.APPROVED, **columns)


@pytest.mark.parametrize(
    ("address", "reason"),
    [
        ("10.0.0.1", Reason.NOT_PUBLIC),
        ("45.60.1.1", Reason.VENDOR),
        ("66.249.66.1", Reason.CRAWLER),
        ("203.0.113.9", Reason.REGISTERED),
        ("203.0.0.0/16", Reason.REGISTERED),
        ("198.51.100.200", Reason.SOC),
        ("nonsense", Reason.NO_ADDRESS),
    ],
)
def test_what_is_forbidden_is_refused_even_if_an_analyst_approved_it(
    people: People, address: str, reason: Reason
) -> None:
    RegisteredNetwork.objects.create(customer=people.a.customer, network="203.0.113.0/28")
    block = approved(people, address, decided_by=people.dana)
    allowed = [approved(people, "198.51.100.7"), approved(people, "198.51.100.64/26")]
    with with_config(soc_networks=("198.51.100.192/26",)):
        assert refuse_forbidden(people.a, Block.objects.all(), now=NOW) == {block.pk}
    block.refresh_from_db()
    assert (block.state, block.reason, block.decided_at) == (BlockState.REFUSED, reason, NOW)
    finding = Finding.objects.get(block=block)
    assert (finding.state, finding.reason) == (FindingState.REFUSED, reason)
    assert set(Block.objects.filter(state=BlockState.APPROVED)) == set(allowed)


@pytest.mark.parametrize("state", [state for state in BlockState if state != BlockState.APPROVED])
def test_other_states_are_left_alone(people: People, state: BlockState) -> None:
    make_block(people.a, "10.0.0.1", state=state)
    assert refuse_forbidden(people.a, Block.objects.all(), now=NOW) == set()
    assert Block.objects.get().state == state


WRITABLE = (BlockState.APPROVED, BlockState.APPLYING, BlockState.UNKNOWN)


def with_two_sites(*addresses: str, **columns: object) -> Desk:
    desk = Desk(make_people())
    Site.objects.create(contract=desk.people.a, domain="b.example.jp", vendor_site_id=99)
    desk.vendor.put_site(WafSite(99, "b.example.jp", bypassed=False))
    desk.block(*addresses, **columns)
    return desk


def register(desk: Desk) -> None:
    RegisteredNetwork.objects.create(customer=desk.people.a.customer, network=f"{ADDRESS}/32")


def states() -> dict[str, str]:
    return dict(Block.objects.values_list("address", "state"))


@pytest.mark.parametrize("state", WRITABLE)
@pytest.mark.parametrize("partly", [False, True])
def test_what_was_written_and_became_forbidden_is_not_written_again_and_comes_off(
    state: BlockState, partly: bool
) -> None:
    """On one of its sites it stands perhaps; the other never gets it."""
    desk = with_two_sites(ADDRESS, only_sites=[65])
    if not partly:
        desk.vendor.edit_by_hand(f"{desk.policy} 65", remove=[ADDRESS])
    Block.objects.update(only_sites=[65, 99], state=state, next_try_at=desk.clock())
    register(desk)
    for _ in range(2):
        desk.work()
    block = Block.objects.get()
    assert (block.state, block.wanted_on_list, block.restore_channel) == (
        BlockState.RESTORED,
        False,
        RestoreChannel.DESK,
    )
    assert block.restore_reason == Reason.REGISTERED.sentence
    assert AuditEntry.objects.filter(action="block.restore.guard", actor="sakimori").count() == 1
    assert [write.added for write in desk.vendor.writes if write.added] == [{ADDRESS}]
    assert desk.vendor.entries(f"{desk.policy} 65") == desk.vendor.entries(f"{desk.policy} 99") == ()


@pytest.mark.parametrize("state", [BlockState.APPROVED, BlockState.APPLYING])
def test_an_extension_at_the_end_of_the_contract_orphans_nothing(state: BlockState) -> None:
    desk = with_two_sites(ADDRESS, only_sites=[65])
    Block.objects.update(only_sites=[65, 99], state=state, next_try_at=desk.clock())
    Contract.objects.filter(pk=desk.people.a.pk).update(ends_on=day_of(desk.clock()))
    for _ in range(2):
        desk.work()
    assert Block.objects.get().state == BlockState.RESTORED
    assert desk.vendor.entries(f"{desk.policy} 65") == ()


def test_a_new_site_is_put_on_our_policy_after_what_became_forbidden_came_off() -> None:
    desk = with_two_sites(ADDRESS, OTHER)
    desk.vendor.take_off(desk.policy, 99)
    before = len(desk.vendor.writes)
    register(desk)
    desk.compare()
    assert len(desk.vendor.writes) == before
    assert states() == {ADDRESS: BlockState.RESTORING, OTHER: BlockState.ACTIVE}
    desk.work()
    desk.compare()
    assert desk.vendor.entries(desk.policy) == (OTHER,)
    assert 99 in desk.vendor.writes[-1].applied_to


class OlderVendor(MemoryVendor):
    """Each site has a list of its own, and that of 99 is empty."""

    asked: list[tuple[tuple[int, ...], frozenset[str]]]

    def read_blacklist(self, target: BlockTarget) -> BlacklistView:
        view = super().read_blacklist(target)
        return replace(view, condition=replace(view.condition, by_site={65: view.everywhere, 99: frozenset()}))

    def change_blacklist(self, target: BlockTarget, *, add: frozenset[str], remove: frozenset[str]) -> None:
        self.asked.append((tuple(target.site_ids), add))


def test_a_new_sites_own_list_gets_nothing_that_became_forbidden() -> None:
    desk = with_two_sites(ADDRESS, OTHER)
    register(desk)
    desk.vendor.__class__ = OlderVendor
    vendor = cast("OlderVendor", desk.vendor)
    vendor.asked = []
    desk.compare()
    assert vendor.asked == [((99,), frozenset({OTHER}))]
    assert states() == {ADDRESS: BlockState.RESTORING, OTHER: BlockState.ACTIVE}


def test_another_contracts_networks_do_not_count(people: People) -> None:
    RegisteredNetwork.objects.create(customer=people.b.customer, network="203.0.113.0/28")
    approved(people, "203.0.113.9")
    assert refuse_forbidden(people.a, Block.objects.all(), now=NOW) == set()


def test_a_block_that_moved_on_meanwhile_is_left_alone(people: People) -> None:
    approved(people, "10.0.0.1")
    seen = list(Block.objects.all())
    Block.objects.update(state=BlockState.RESTORING)
    refuse_forbidden(people.a, seen, now=NOW)
    assert Block.objects.get().state == BlockState.RESTORING


def test_none_of_many_forbidden_addresses_reaches_the_vendor(people: People) -> None:
    """Whoever put them there: addresses of the list are approved, and the vendor's own record holds none."""
    VendorAccount.objects.create(contract=people.a, api_id="1", sealed_api_key="x")
    for network in forbidden.networks(forbidden.REGISTERED):
        RegisteredNetwork.objects.create(customer=people.a.customer, network=str(network))
    addresses = {str(address) for address in forbidden.borders(1_000)[::9]} | {"1.1.1.1"}
    Block.objects.bulk_create(
        Block(
            contract=people.a,
            address=address,
            state=BlockState.APPROVED,
            reason=Reason.APPROVED,
            proposed_at=NOW,
            decided_at=NOW,
            next_try_at=NOW,
        )
        for address in addresses
    )
    vendor, clock = MemoryVendor(), Clock(NOW)
    with with_config(training=False, soc_networks=tuple(forbidden.SOC.split())):
        apply_blocks(open_vendor=lambda _: vendor, worker="one", clock=clock)
    assert [write.added for write in vendor.writes] == [frozenset({"1.1.1.1"})]
    assert Block.objects.filter(state=BlockState.REFUSED).count() == len(addresses) - 1
