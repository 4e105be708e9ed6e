"""How long questions wait: one alarm for all that wait too long, once per wait, and its end when all are decided."""

from datetime import datetime, timedelta

import pytest

from sakimori.accounts.models import SocRole
from sakimori.blacklist import actions
from sakimori.blacklist.models import Block, BlockState
from sakimori.blacklist.waiting import wait_of, watch_questions
from sakimori.notify.actions import acknowledge
from sakimori.notify.duties import pass_on_alarms
from sakimori.notify.models import Alarm, CallRound, Delivery, DutyShift, Severity
from tests.moments import START
from tests.people import People, make_block, make_finding, make_people, make_user

pytestmark = pytest.mark.django_db
LIMIT = timedelta(minutes=15)


@pytest.fixture
def people() -> People:
    return make_people()


def after(minutes: float) -> datetime:
    return START + timedelta(minutes=minutes)


def ask(people: People, address: str, *, minute: float) -> Block:
    return make_block(people.a, address, state=BlockState.PROPOSED, proposed_at=after(minute))


def watch(minute: float) -> None:
    watch_questions(limit=LIMIT, now=after(minute))


def test_the_clock_of_a_question_runs_out() -> None:
    early, late = (wait_of(START, limit=LIMIT, now=after(minute)) for minute in (14, 15))
    assert (early.lasts, early.left, early.is_over) == (timedelta(minutes=14), timedelta(minutes=1), False)
    assert late.is_over


def test_within_the_time_nobody_is_alarmed(people: People) -> None:
    ask(people, "203.0.113.1", minute=0)
    watch(14.9)
    assert not Alarm.objects.exists()


def test_all_that_wait_too_long_are_one_alarm_with_their_number(people: People) -> None:
    ask(people, "203.0.113.1", minute=0)
    ask(people, "203.0.113.2", minute=1)
    ask(people, "203.0.113.3", minute=10)
    make_finding(people.a, "", kind="other", found_at=after(0))
    make_block(people.a, "203.0.113.4", state=BlockState.FAILED, proposed_at=after(0))
    watch(17)
    alarm = Alarm.objects.get()
    assert (alarm.severity, alarm.count, alarm.due_at is None) == (Severity.HIGH, 1, False)
    assert "判断待ち 3 件が 15 分を過ぎています（最長 17 分）" in alarm.sentence


def test_the_same_wait_is_told_once_also_when_somebody_has_taken_the_alarm(people: People) -> None:
    ask(people, "203.0.113.1", minute=0)
    for minute in (15, 16, 20):
        watch(minute)
    assert Alarm.objects.get().count == 1
    acknowledge(Alarm.objects.get(), by=people.dana, now=after(21))
    watch(60)
    assert Alarm.objects.count() == 1
    ask(people, "203.0.113.2", minute=50)
    watch(65)
    newest = Alarm.objects.latest("pk")
    assert newest.acknowledged_at is None
    assert "2 件" in newest.sentence


def test_a_further_wait_counts_the_open_alarm_up(people: People) -> None:
    ask(people, "203.0.113.1", minute=0)
    ask(people, "203.0.113.2", minute=2)
    watch(15)
    watch(17)
    watch(18)
    alarm = Alarm.objects.get()
    assert alarm.count == 2
    assert "2 件" in alarm.sentence


def test_the_alarm_says_that_nothing_waits_any_more_and_begins_anew_with_the_next_wait(people: People) -> None:
    block = ask(people, "203.0.113.1", minute=0)
    watch(15)
    Block.objects.filter(pk=block.pk).update(state=BlockState.REFUSED)  # By nobody: a forbidden network was entered.
    watch(16)
    watch(17)
    alarm = Alarm.objects.get()
    assert (alarm.sentence, alarm.acknowledged_at) == ("期限を過ぎた判断待ちはなくなりました。", None)
    ask(people, "203.0.113.2", minute=5)
    watch(20)
    alarm.refresh_from_db()
    assert "1 件" in alarm.sentence
    assert alarm.due_at is not None


def test_whoever_decides_the_last_overdue_question_has_taken_the_alarm(people: People) -> None:
    first, second = (ask(people, f"203.0.113.{number}", minute=0) for number in (1, 2))
    finding = make_finding(people.a, "", kind="other", found_at=after(0))
    watch(16)
    ask(people, "203.0.113.3", minute=16.5)  # Of this one the alarm has told nothing; its time comes.
    analyst = people.dana
    actions.approve(first, by=analyst, now=after(17))
    actions.refuse(second, by=analyst, now=after(18))
    assert Alarm.objects.get().acknowledged_at is None, "the finding waits still"
    actions.dismiss(finding, by=analyst, now=after(19))
    alarm = Alarm.objects.get()
    assert (alarm.acknowledged_at, alarm.acknowledged_by) == (after(19), analyst)
    watch(32)
    assert Alarm.objects.filter(acknowledged_at=None).count() == 1


def test_the_manager_of_the_shift_is_mailed_at_once_and_phoned_last(people: People) -> None:
    """The SOC's lead learns of it in the way of every alarm."""
    boss = make_user("boss", "高橋", "誠", soc_role=SocRole.MANAGER)
    for person, number in ((people.dana, "03-0000-0101"), (boss, "03-0000-0103")):
        person.email, person.phone = f"{person.username}@soc.example.jp", number
        person.save()
    DutyShift.objects.create(starts_at=after(-60), ends_at=after(600), on_duty=people.dana, manager=boss)
    ask(people, "203.0.113.1", minute=0)
    watch(15)
    assert Alarm.objects.get().sentence.endswith("SOC 責任者 高橋 誠 さんにもお知らせしています。")
    pass_on_alarms(now=after(15))
    assert set(Delivery.objects.values_list("address", flat=True)) == {"dana@soc.example.jp", "boss@soc.example.jp"}
    pass_on_alarms(now=after(60))
    assert [call.user for call in CallRound.objects.get().calls.order_by("place")] == [people.dana, boss]


@pytest.mark.parametrize("on_roster", [True, False])
def test_nobody_is_named_as_the_lead_who_is_not_there(people: People, on_roster: bool) -> None:
    gone = make_user("boss", "高橋", "誠", soc_role=SocRole.MANAGER)
    gone.is_active = False
    gone.save()
    if on_roster:
        DutyShift.objects.create(starts_at=after(-60), ends_at=after(600), on_duty=people.dana, manager=gone)
    ask(people, "203.0.113.1", minute=0)
    watch(15)
    assert Alarm.objects.get().sentence.endswith("承認または却下してください。")
