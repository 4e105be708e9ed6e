"""Which network on the list still holds an address that came off it."""

from dataclasses import replace

import pytest

from sakimori.blacklist.actions import request_restore
from sakimori.blacklist.coverage import network_around, note_covered
from sakimori.blacklist.duties import apply_blocks
from sakimori.blacklist.models import Block, BlockState
from sakimori.customers.models import VendorAccount
from sakimori.waf.interface import BlacklistView, BlockTarget
from sakimori.waf.memory import MemoryVendor
from tests.moments import Clock
from tests.people import NOW, make_block, make_people


@pytest.mark.parametrize(
    ("address", "networks", "around"),
    [
        ("203.0.113.5", ["203.0.113.0/24"], "203.0.113.0/24"),
        ("203.0.113.5", ["203.0.113.0/25", "203.0.112.0/23", "198.51.100.0/24"], "203.0.112.0/23"),
        ("203.0.113.5", ["203.0.113.6/31", "::/0", "no network", "2001:db8::/32"], ""),
        ("2001:db8::5", ["2001:db8::/64"], "2001:db8::/64"),
        ("203.0.113.0/24", ["203.0.113.0/24"], ""),
        ("203.0.113.0/24", ["203.0.113.0/25", "203.0.0.0/16"], "203.0.0.0/16"),
        ("no address", ["203.0.113.0/24"], ""),
        ("203.0.113.5", [], ""),
    ],
)
def test_the_widest_network_that_holds_it_counts(address: str, networks: list[str], around: str) -> None:
    assert network_around(address, networks) == around


@pytest.mark.django_db
def test_it_is_written_down_for_those_that_are_covered_only() -> None:
    people = make_people()
    inside = make_block(people.a, "203.0.113.5", state=BlockState.RESTORING)
    outside = make_block(people.a, "198.51.100.5", state=BlockState.RESTORING)
    other = make_block(people.a, "203.0.113.6")
    note_covered([inside.pk, outside.pk], {"203.0.113.5", "203.0.113.0/24"})
    note_covered([], {"203.0.113.0/24"})
    found = dict(Block.objects.values_list("pk", "covered_by"))
    assert found == {inside.pk: "203.0.113.0/24", outside.pk: "", other.pk: ""}


class WithForeignNetwork(MemoryVendor):
    """A list on which somebody has put a whole network."""

    def read_blacklist(self, target: BlockTarget) -> BlacklistView:
        view = super().read_blacklist(target)
        return replace(view, somewhere=view.somewhere | {"203.0.113.0/24"})


@pytest.mark.django_db
def test_a_network_of_somebody_else_is_seen_when_the_address_is_read_back() -> None:
    people, clock = make_people(), Clock(NOW)
    VendorAccount.objects.create(contract=people.a, api_id="1", sealed_api_key="x")
    block = make_block(people.a, "203.0.113.5", state=BlockState.APPROVED)
    vendor = WithForeignNetwork()

    def carry() -> None:
        apply_blocks(open_vendor=lambda _: vendor, worker="one", clock=clock)
        clock.pass_time(seconds=5)

    carry()
    request_restore(block, by=people.alice, reason="", now=clock())
    carry()
    block.refresh_from_db()
    assert (block.state, block.covered_by, block.was_there_before) == (BlockState.RESTORED, "203.0.113.0/24", False)
