"""Entering, moving, withdrawing and approving the end of a contract: who may, when, and what is refused."""

from datetime import date, timedelta

import pytest

from sakimori.accounts.models import SocRole
from sakimori.closing import actions
from sakimori.closing.duties import watch_approvals
from sakimori.closing.models import Closing
from sakimori.closing.queries import Standing, contracts, preview, standing_of
from sakimori.customers import audit
from sakimori.customers.models import AuditEntry, Contract
from sakimori.lib.jst import start_of_day
from sakimori.notify.actions import acknowledge
from sakimori.notify.models import Alarm, Severity
from tests.closing.conftest import AFTER, DELETES_ON, ENDS_ON, World
from tests.people import NOW, make_user

TODAY = date(2026, 11, 23)


def contract(world: World) -> Contract:
    return contracts().get(pk=world.people.a.pk)


def enter(world: World, day: date, *, now: object = NOW) -> None:
    actions.enter(world.people.a, ends_on=day, by=world.people.dana, now=now)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("day", "deletes_on"),
    [(TODAY, date(2026, 12, 31)), (date(2026, 12, 1), date(2027, 1, 31)), (date(2027, 1, 31), date(2027, 2, 28))],
)
def test_a_day_from_today_on_is_taken(world: World, day: date, deletes_on: date) -> None:
    enter(world, day)
    row = contract(world)
    assert (row.ends_on, row.deletes_on) == (day, deletes_on)
    assert (row.closing.entered_by, row.closing.entered_at) == (world.people.dana, NOW)


def test_a_day_in_the_past_is_refused_and_nothing_changed(world: World) -> None:
    with pytest.raises(actions.NotPossible, match=r"過去の日付は解約日にできません。本日（2026年11月23日（月））以降"):
        enter(world, TODAY - timedelta(days=1))
    assert contract(world).ends_on is None
    assert not Closing.objects.exists()
    assert not AuditEntry.objects.exists()


def test_today_is_japans(world: World) -> None:
    """Shortly after midnight in Japan it is still yesterday in UTC."""
    with pytest.raises(actions.NotPossible):
        enter(world, TODAY, now=start_of_day(TODAY + timedelta(days=1)))


def test_a_day_that_nobody_entered_here_can_be_confirmed_even_when_it_is_past(world: World) -> None:
    """Such as a contract that came with its day from elsewhere: without this nobody could approve its deletion."""
    Contract.objects.filter(pk=world.people.a.pk).update(ends_on=ENDS_ON)
    watch_approvals(now=AFTER)
    assert Alarm.objects.exists()
    with pytest.raises(actions.NotPossible, match="過去の日付"):
        enter(world, ENDS_ON - timedelta(days=1), now=AFTER)
    enter(world, ENDS_ON, now=AFTER)
    actions.approve(world.people.a, typed="K-A-001", by=world.manager, now=AFTER)
    assert world.delete() == 1


def test_a_day_before_the_contract_begins_is_refused(world: World) -> None:
    Contract.objects.filter(pk=world.people.a.pk).update(starts_on=TODAY + timedelta(days=30))
    with pytest.raises(actions.NotPossible, match="開始日"):
        enter(world, TODAY)


def test_moving_the_day_makes_the_approval_void(world: World) -> None:
    world.cancel()
    enter(world, ENDS_ON + timedelta(days=1))
    closing = Closing.objects.get()
    assert (closing.approved_at, closing.approved_by) == (None, None)


def test_the_same_day_again_changes_nothing(world: World) -> None:
    world.cancel()
    entries = AuditEntry.objects.count()
    enter(world, ENDS_ON, now=AFTER)
    assert Closing.objects.get().approved_by == world.manager
    assert AuditEntry.objects.count() == entries


def test_it_can_be_withdrawn_and_the_contract_runs_on(world: World) -> None:
    world.cancel()
    for _ in range(2):
        actions.withdraw(world.people.a, by=world.people.dana, now=start_of_day(DELETES_ON))
    assert contract(world).ends_on is None
    assert not Closing.objects.exists()
    world.delete()
    assert Contract.objects.filter(pk=world.people.a.pk).exists()


@pytest.mark.parametrize("began", [False, True])
def test_after_the_day_of_deletion_it_can_be_neither_moved_nor_withdrawn(world: World, began: bool) -> None:
    world.cancel()
    now = NOW if began else AFTER
    Closing.objects.update(began_at=NOW if began else None)
    with pytest.raises(actions.NotPossible, match="変更できません"):
        actions.withdraw(world.people.a, by=world.people.dana, now=now)
    with pytest.raises(actions.NotPossible, match="変更できません"):
        enter(world, date(2027, 6, 1), now=now)
    assert contract(world).ends_on == ENDS_ON


def test_only_a_manager_who_did_not_enter_it_approves(world: World) -> None:
    world.cancel(approved=False)
    with pytest.raises(actions.NotPossible, match="SOC 責任者だけ"):
        actions.approve(world.people.a, typed="K-A-001", by=world.people.dana, now=NOW)
    Closing.objects.update(entered_by=world.manager)
    with pytest.raises(actions.NotPossible, match="別の SOC 責任者"):
        actions.approve(world.people.a, typed="K-A-001", by=world.manager, now=NOW)
    other = make_user("second", "白石", "順", soc_role=SocRole.MANAGER)
    actions.approve(world.people.a, typed=" K-A-001 ", by=other, now=NOW)
    assert Closing.objects.get().approved_by == other


@pytest.mark.parametrize("typed", ["", "K-A-00", "k-a-001", "K-B-001"])
def test_the_number_must_be_typed_rightly(world: World, typed: str) -> None:
    world.cancel(approved=False)
    with pytest.raises(actions.NotPossible, match="契約番号が一致しません"):
        actions.approve(world.people.a, typed=typed, by=world.manager, now=NOW)
    assert Closing.objects.get().approved_at is None


def test_what_nobody_cancelled_cannot_be_approved(world: World) -> None:
    with pytest.raises(actions.NotPossible, match="解約日が入力されていない"):
        actions.approve(world.people.a, typed="K-A-001", by=world.manager, now=NOW)


def test_approving_twice_keeps_the_first(world: World) -> None:
    world.cancel()
    actions.approve(world.people.a, typed="x", by=world.people.dana, now=AFTER)
    assert Closing.objects.get().approved_by == world.manager


def test_every_step_is_in_the_record(world: World) -> None:
    world.cancel()
    actions.withdraw(world.people.a, by=world.people.dana, now=NOW)
    done = list(AuditEntry.objects.order_by("pk"))
    assert [entry.action for entry in done] == [
        "contract.cancel",
        "contract.delete.approve",
        "contract.cancel.withdraw",
    ]
    assert audit.first_broken(done) is None


@pytest.mark.parametrize(
    ("day", "approved", "expected"),
    [
        (ENDS_ON - timedelta(days=1), False, Standing.PLANNED),
        (ENDS_ON, False, Standing.ENDED),
        (DELETES_ON - timedelta(days=1), False, Standing.ENDED),
        (DELETES_ON, False, Standing.OVERDUE),
        (DELETES_ON, True, Standing.APPROVED),
        (DELETES_ON + timedelta(days=1), True, Standing.DELETING),
    ],
)
def test_where_a_contract_stands(world: World, day: date, approved: bool, expected: Standing) -> None:
    assert standing_of(contract(world), day) is Standing.RUNNING
    world.cancel(approved=approved)
    assert standing_of(contract(world), day) is expected


def test_the_preview_counts_what_will_go(world: World) -> None:
    world.cancel(approved=False)
    rows, outside, customer_too = preview(contract(world), places=world.places)
    assert customer_too
    assert (outside.store_rows, outside.spool_files, outside.dropped_files, outside.files) == (2, 1, 1, 1)
    assert {"お客様": 1, "契約": 1, "サイト": 1, "ログファイル": 1, "利用者（ログイン）": 2}.items() <= dict(
        rows
    ).items()


def test_what_is_due_without_an_approval_is_one_high_alarm_a_day(world: World) -> None:
    world.cancel(approved=False)
    watch_approvals(now=start_of_day(DELETES_ON) - timedelta(seconds=1))
    assert not Alarm.objects.exists()
    for minutes in (0, 1, 2):
        watch_approvals(now=start_of_day(DELETES_ON) + timedelta(minutes=minutes))
    alarm = Alarm.objects.get()
    assert (alarm.severity, alarm.count) == (Severity.HIGH, 1)
    assert "K-A-001" in alarm.sentence
    assert "2026年12月31日（木）" in alarm.sentence
    acknowledge(alarm, by=world.people.dana, now=AFTER)
    watch_approvals(now=start_of_day(DELETES_ON) + timedelta(hours=3))
    assert Alarm.objects.count() == 1
    watch_approvals(now=AFTER)
    assert Alarm.objects.count() == 2


def test_an_approved_one_is_no_alarm(world: World) -> None:
    world.cancel()
    watch_approvals(now=AFTER)
    assert not Alarm.objects.exists()
