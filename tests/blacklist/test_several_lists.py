"""Blocks that stand on several lists: one more site soon after the first write, one list that says no, one put back."""

from datetime import datetime

import pytest

from bench.simulated_vendor import SITES, SimulatedVendor
from sakimori.blacklist import actions, applying, reach
from sakimori.blacklist.decision import Decision, Outcome
from sakimori.blacklist.duties import apply_blocks
from sakimori.blacklist.missing import put_back
from sakimori.blacklist.models import Block, BlockState, ListCheck
from sakimori.blacklist.plan import Plan
from sakimori.blacklist.reasons import Reason
from sakimori.customers.models import AuditEntry, Site
from sakimori.simulators.spec import BlacklistMode
from sakimori.waf.interface import WafSite
from sakimori.waf.memory import MemoryFault
from tests.blacklist.desk import Desk
from tests.people import make_people

pytestmark = pytest.mark.django_db

A, B, FOREIGN = "198.51.100.1", "198.51.100.2", "203.0.113.77"
FIRST, SECOND = SITES
ON_FIRST, ON_SECOND = f"Sakimori K-A-001 {FIRST}", f"Sakimori K-A-001 {SECOND}"


@pytest.fixture
def desk() -> Desk:
    made = Desk(make_people())
    made.people.a.sites.all().delete()
    for site in SITES:
        Site.objects.create(contract=made.people.a, domain=f"www{site}.example.jp", vendor_site_id=site)
        made.vendor.put_site(WafSite(site, f"www{site}.example.jp", bypassed=False))
    return made


def row(address: str) -> Block:
    return Block.objects.get(address=address)


def work(desk: Desk) -> None:
    """A round after which only ten seconds pass."""
    apply_blocks(open_vendor=desk.open, worker="one", clock=desk.clock)
    desk.clock.pass_time(seconds=10)


def begin(desk: Desk, address: str, *sites: int) -> None:
    Block.objects.create(
        contract=desk.people.a,
        address=address,
        only_sites=list(sites),
        state=BlockState.APPROVED,
        reason=Reason.ATTACK_BLOCKED,
        proposed_at=desk.clock(),
        next_try_at=desk.clock(),
    )


def extend(desk: Desk, address: str) -> None:
    site = Site.objects.get(vendor_site_id=SECOND)
    decision = Decision(Outcome.BLOCK, Reason.ATTACK_BLOCKED)
    assert reach.extend(row(address), site, decision, now=desk.clock())


def test_a_site_that_is_added_ten_seconds_after_the_first_write_keeps_nobody_waiting(desk: Desk) -> None:
    begin(desk, A, FIRST)
    work(desk)
    extend(desk, A)
    begin(desk, B)
    work(desk)
    assert (row(A).state, row(B).state) == (BlockState.ACTIVE, BlockState.ACTIVE)
    assert desk.vendor.entries(ON_FIRST) == desk.vendor.entries(ON_SECOND) == (A,)


def test_what_was_written_to_the_new_site_too_is_judged_there_too(desk: Desk) -> None:
    begin(desk, A, FIRST)
    work(desk)
    extend(desk, A)
    work(desk)
    desk.vendor.edit_by_hand(ON_SECOND, remove=[A])
    begin(desk, B, SECOND)
    work(desk)
    assert row(B).state == BlockState.APPROVED


def test_what_a_site_held_already_is_not_written_there_again(desk: Desk) -> None:
    begin(desk, A, FIRST)
    work(desk)
    extend(desk, A)
    work(desk)
    assert [write.policy_name for write in desk.vendor.writes] == [ON_FIRST, ON_SECOND]


def test_a_new_site_whose_list_is_full_does_not_cost_the_first_its_entry(desk: Desk) -> None:
    desk.block(A, only_sites=[FIRST])
    desk.vendor.edit_by_hand(ON_SECOND, add=[FOREIGN])
    desk.vendor.capacity = 1
    extend(desk, A)
    desk.work()
    assert (desk.vendor.entries(ON_FIRST), desk.vendor.entries(ON_SECOND)) == ((A,), (FOREIGN,))
    assert row(A).state == BlockState.APPROVED
    actions.request_restore(row(A), by=desk.people.dana, reason="", now=desk.clock())
    desk.work()
    assert (desk.vendor.entries(ON_FIRST), row(A).state) == ((), BlockState.RESTORED)


def test_a_new_site_that_refuses_the_address_does_not_cost_the_first_its_entry(desk: Desk) -> None:
    desk.block(A, only_sites=[FIRST])
    desk.vendor.disliked = {A}
    extend(desk, A)
    desk.work()
    assert (desk.vendor.entries(ON_FIRST), desk.vendor.entries(ON_SECOND)) == ((A,), ())
    assert (row(A).state, row(A).last_error != "") == (BlockState.APPROVED, True)
    desk.vendor.disliked = set()
    desk.work()
    assert (row(A).state, desk.vendor.entries(ON_SECOND)) == (BlockState.ACTIVE, (A,))


def test_somebody_elses_entry_stays_when_another_list_refuses_the_address(desk: Desk) -> None:
    desk.vendor.edit_by_hand(ON_FIRST, add=[A])
    desk.vendor.edit_by_hand(ON_SECOND, add=[FOREIGN])
    desk.vendor.capacity = 1
    begin(desk, A, FIRST, SECOND)
    desk.work()
    assert desk.vendor.entries(ON_FIRST) == (A,)


@pytest.mark.parametrize("sites", [(), SITES])
def test_what_was_put_back_on_one_of_two_sites_is_still_ours_to_take_off_both(
    desk: Desk, sites: tuple[int, ...]
) -> None:
    vendor = by_sites(desk)
    desk.block(A, only_sites=list(sites))
    desk.compare()
    vendor.edit(str(SECOND), remove=(A,))
    desk.compare()
    put_back(row(A), by=desk.people.dana, now=desk.clock())
    desk.work()
    assert (row(A).state, row(A).was_there_before) == (BlockState.ACTIVE, False)
    assert A in vendor.entries(str(FIRST)) & vendor.entries(str(SECOND))
    actions.request_restore(row(A), by=desk.people.dana, reason="", now=desk.clock())
    desk.work()
    assert row(A).state == BlockState.RESTORED
    assert A not in vendor.entries(str(FIRST)) | vendor.entries(str(SECOND))
    vendor.close()


def test_a_site_that_is_added_after_the_lists_were_read_is_for_the_next_round(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    begin(desk, A, FIRST)
    begin(desk, B)
    rounds = iter([True])

    def while_somebody_adds(plan: Plan, *, now: datetime) -> Plan:
        if next(rounds, False):
            extend(desk, A)
        return plan

    monkeypatch.setattr(applying, "unless_stopped", while_somebody_adds)
    work(desk)
    assert row(B).state == BlockState.ACTIVE, "nobody else is kept waiting"
    work(desk)
    work(desk)
    assert row(A).state == BlockState.ACTIVE
    assert desk.vendor.entries(ON_FIRST) == desk.vendor.entries(ON_SECOND) == (A,)


def by_sites(desk: Desk) -> SimulatedVendor:
    """From now on the account has the old lists of single sites."""
    vendor = SimulatedVendor(BlacklistMode.LEGACY, desk.clock)
    client = vendor.client()
    desk.open = lambda _: client  # type: ignore[assignment, method-assign, return-value]
    return vendor


def restore(desk: Desk, address: str) -> None:
    actions.request_restore(row(address), by=desk.people.dana, reason="", now=desk.clock())
    desk.work()
    assert row(address).state == BlockState.RESTORED


@pytest.mark.parametrize("sites", [(), SITES])
def test_a_restore_takes_off_each_sites_list_only_what_is_ours(desk: Desk, sites: tuple[int, ...]) -> None:
    vendor = by_sites(desk)
    vendor.edit(str(FIRST), add=(A,))
    desk.block(A, only_sites=list(sites))
    assert (row(A).state, row(A).ours_on, row(A).was_there_before) == (BlockState.ACTIVE, [SECOND], True)
    restore(desk, A)
    assert A in vendor.entries(str(FIRST))
    assert A not in vendor.entries(str(SECOND))
    assert row(A).was_there_before, "the customer is told that it is still blocked"
    vendor.close()


def test_a_restore_takes_off_each_policy_only_what_is_ours(desk: Desk) -> None:
    desk.block(B, only_sites=[FIRST])
    desk.vendor.edit_by_hand(ON_FIRST, add=[A])
    desk.block(A, only_sites=list(SITES))
    assert (row(A).ours_on, row(A).was_there_before) == ([SECOND], True)
    restore(desk, A)
    assert (desk.vendor.entries(ON_FIRST), desk.vendor.entries(ON_SECOND)) == ((B, A), ())


def test_an_entry_by_hand_on_the_list_of_a_site_that_is_added_stays_there(desk: Desk) -> None:
    desk.block(A, only_sites=[FIRST])
    desk.block(B, only_sites=[SECOND])
    desk.vendor.edit_by_hand(ON_SECOND, add=[A])
    extend(desk, A)
    desk.work()
    assert (row(A).state, row(A).ours_on) == (BlockState.ACTIVE, [FIRST])
    restore(desk, A)
    assert (desk.vendor.entries(ON_FIRST), desk.vendor.entries(ON_SECOND)) == ((), (B, A))


def test_somebody_elses_entry_that_has_gone_is_not_told_as_still_there(desk: Desk) -> None:
    desk.block(B, only_sites=[FIRST])
    desk.vendor.edit_by_hand(ON_FIRST, add=[A])
    desk.block(A, only_sites=list(SITES))
    desk.vendor.edit_by_hand(ON_FIRST, remove=[A])
    restore(desk, A)
    assert not row(A).was_there_before


def test_a_new_site_of_an_older_account_is_written_down_before_it_gets_our_entries(desk: Desk) -> None:
    vendor = by_sites(desk)
    Site.objects.filter(vendor_site_id=SECOND).delete()
    desk.block(A, B)
    desk.compare()
    assert row(A).ours_on == [FIRST]
    Site.objects.create(contract=desk.people.a, domain="new.example.jp", vendor_site_id=SECOND)
    vendor.edit(str(SECOND), add=(B,))
    desk.clock.pass_time(minutes=20)
    desk.compare()
    assert vendor.entries(str(SECOND)) == {A, B}
    restore(desk, A)
    restore(desk, B)
    assert vendor.entries(str(SECOND)) == {B}
    vendor.close()


def test_a_lost_write_to_an_added_list_is_repeated_as_soon_as_any_other(desk: Desk) -> None:
    """That the first list had shown the entry long ago says nothing about the second."""
    desk.block(A, only_sites=[FIRST])
    desk.block(B, only_sites=[SECOND])
    extend(desk, A)
    desk.vendor.fail(MemoryFault.DOUBTFUL_NOT_APPLIED)
    work(desk)
    assert (row(A).state, desk.vendor.entries(ON_SECOND)) == (BlockState.UNKNOWN, (B,))
    for _ in range(2):
        work(desk)
    assert (row(A).state, desk.vendor.entries(ON_SECOND)) == (BlockState.ACTIVE, (B, A))


def test_what_found_room_on_one_of_two_lists_only_keeps_nobody_waiting(desk: Desk) -> None:
    desk.block("198.51.100.9", only_sites=[FIRST])
    desk.vendor.edit_by_hand(ON_SECOND, add=[FOREIGN, "203.0.113.78", "203.0.113.79"])
    desk.vendor.capacity = 3
    begin(desk, A, FIRST, SECOND)
    work(desk)
    assert (row(A).state, desk.vendor.entries(ON_FIRST)) == (BlockState.APPROVED, ("198.51.100.9",))
    begin(desk, B, FIRST)
    apply_blocks(open_vendor=desk.open, worker="one", clock=desk.clock)
    assert row(B).state == BlockState.ACTIVE


@pytest.mark.parametrize("state", [BlockState.APPROVED, BlockState.UNKNOWN, BlockState.APPLYING])
def test_what_is_only_for_a_site_that_the_account_has_lost_ends_whatever_its_state(
    desk: Desk, state: BlockState
) -> None:
    desk.block(A, B, only_sites=[FIRST])
    written = {} if state == BlockState.APPROVED else {"written_at": desk.clock(), "ours_on": [FIRST]}
    Block.objects.filter(address=A).update(state=state, next_try_at=desk.clock(), written_at=None)
    Block.objects.filter(address=A).update(**written)
    if state == BlockState.APPROVED:
        desk.vendor.edit_by_hand(ON_FIRST, remove=[A])
        Block.objects.filter(address=A).update(ours_on=[], active_at=None)
    desk.clock.pass_time(minutes=6)
    ListCheck.objects.update_or_create(
        contract=desk.people.a, defaults={"gone_sites": [FIRST], "next_at": desk.clock()}
    )
    desk.work()
    expected = BlockState.FAILED if state == BlockState.APPROVED else BlockState.RESTORED
    assert (row(A).state, desk.vendor.entries(ON_FIRST)) == (expected, (B,)), "it could come back to life with the site"
    assert "アカウントにありません" in row(A).last_error + row(A).restore_reason


@pytest.mark.parametrize("state", [BlockState.FAILED, BlockState.PROPOSED])
def test_a_no_to_what_may_stand_on_one_of_its_lists_takes_it_off_there(desk: Desk, state: BlockState) -> None:
    desk.block(A, B, only_sites=list(SITES))
    desk.vendor.edit_by_hand(ON_SECOND, remove=[A])
    Block.objects.filter(address=A).update(state=state, active_at=None, written_at=None, ours_on=[FIRST])
    for _ in range(2):
        actions.refuse(row(A), by=desk.people.dana, now=desk.clock())
    assert row(A).state == BlockState.RESTORING
    desk.work()
    assert (row(A).state, desk.vendor.entries(ON_FIRST), row(A).restore_reason) == (
        BlockState.RESTORED,
        (B,),
        "アナリストが登録不要と判断しました。",
    )
    assert AuditEntry.objects.filter(action="block.refuse.restore", target=f"block:{row(A).pk}").count() == 1


def test_a_no_to_what_was_never_written_asks_the_vendor_nothing(desk: Desk) -> None:
    begin(desk, A)
    Block.objects.filter(address=A).update(state=BlockState.FAILED)
    actions.refuse(row(A), by=desk.people.dana, now=desk.clock())
    assert row(A).state == BlockState.REFUSED


def test_a_no_to_what_somebody_else_takes_off_is_said_to_come_too_late(desk: Desk) -> None:
    desk.block(A)
    actions.request_restore(row(A), by=desk.people.alice, reason="", now=desk.clock())
    with pytest.raises(actions.NotPossible, match="却下できません"):
        actions.refuse(row(A), by=desk.people.dana, now=desk.clock())
