"""When a list is nearly full, full, or says that it is: who leaves, who waits, what the SOC is told."""

from datetime import timedelta

import pytest

from sakimori.blacklist.capacity import FULL_REASON
from sakimori.blacklist.missing import enter_limit
from sakimori.blacklist.models import AskFirst, Block, BlockState, RestoreChannel
from sakimori.customers.models import AuditEntry
from sakimori.notify.models import Alarm
from tests.blacklist.desk import Desk
from tests.people import make_people

pytestmark = pytest.mark.django_db


@pytest.fixture
def desk() -> Desk:
    return Desk(make_people())


def addresses(count: int, *, first: int = 1) -> list[str]:
    return [f"198.51.100.{first + number}" for number in range(count)]


def limited(desk: Desk, limit: int) -> None:
    enter_limit(desk.people.a, limit, by=desk.people.dana, now=desk.clock())


def listed(desk: Desk) -> set[str]:
    return set(desk.vendor.entries(desk.policy))


def states() -> dict[str, str]:
    return dict(Block.objects.values_list("address", "state"))


def test_at_eighty_and_at_a_hundred_percent_the_soc_is_told_once(desk: Desk) -> None:
    limited(desk, 10)
    desk.vendor.edit_by_hand(desk.policy, add=["203.0.113.1-203.0.113.9"])
    desk.block(*addresses(6))
    assert not Alarm.objects.exists()
    desk.block("198.51.100.50")
    assert "上限の 80%（8 / 10 件）" in desk.alarm()
    desk.compare()
    assert Alarm.objects.get().count == 1
    desk.block("198.51.100.51", "198.51.100.52")
    assert "上限 10 件に達しています" in desk.alarm()
    desk.compare()
    assert Alarm.objects.get().count == 2


def test_the_longest_silent_make_room(desk: Desk) -> None:
    limited(desk, 4)
    desk.vendor.edit_by_hand(desk.policy, add=["203.0.113.9"])
    old = addresses(3)
    desk.block(*old)
    desk.clock.pass_time(hours=5)
    Block.objects.filter(address=old[0]).update(last_hit_at=desk.clock() - timedelta(hours=2))
    desk.block("198.51.100.50", "198.51.100.51")
    assert listed(desk) == {"203.0.113.9", old[0], "198.51.100.50", "198.51.100.51"}
    left = Block.objects.get(address=old[1])
    assert (left.state, left.restore_channel, left.restore_reason) == (
        BlockState.RESTORED,
        RestoreChannel.FULL,
        FULL_REASON,
    )
    assert (left.restore_asked_by, left.wanted_on_list) == (None, False)
    assert left.restored_at is not None
    assert not AskFirst.objects.exists()
    assert "長く通信のない 2 件を解除します" in desk.alarm()
    assert AuditEntry.objects.filter(action="block.restore.request").count() == 2


def test_it_goes_in_one_write(desk: Desk) -> None:
    limited(desk, 3)
    desk.block(*addresses(3))
    desk.clock.pass_time(hours=5)
    before = desk.vendor.attempts
    desk.block("198.51.100.50", "198.51.100.51")
    assert desk.vendor.attempts == before + 1


def test_who_was_put_on_or_heard_of_lately_stays_and_the_new_ones_wait(desk: Desk) -> None:
    limited(desk, 3)
    desk.block(*addresses(3))
    desk.block("198.51.100.50", "198.51.100.51")
    assert listed(desk) == set(addresses(3))
    assert states()["198.51.100.50"] == BlockState.APPROVED
    assert "満杯（上限 3 件）のため、2 件が登録を待っています" in desk.alarm()
    told = Alarm.objects.get().count
    desk.work()
    assert Alarm.objects.get().count == told
    desk.clock.pass_time(hours=2)
    desk.work()
    desk.work()
    assert {"198.51.100.50", "198.51.100.51"} <= listed(desk)


def test_a_limit_entered_too_low_makes_no_more_leave_than_come(desk: Desk) -> None:
    desk.block(*addresses(9))
    desk.clock.pass_time(hours=5)
    limited(desk, 2)
    desk.block("198.51.100.50")
    assert len(listed(desk)) == 9
    assert Block.objects.filter(restore_channel=RestoreChannel.FULL).count() == 1


def test_foreign_entries_never_make_room(desk: Desk) -> None:
    limited(desk, 2)
    desk.vendor.edit_by_hand(desk.policy, add=["203.0.113.1", "203.0.113.2"])
    desk.block(*addresses(1))
    desk.clock.pass_time(hours=5)
    desk.work()
    assert listed(desk) == {"203.0.113.1", "203.0.113.2"}


def test_a_block_that_met_a_foreign_entry_is_not_ours_to_remove(desk: Desk) -> None:
    limited(desk, 1)
    desk.vendor.edit_by_hand(desk.policy, add=addresses(1))
    desk.vendor.put_site(desk.vendor.sites()[0])
    desk.block(*addresses(1))
    desk.clock.pass_time(hours=5)
    desk.block("198.51.100.50")
    assert listed(desk) == set(addresses(1))


def test_what_an_analyst_restores_makes_room_without_anybody_leaving(desk: Desk) -> None:
    limited(desk, 2)
    desk.block(*addresses(2))
    Block.objects.filter(address=addresses(1)[0]).update(
        state=BlockState.RESTORING, wanted_on_list=False, restore_asked_at=desk.clock(), next_try_at=desk.clock()
    )
    desk.block("198.51.100.50")
    assert listed(desk) == {"198.51.100.2", "198.51.100.50"}
    assert not Block.objects.filter(restore_channel=RestoreChannel.FULL).exists()


def test_a_vendor_that_says_full_earlier_is_believed(desk: Desk) -> None:
    desk.vendor.capacity = 3
    desk.block(*addresses(3))
    desk.clock.pass_time(hours=5)
    desk.block("198.51.100.50", "198.51.100.51")
    desk.clock.pass_time(seconds=3)
    desk.work()
    assert listed(desk) == {"198.51.100.3", "198.51.100.50", "198.51.100.51"}
    assert desk.check().observed_limit == 3


def test_a_batch_that_is_too_large_fills_the_list_to_its_brim(desk: Desk) -> None:
    desk.vendor.capacity = 11
    desk.block(*addresses(30))
    assert len(listed(desk)) == 11
    assert desk.check().observed_limit == 11
    assert desk.vendor.attempts < 15
    assert set(states().values()) == {BlockState.ACTIVE, BlockState.APPROVED}


def test_one_address_that_the_vendor_does_not_take_costs_few_calls_and_holds_nobody_up(desk: Desk) -> None:
    desk.vendor.disliked = {"198.51.100.7"}
    desk.block(*addresses(64))
    assert states()["198.51.100.7"] == BlockState.FAILED
    assert len(listed(desk)) == 63
    assert desk.vendor.attempts < 20
    assert "受け付けませんでした" in desk.alarm()


def test_a_vendor_that_takes_nothing_is_not_called_for_each_address(desk: Desk) -> None:
    desk.vendor.disliked = set(addresses(100))
    desk.block(*addresses(100))
    assert desk.vendor.attempts < 40
    assert set(states().values()) == {BlockState.FAILED, BlockState.APPROVED}


def test_the_limit_of_each_list_counts_by_itself(desk: Desk) -> None:
    limited(desk, 2)
    site = desk.people.a.sites.get().vendor_site_id
    desk.block(*addresses(2))
    desk.block("198.51.100.50", only_sites=[site])
    assert states()["198.51.100.50"] == BlockState.ACTIVE
    assert set(desk.vendor.entries(f"{desk.policy} {site}")) == {"198.51.100.50"}
