"""The guard right before the write: what became forbidden since the decision never reaches the vendor."""

import pytest

from sakimori.blacklist.duties import apply_blocks
from sakimori.blacklist.last_moment import refuse_forbidden
from sakimori.blacklist.models import Block, BlockState, Finding, FindingState
from sakimori.blacklist.reasons import Reason
from sakimori.customers.models import RegisteredNetwork, VendorAccount
from sakimori.waf.memory import MemoryVendor
from tests.blacklist import forbidden
from tests.moments import Clock
from tests.people import NOW, People, make_block, make_people
from tests.settings_change import with_config

pytestmark = pytest.mark.django_db


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
