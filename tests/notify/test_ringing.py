"""The call tree: one after the other on the result, written down before, until a person is reached."""

from datetime import timedelta

import pytest

from sakimori.accounts.models import SocRole
from sakimori.customers.models import AuditEntry, Contact, Contract
from sakimori.lib.jst import day_of
from sakimori.notify.by_hand import stop_round
from sakimori.notify.calling import Callee, begin_round
from sakimori.notify.duties import ring_due
from sakimori.notify.interface import PhoneRefused, PhoneState, PhoneUnavailable
from sakimori.notify.memory import MemoryPhone
from sakimori.notify.models import Alarm, Call, CallRound, CallState, RoundState, Severity
from sakimori.notify.ringing import Voice
from tests.notify.tree import NAMES, ONE, THREE, TWO, MortalPhone, Tree, add_contact
from tests.people import make_contract, make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def desk() -> Tree:
    contract = make_contract("株式会社さくら商店", "A")
    for priority, number in enumerate((ONE, TWO, THREE), start=1):
        add_contact(contract, number, priority)
    return Tree(contract)


def test_the_first_contact_is_called_and_hears_who_calls_for_whom_and_why(desk: Tree) -> None:
    desk.begin()
    desk.ring()
    [call] = desk.phone.placed
    assert (call.to, call.caller, call.reference) == (ONE, "03-0000-0000", Call.objects.get(place=1).reference)
    said = call.say
    assert said.startswith("こちらは、保護サービスの SOC です。")
    assert said.index("一郎 様") < said.index("サイト停止です。") < said.index("内容を確認された方は 1 を")


def test_pressing_the_key_ends_the_round_and_nobody_else_is_called(desk: Tree) -> None:
    round_ = desk.begin()
    desk.ring()
    desk.press(PhoneState.ANSWERED)
    assert CallRound.objects.get().state == RoundState.RUNNING
    desk.press(PhoneState.CONFIRMED)
    desk.ring(seconds=60)
    round_.refresh_from_db()
    assert (round_.state, round_.ended_at is not None) == (RoundState.REACHED, True)
    assert desk.states() == [CallState.CONFIRMED, CallState.PLANNED, CallState.PLANNED]
    assert desk.dialled() == [ONE]
    assert not Alarm.objects.exists()


@pytest.mark.parametrize(
    ("result", "written"),
    [
        (PhoneState.BUSY, CallState.BUSY),
        (PhoneState.NO_ANSWER, CallState.NO_ANSWER),
        (PhoneState.MACHINE, CallState.MACHINE),
        (PhoneState.DECLINED, CallState.DECLINED),
        (PhoneState.FAILED, CallState.FAILED),
    ],
)
def test_the_next_person_is_called_on_the_result(desk: Tree, result: PhoneState, written: CallState) -> None:
    desk.begin()
    desk.ring(seconds=10)
    assert desk.dialled() == [ONE], "not on a timer"
    desk.press(result)
    assert desk.dialled() == [ONE, TWO]
    assert desk.phone.ringing == [TWO]
    assert desk.states() == [written, CallState.RINGING, CallState.PLANNED]


def test_lifting_the_receiver_without_a_key_is_not_reached(desk: Tree) -> None:
    desk.begin()
    desk.ring()
    desk.press(PhoneState.ANSWERED)
    desk.phone.hang_up(desk.phone.placed[0].reference)
    desk.ring()
    assert desk.states() == [CallState.UNCONFIRMED, CallState.RINGING, CallState.PLANNED]


def test_a_phone_that_rings_too_long_is_hung_up_before_the_next_is_dialled(desk: Tree) -> None:
    desk.begin()
    desk.ring(seconds=45)
    assert desk.phone.ringing == [ONE]
    desk.ring(seconds=2)
    assert desk.phone.ringing == [TWO]
    assert desk.states()[0] == CallState.NO_ANSWER


def test_somebody_who_answers_and_never_presses_a_key_does_not_hold_up_the_others(desk: Tree) -> None:
    desk.begin()
    desk.ring()
    desk.press(PhoneState.ANSWERED)
    desk.ring(seconds=100)
    assert desk.dialled() == [ONE], "he hears it, perhaps twice"
    desk.ring(seconds=130)
    assert desk.states()[0] == CallState.UNCONFIRMED
    assert desk.phone.ringing == [TWO]


def test_when_everybody_was_tried_the_soc_has_an_alarm(desk: Tree) -> None:
    desk.phone.habits = dict.fromkeys(NAMES, PhoneState.BUSY)
    round_ = desk.begin()
    desk.ring(seconds=3)
    assert desk.dialled() == [ONE, TWO, THREE]
    desk.ring(seconds=290)
    assert desk.dialled() == [ONE, TWO, THREE], "a pause of five minutes"
    assert not Alarm.objects.exists()
    desk.ring(seconds=330)
    assert desk.dialled() == [ONE, TWO, THREE] * 3
    round_.refresh_from_db()
    assert round_.state == RoundState.EXHAUSTED
    alarm = Alarm.objects.get()
    assert alarm.due_at is not None
    assert alarm.due_at <= desk.clock(), "its lead is phoned at once"
    assert (alarm.severity, alarm.link) == (Severity.HIGH, f"/console/calls/{round_.pk}/")
    assert alarm.sentence == "株式会社さくら商店のどなたにも電話で連絡がつきませんでした。（サイト停止）"


def test_a_number_that_cannot_be_dialled_says_why_and_the_next_is_called(desk: Tree) -> None:
    Contact.objects.filter(phone=ONE).update(phone="内線 12")
    desk.begin()
    desk.ring()
    first = Call.objects.get(place=1)
    assert (first.state, first.last_error) == (
        CallState.FAILED,
        "電話番号には数字、ハイフン、先頭の + のみ使えます。",
    )
    assert desk.dialled() == [TWO]


def test_the_intent_is_written_down_and_recorded_before_the_phone_rings(desk: Tree) -> None:
    seen: list[tuple[str, int]] = []

    class Watching(MortalPhone):
        def check(self) -> None:
            recorded = AuditEntry.objects.filter(action="call.intended").count()
            seen.append((Call.objects.get(place=1).state, recorded))
            super().check()

    desk.phone = Watching()
    desk.begin()
    desk.ring()
    assert seen[0] == (CallState.INTENDED, 1)


def test_a_lost_answer_is_looked_up_and_the_phone_does_not_ring_twice(desk: Tree) -> None:
    desk.phone.lose_answer = True
    desk.begin()
    desk.ring()
    assert desk.states()[0] == CallState.INTENDED
    desk.ring(seconds=10)
    assert desk.dialled() == [ONE]
    assert desk.states()[0] == CallState.RINGING


def test_a_kill_before_dialling_dials_once_and_a_kill_after_it_does_not_dial_again(desk: Tree) -> None:
    desk.phone.deaths.extend(["before", "after"])
    desk.begin()
    for _ in range(2):
        with pytest.raises(KeyboardInterrupt):
            desk.ring(seconds=10)
        desk.clock.pass_time(seconds=31)
    desk.ring(seconds=10, worker="two")
    assert desk.dialled() == [ONE]
    assert desk.states()[0] == CallState.RINGING


def test_a_call_that_the_provider_has_lost_does_not_hold_up_the_round(desk: Tree) -> None:
    desk.begin()
    desk.ring()
    desk.phone._states.clear()
    desk.ring(seconds=2)
    assert desk.states()[0] == CallState.FAILED
    assert desk.dialled() == [ONE, TWO]


def test_a_provider_that_is_away_for_a_moment_costs_only_time(desk: Tree) -> None:
    desk.phone.failures.extend(PhoneUnavailable("no connection") for _ in range(4))
    desk.begin()
    desk.ring(seconds=40)
    assert desk.phone.ringing == [ONE]
    assert CallRound.objects.get().unreachable_since is None
    assert not Alarm.objects.exists()


def test_a_provider_that_stays_away_is_an_alarm_and_an_operator_dials(desk: Tree) -> None:
    desk.phone.failures.extend(PhoneUnavailable("no connection") for _ in range(100))
    round_ = desk.begin()
    desk.ring(seconds=55)
    assert not CallRound.objects.get().by_hand
    desk.ring(seconds=20)
    assert CallRound.objects.get().by_hand
    assert desk.dialled() == []
    alarm = Alarm.objects.get()
    assert (alarm.key, alarm.link) == ("phone-unavailable", f"/console/calls/{round_.pk}/")
    desk.phone.failures.clear()
    assert desk.ring(seconds=20) == 0, "the round is the operator's now"


def test_a_refusal_by_the_provider_is_a_result(desk: Tree) -> None:
    desk.phone.failures.append(PhoneRefused("発信サービスが受け付けませんでした。"))
    desk.begin()
    desk.ring()
    assert desk.dialled() == [TWO]


def test_nobody_of_a_cancelled_contract_is_called(desk: Tree) -> None:
    Contract.objects.update(ends_on=day_of(desk.clock()))
    desk.begin()
    desk.ring(seconds=5)
    assert desk.dialled() == []
    assert CallRound.objects.get().state == RoundState.STOPPED


def test_a_round_that_is_stopped_hangs_up_and_calls_nobody_else(desk: Tree) -> None:
    dana = make_user("dana", "高橋", "棚子", soc_role=SocRole.ANALYST)
    round_ = desk.begin()
    desk.ring()
    stop_round(round_, by=dana, reason="メールで連絡がついたため", now=desk.clock())
    desk.ring(seconds=60)
    round_.refresh_from_db()
    assert (round_.state, round_.stopped_by, round_.stop_reason) == (
        RoundState.STOPPED,
        dana,
        "メールで連絡がついたため",
    )
    assert desk.phone.ringing == []
    assert desk.dialled() == [ONE]
    assert desk.states()[0] == CallState.NO_ANSWER
    assert not Alarm.objects.exists()


def test_two_rounds_never_ring_one_number_at_the_same_time(desk: Tree) -> None:
    desk.begin("incident:1")
    other = begin_round(
        key="x",
        customer=None,
        people=[Callee("当番", "0300001001")],
        subject="アラーム",
        say="アラームがあります。",
        link="",
        now=desk.clock(),
    )
    assert other.state == RoundState.RUNNING
    desk.ring(seconds=10)
    assert desk.dialled() == [ONE]
    desk.press(PhoneState.CONFIRMED)
    desk.ring(seconds=3)
    assert desk.dialled() == [ONE, "0300001001"]
    assert desk.phone.ringing == ["0300001001"]


def test_a_worker_leaves_the_round_of_another_alone(desk: Tree) -> None:
    desk.begin()
    inner: list[int] = []

    class Busy(MortalPhone):
        def call(self, call):  # type: ignore[no-untyped-def]
            voice = Voice(MemoryPhone(), "1", "x", timedelta(seconds=45))
            inner.append(ring_due(voice=voice, worker="two", clock=desk.clock))
            return super().call(call)

    desk.phone = Busy()
    desk.ring()
    assert (inner, desk.dialled()) == ([0], [ONE])
