"""The vendor's list compared with our rows: what people did there is seen, told once, and undone by nobody unasked."""

from datetime import timedelta
from typing import Any

import pytest

from sakimori.blacklist import actions
from sakimori.blacklist.duties import apply_blocks, compare_lists
from sakimori.blacklist.missing import accept_removal, compare_now, enter_limit, put_all_back, put_back
from sakimori.blacklist.models import AskFirst, Block, BlockState, RestoreChannel
from sakimori.blacklist.returned import came_back
from sakimori.customers import audit
from sakimori.customers.models import AuditEntry, Contract, Site, VendorAccount
from sakimori.notify.actions import acknowledge
from sakimori.notify.models import Alarm
from sakimori.waf.interface import WafSite
from sakimori.waf.memory import MemoryFault
from tests.blacklist.desk import Desk
from tests.moments import START
from tests.people import make_block, make_people

pytestmark = pytest.mark.django_db

A, B, C = "198.51.100.1", "198.51.100.2", "198.51.100.3"


@pytest.fixture
def desk() -> Desk:
    return Desk(make_people())


def row(address: str) -> Block:
    return Block.objects.get(address=address)


def test_a_list_that_is_as_it_should_be_is_counted_and_raises_nothing(desk: Desk) -> None:
    desk.vendor.edit_by_hand(desk.policy, add=["203.0.113.0/24", "203.0.114.1-203.0.114.9"])
    desk.block(A, B)
    assert desk.compare() == 1
    check = desk.check()
    assert (check.state, check.ours, check.foreign, check.entries) == ("ready", 2, 2, 4)
    assert check.foreign_entries == ["203.0.113.0/24", "203.0.114.1-203.0.114.9"]
    assert not Alarm.objects.exists()


def test_a_contract_of_which_nothing_was_written_costs_no_call(desk: Desk) -> None:
    make_block(desk.people.b, A, state=BlockState.PROPOSED)
    assert desk.compare() == 0
    assert desk.vendors[desk.people.b.pk].reads == 0


def test_it_is_looked_at_every_few_minutes_with_one_read(desk: Desk) -> None:
    desk.block(A)
    reads = desk.vendor.reads
    for _ in range(10):
        compare_lists(open_vendor=desk.open, worker="one", clock=desk.clock)
    assert desk.vendor.reads == reads + 1
    desk.clock.pass_time(minutes=5)
    compare_lists(open_vendor=desk.open, worker="one", clock=desk.clock)
    assert desk.vendor.reads == reads + 2


def test_while_somebody_writes_nobody_compares(desk: Desk) -> None:
    desk.block(A)
    VendorAccount.objects.update(claimed_by="another", claimed_until=desk.clock() + timedelta(minutes=1))
    assert desk.compare() == 0


def test_what_was_removed_by_hand_is_marked_and_told_and_not_put_back(desk: Desk) -> None:
    desk.block(A, B)
    desk.vendor.edit_by_hand(desk.policy, remove=[A])
    since = desk.clock()
    desk.compare()
    assert (row(A).state, row(A).missing_since, row(B).missing_since) == (BlockState.ACTIVE, since, None)
    assert f"登録済みの {A} が WAF の管理画面で削除されています" in desk.alarm()
    for _ in range(3):
        desk.work()
        desk.compare()
    assert desk.vendor.entries(desk.policy) == (B,)
    assert row(A).missing_since == since
    assert AuditEntry.objects.filter(action="block.missing").count() == 1
    assert Alarm.objects.get().count == 1


def test_what_came_back_by_itself_is_no_longer_marked_and_the_alarm_says_so(desk: Desk) -> None:
    desk.block(A)
    desk.vendor.edit_by_hand(desk.policy, remove=[A])
    desk.compare()
    desk.vendor.edit_by_hand(desk.policy, add=[A])
    desk.compare()
    assert row(A).missing_since is None
    assert "差異は解消しました" in desk.alarm()
    assert AuditEntry.objects.filter(action="block.found_again").count() == 1


def test_an_acknowledged_alarm_is_raised_again_only_by_news(desk: Desk) -> None:
    desk.block(A, B)
    desk.vendor.edit_by_hand(desk.policy, remove=[A])
    desk.compare()
    acknowledge(Alarm.objects.get(), by=desk.people.dana, now=desk.clock())
    desk.compare()
    assert Alarm.objects.count() == 1
    desk.vendor.edit_by_hand(desk.policy, remove=[B])
    desk.compare()
    assert f"{A} ほか 1 件" in desk.alarm()


def test_an_analyst_puts_it_back(desk: Desk) -> None:
    desk.block(A)
    desk.vendor.edit_by_hand(desk.policy, remove=[A])
    desk.compare()
    for _ in range(2):
        put_back(row(A), by=desk.people.dana, now=desk.clock())
    assert (row(A).state, row(A).missing_since) == (BlockState.APPROVED, None)
    desk.work()
    desk.work()
    assert row(A).state == BlockState.ACTIVE
    assert desk.vendor.entries(desk.policy) == (A,)
    assert list(AuditEntry.objects.filter(action="block.put_back").values_list("actor", flat=True)) == ["dana"]


def test_an_analyst_leaves_it_off(desk: Desk) -> None:
    desk.block(A)
    desk.vendor.edit_by_hand(desk.policy, remove=[A])
    desk.compare()
    written = len(desk.vendor.writes)
    for _ in range(2):
        accept_removal(row(A), by=desk.people.dana, now=desk.clock())
    desk.work()
    block = row(A)
    assert (block.state, block.restore_channel, block.restore_asked_by) == (
        BlockState.RESTORED,
        RestoreChannel.DESK,
        desk.people.dana,
    )
    assert block.missing_since is None
    assert len(desk.vendor.writes) == written
    assert AskFirst.objects.get().address == A


def test_nothing_is_put_back_for_a_contract_that_has_ended(desk: Desk) -> None:
    desk.block(A)
    Block.objects.update(missing_since=desk.clock())
    Contract.objects.update(ends_on=START.date())
    with pytest.raises(actions.NotPossible):
        put_back(row(A), by=desk.people.dana, now=desk.clock())
    assert row(A).state == BlockState.ACTIVE


def test_what_is_not_missing_cannot_be_decided_on(desk: Desk) -> None:
    desk.block(A)
    put_back(row(A), by=desk.people.dana, now=desk.clock())
    accept_removal(row(A), by=desk.people.dana, now=desk.clock())
    assert row(A).state == BlockState.ACTIVE


def test_an_address_that_we_took_off_and_that_is_on_again_is_told_and_left(desk: Desk) -> None:
    desk.block(A, B)
    actions.request_restore(row(A), by=desk.people.dana, reason="", now=desk.clock())
    desk.work()
    desk.vendor.edit_by_hand(desk.policy, add=[A])
    desk.compare()
    assert desk.check().back == [A]
    assert f"解除した {A} が" in desk.alarm()
    assert A in desk.vendor.entries(desk.policy)


def test_a_write_of_the_last_minute_is_not_judged(desk: Desk) -> None:
    make_block(desk.people.a, A, state=BlockState.APPROVED, next_try_at=desk.clock())
    apply_blocks(open_vendor=desk.open, worker="one", clock=desk.clock)
    desk.vendor.edit_by_hand(desk.policy, remove=[A])
    compare_lists(open_vendor=desk.open, worker="one", clock=desk.clock)
    assert row(A).missing_since is None
    desk.clock.pass_time(minutes=6)
    desk.compare()
    assert row(A).missing_since is not None


def test_a_policy_deleted_by_hand_is_one_clear_sentence_and_all_are_put_back_at_a_word(desk: Desk) -> None:
    desk.block(A, B)
    desk.vendor.delete_policy(desk.policy)
    desk.compare()
    assert "専用ポリシーが削除されています。登録済みの 2 件が遮断されていません" in desk.alarm()
    assert desk.check().state == "missing"
    assert desk.vendor.entries(desk.policy) == ()
    missing = Block.objects.exclude(missing_since=None)
    assert put_all_back(missing, by=desk.people.dana, now=desk.clock()) == 2
    desk.work()
    desk.compare()
    assert desk.vendor.entries(desk.policy) == (A, B)
    assert desk.check().state == "ready"


def test_a_policy_that_is_switched_off_is_told_and_not_switched_on(desk: Desk) -> None:
    desk.block(A)
    desk.vendor.switch_policy(desk.policy, enabled=False)
    desk.compare()
    assert "専用ポリシーが無効にされています" in desk.alarm()
    assert desk.check().state == "disabled"
    assert row(A).missing_since is None


def test_a_policy_taken_off_a_site_is_put_on_it_again_and_recorded(desk: Desk) -> None:
    desk.block(A)
    site = desk.people.a.sites.get().vendor_site_id
    desk.vendor.take_off(desk.policy, site)
    desk.compare()
    last = desk.vendor.writes[-1]
    assert (last.added, last.removed, last.applied_to) == (frozenset(), frozenset(), frozenset({site}))
    assert AuditEntry.objects.filter(action="list.cover").count() == 1
    assert not Alarm.objects.exists()


def test_a_new_site_of_the_customer_is_put_on_our_policy(desk: Desk) -> None:
    desk.block(A)
    Site.objects.create(contract=desk.people.a, domain="new.example.jp", vendor_site_id=777)
    desk.vendor.put_site(WafSite(777, "new.example.jp", bypassed=False))
    desk.compare()
    assert desk.vendor.writes[-1].applied_to == {777}


def test_a_site_moved_to_another_account_is_one_clear_sentence_and_the_others_go_on(desk: Desk) -> None:
    Site.objects.create(contract=desk.people.a, domain="moved.example.jp", vendor_site_id=777)
    desk.vendor.put_site(WafSite(777, "moved.example.jp", bypassed=False))
    desk.block(A)
    desk.vendor.lose_site(777)
    desk.compare()
    assert "サイト moved.example.jp が WAF のアカウントに見つかりません" in desk.alarm()
    assert desk.check().gone_sites == [777]
    desk.block(B)
    desk.work()
    assert row(B).state == BlockState.ACTIVE
    desk.vendor.lost_sites.clear()
    desk.compare()
    assert desk.check().gone_sites == []
    assert desk.vendor.writes[-1].applied_to == {777}


def test_a_site_that_is_gone_before_anything_was_compared_holds_up_its_contract_only_until_somebody_looks(
    desk: Desk,
) -> None:
    Site.objects.create(contract=desk.people.a, domain="moved.example.jp", vendor_site_id=777)
    desk.vendor.lose_site(777)
    desk.block(A)
    desk.compare()
    assert desk.check().gone_sites == [777]
    desk.work()
    desk.work()
    assert row(A).state == BlockState.ACTIVE


def test_a_revoked_key_is_one_clear_sentence_and_concerns_nobody_else(desk: Desk) -> None:
    desk.block(A)
    desk.block(B, contract=desk.people.b)
    desk.vendor.fail(MemoryFault.UNAUTHORISED, times=None)
    assert desk.compare() == 1
    assert desk.alarm() == "株式会社さくら商店（契約 K-A-001）：API キーが無効、または権限がありません。"
    assert desk.check(desk.people.b).ours == 1
    desk.vendor.heal()
    desk.compare()
    assert "接続できるようになりました" in desk.alarm()
    assert desk.check().failures == 0


def test_a_vendor_that_cannot_be_reached_is_told_after_some_tries(desk: Desk) -> None:
    desk.block(A)
    desk.vendor.fail(MemoryFault.UNAVAILABLE, times=None)
    desk.compare()
    assert not Alarm.objects.exists()
    desk.compare()
    desk.compare()
    assert "接続できません" in desk.alarm()
    assert desk.check().last_error.startswith("WafUnavailable")


def test_the_limit_of_a_list_is_entered_and_recorded_once(desk: Desk) -> None:
    for _ in range(2):
        enter_limit(desk.people.a, 500, by=desk.people.dana, now=desk.clock())
    assert desk.check().limit == 500
    assert AuditEntry.objects.filter(action="list.limit").count() == 1
    assert audit.first_broken(AuditEntry.objects.all()) is None


def test_it_is_compared_at_once_when_an_analyst_wants_it(desk: Desk) -> None:
    desk.block(A)
    compare_lists(open_vendor=desk.open, worker="one", clock=desk.clock)
    compare_now(desk.people.a, by=desk.people.dana, now=desk.clock())
    assert compare_lists(open_vendor=desk.open, worker="one", clock=desk.clock) == 1


def test_after_the_end_of_a_contract_nothing_is_compared(desk: Desk) -> None:
    desk.block(A)
    Contract.objects.filter(pk=desk.people.a.pk).update(ends_on=START.date())
    assert desk.compare() == 0


def test_an_entry_by_hand_that_holds_what_was_taken_off_is_told_however_it_is_written(desk: Desk) -> None:
    desk.block(A, "198.51.100.40", "203.0.113.0/28")
    for address in (A, "203.0.113.0/28"):
        actions.request_restore(row(address), by=desk.people.dana, reason="", now=desk.clock())
    desk.work()
    desk.vendor.edit_by_hand(desk.policy, add=["198.51.100.0/27", "203.0.113.5", "192.0.2.128/25", "203.0.113.77"])
    desk.clock.pass_time(minutes=20)
    desk.compare()
    assert desk.check().back == ["198.51.100.0/27", "203.0.113.5"]


def test_a_comparison_asks_nothing_about_all_that_ever_came_off(desk: Desk, django_assert_max_num_queries: Any) -> None:
    now = desk.clock()
    Block.objects.bulk_create(
        Block(
            contract=desk.people.a,
            address=f"2001:db8:7:{number:x}::1",
            state=BlockState.RESTORED,
            reason="attack_blocked",
            proposed_at=now,
            next_try_at=now,
        )
        for number in range(600)
    )
    with django_assert_max_num_queries(4) as asked:
        assert came_back(desk.people.a, {"2001:db8:7:5::1", "203.0.113.77"}) == {"2001:db8:7:5::1"}
    assert all("IN (" in query["sql"] or "LIKE" in query["sql"] for query in asked.captured_queries)
