"""Many blocks at once: few calls to the vendor, never more than it allows, and no other account waits for it."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from bench.simulated_vendor import SimulatedVendor
from sakimori.blacklist import actions, applying
from sakimori.blacklist.duties import ListComparison, ListWork, apply_blocks
from sakimori.blacklist.models import Block, BlockState
from sakimori.blacklist.pacing import charge, rest
from sakimori.blacklist.standing import witnesses
from sakimori.customers.models import Contract, Site, VendorAccount
from sakimori.simulators.faults import Fault, FaultKind
from sakimori.simulators.spec import BlacklistMode
from tests.blacklist.desk import Desk
from tests.people import make_people

pytestmark = pytest.mark.django_db


@pytest.fixture
def desk() -> Desk:
    return Desk(make_people())


def due(desk: Desk, contract: Contract, number: int, *, first: int = 0) -> None:
    Block.objects.bulk_create(
        Block(
            contract=contract,
            address=f"198.51.{100 + (first + n) // 250}.{(first + n) % 250}",
            state=BlockState.APPROVED,
            reason="attack_blocked",
            proposed_at=desk.clock(),
            next_try_at=desk.clock(),
        )
        for n in range(number)
    )


def work(desk: Desk) -> None:
    apply_blocks(open_vendor=desk.open, worker="one", clock=desk.clock)


def test_what_is_due_goes_in_few_calls(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(applying, "_AT_ONCE", 50)
    due(desk, desk.people.a, 60)
    work(desk)
    work(desk)
    assert Block.objects.filter(state=BlockState.ACTIVE).count() == 60
    assert (desk.vendor.attempts, desk.vendor.calls_made()) == (2, 6)


def test_an_account_that_has_used_up_its_allowance_rests_and_no_other_does(desk: Desk, settings: Any) -> None:
    settings.CONFIG = replace(settings.CONFIG, vendor_calls=10)
    for round_number in range(3):
        due(desk, desk.people.a, 1, first=round_number)
        work(desk)
    assert (desk.check().paused_until, desk.check().spent) == (None, 9)
    assert desk.check().adds_paused_until == desk.clock() + timedelta(seconds=9)
    calls = desk.vendor.calls_made()
    due(desk, desk.people.a, 5, first=10)
    due(desk, desk.people.b, 1)
    work(desk)
    assert desk.vendor.calls_made() == calls
    assert Block.objects.get(contract=desk.people.b).state == BlockState.ACTIVE
    desk.clock.pass_time(seconds=10)
    work(desk)
    assert desk.vendor.calls_made() == calls + 3
    assert set(Block.objects.values_list("state", flat=True)) == {BlockState.ACTIVE}


def test_the_allowance_comes_back_with_time(desk: Desk, settings: Any) -> None:
    settings.CONFIG = replace(settings.CONFIG, vendor_calls=60)
    charge(desk.people.a, 50, now=desk.clock())
    charge(desk.people.a, 0, now=desk.clock.pass_time(seconds=20))
    assert desk.check().spent == 30
    charge(desk.people.a, 40, now=desk.clock())
    assert desk.check().paused_until == desk.clock() + timedelta(seconds=10)
    rest(desk.people.a, until=desk.clock() + timedelta(seconds=5), now=desk.clock())
    assert desk.check().paused_until == desk.clock() + timedelta(seconds=10)


def test_what_the_vendor_asks_us_to_wait_holds_for_new_blocks_too_and_for_nobody_else(desk: Desk) -> None:
    vendor = SimulatedVendor(BlacklistMode.POLICY, desk.clock)
    Site.objects.filter(contract=desk.people.a).update(vendor_site_id=9001)
    client = vendor.client()

    def round_of_all() -> None:
        apply_blocks(
            open_vendor=lambda account: client if account.contract == desk.people.a else desk.open(account),
            worker="one",
            clock=desk.clock,
        )

    vendor.fault(Fault(FaultKind.TOO_MANY, seconds=20, calls=10))
    due(desk, desk.people.a, 1)
    round_of_all()
    assert desk.check().paused_until == desk.clock() + timedelta(seconds=20)
    vendor.heal()
    calls = vendor.calls
    desk.clock.pass_time(seconds=19)
    due(desk, desk.people.a, 1, first=7)
    due(desk, desk.people.b, 1)
    round_of_all()
    assert vendor.calls == calls
    assert Block.objects.get(contract=desk.people.b).state == BlockState.ACTIVE
    desk.clock.pass_time(seconds=2)
    round_of_all()
    assert not Block.objects.exclude(state=BlockState.ACTIVE).exists()
    vendor.close()


def test_each_account_is_looked_at_by_itself(desk: Desk) -> None:
    """So that each can have a thread of its own: a slow vendor delays nobody else's addresses."""
    for contract in (desk.people.a, desk.people.b):
        due(desk, contract, 2)
    looks = ListWork(desk.open, "one", desk.clock).due_looks()
    accounts = set(VendorAccount.objects.values_list("pk", flat=True))
    assert {key for key, _ in looks} == accounts
    assert [look() for _, look in looks] == [2, 2]
    assert ListWork(desk.open, "one", desk.clock).due_looks() == []
    assert {key for key, _ in ListComparison(desk.open, "one", desk.clock).due_looks()} == accounts


def test_with_many_sites_a_round_costs_hardly_more_calls(desk: Desk) -> None:
    vendor = SimulatedVendor(BlacklistMode.POLICY, desk.clock)
    desk.people.a.sites.all().delete()
    for site in (9001, 9002):
        Site.objects.create(contract=desk.people.a, domain=f"www{site}.example.jp", vendor_site_id=site)
    client = vendor.client()
    costs = []
    for number in range(3):
        before = vendor.calls
        due(desk, desk.people.a, 1, first=number)
        apply_blocks(open_vendor=lambda _: client, worker="one", clock=desk.clock)
        costs.append(vendor.calls - before)
        desk.clock.pass_time(seconds=2)
    assert costs[2] == 4
    vendor.close()


def test_a_round_asks_only_those_written_last_whether_the_list_is_old(desk: Desk) -> None:
    """In a storm thousands were written within the last minute; whatever is lacking, the newest of them are too."""
    now = desk.clock()
    rows = Block.objects.bulk_create(
        Block(
            contract=desk.people.a,
            address=f"2001:db8:4000:{number:x}::1",
            state=BlockState.ACTIVE,
            reason="attack_blocked",
            proposed_at=now,
            next_try_at=now,
            active_at=now - timedelta(seconds=1),
            written_at=now - timedelta(milliseconds=30 * number),
            ours_on=[0],
        )
        for number in range(1200)
    )
    seen = witnesses(desk.people.a, now=now)
    assert [block.pk for block in seen] == [block.pk for block in rows[:1000]]
    desk.block("198.51.100.7")
    assert Block.objects.get(address="198.51.100.7").state == BlockState.APPROVED, "the list lacks all of them"
    assert desk.vendor.writes == []


def leave(desk: Desk, address: str) -> None:
    actions.request_restore(Block.objects.get(address=address), by=desk.people.alice, reason="", now=desk.clock())


def test_what_somebody_needs_back_goes_before_all_that_is_to_be_added(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Hundreds have waited for longer; the round that takes the address off adds few of them, so it is soon done."""
    desk.block("203.0.113.1")
    monkeypatch.setattr(applying, "_AT_ONCE", 40)
    monkeypatch.setattr(applying, "_BESIDE_RESTORES", 5)
    due(desk, desk.people.a, 100)
    desk.clock.pass_time(seconds=1)
    leave(desk, "203.0.113.1")
    work(desk)
    assert Block.objects.get(address="203.0.113.1").state == BlockState.RESTORED
    assert Block.objects.filter(state=BlockState.ACTIVE).count() == 5
    work(desk)
    assert Block.objects.filter(state=BlockState.ACTIVE).count() == 45


def test_a_part_of_the_allowance_is_left_for_restores(desk: Desk, settings: Any) -> None:
    settings.CONFIG = replace(settings.CONFIG, vendor_calls=16)
    desk.block("203.0.113.1")
    for number in range(6):
        due(desk, desk.people.a, 1, first=number)
        work(desk)
    added = Block.objects.filter(state=BlockState.ACTIVE).count()
    assert added < 7, "three quarters of the allowance are used up"
    leave(desk, "203.0.113.1")
    work(desk)
    assert Block.objects.get(address="203.0.113.1").state == BlockState.RESTORED
    assert Block.objects.filter(state=BlockState.ACTIVE).count() == added - 1
    desk.clock.pass_time(minutes=2)
    for _ in range(2):
        work(desk)
    assert not Block.objects.filter(state=BlockState.APPROVED).exists()
