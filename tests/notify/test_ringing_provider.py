"""The whole way of a round: the duty, the real client, the simulated provider, the door, and the duty again."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from django.conf import settings

from sakimori.accounts.models import SocRole
from sakimori.customers.models import Contact
from sakimori.lib.jst import utc_now
from sakimori.notify import phone_door
from sakimori.notify.actions import raise_alarm
from sakimori.notify.calling import call_contacts
from sakimori.notify.drills import begin as begin_drill
from sakimori.notify.duties import pass_on_alarms, ring_due
from sakimori.notify.exercise import SPOKEN
from sakimori.notify.forgeries import Forgeries
from sakimori.notify.models import Alarm, Call, CallRound, CallState, DutyShift, RoundState, Severity
from sakimori.notify.ringing import Voice
from sakimori.notify.rounds import end_round
from sakimori.simulators.phone_rows import PhoneAction
from tests.notify.phone_contract import Trouble
from tests.notify.provider import MATTER, SPEC, ProviderLine, with_account
from tests.people import make_contract, make_user

pytestmark = pytest.mark.django_db
NUMBERS = ("03-0000-1001", "03-0000-1002", "03-0000-1003")


class Desk:
    """A customer of three contacts; `work` lets duty and provider do what is due."""

    def __init__(self, folder: Path) -> None:
        self.line = ProviderLine(folder)
        self.ahead = timedelta(0)
        self.voice = Voice(self.line.phone, "03-0000-0000", "保護サービス", timedelta(seconds=45))

    def begin(self, say: str = MATTER) -> CallRound:
        contract = make_contract("株式会社さくら商店", "A")
        for priority, number in enumerate(NUMBERS, start=1):
            Contact.objects.create(
                customer=contract.customer,
                name=f"連絡先{priority}",
                kana="サクライ",
                email=f"{priority}@example.jp",
                phone=number,
                priority=priority,
            )
        return call_contacts(key="i", customer=contract.customer, subject="サイト停止", say=say, now=utc_now())

    def work(self, *, seconds: int = 1) -> None:
        for _ in range(seconds):
            while ring_due(voice=self.voice, worker="one", clock=lambda: utc_now() + self.ahead):
                self.line.exchange.tick()
            self.ahead += timedelta(seconds=1)

    def habits(self, *actions: str) -> None:
        for number, action in zip(NUMBERS, actions, strict=False):
            self.line.exchange.set_habit(number, action)

    def states(self) -> list[str]:
        return list(Call.objects.order_by("place").values_list("state", flat=True))


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    monkeypatch.setattr(settings, "CONFIG", with_account(settings.CONFIG, SPEC))
    monkeypatch.setattr(phone_door, "FORGERIES", Forgeries())
    made = Desk(tmp_path)
    yield made
    made.line.close()


def test_busy_a_machine_and_then_a_person_who_presses_the_keys(desk: Desk) -> None:
    desk.habits("busy", "machine", "1")
    round_ = desk.begin()
    desk.work(seconds=8)
    round_.refresh_from_db()
    assert desk.states() == [CallState.BUSY, CallState.MACHINE, CallState.CONFIRMED]
    assert round_.state == RoundState.REACHED
    assert desk.line.numbers() == list(NUMBERS)
    machine, person = (call.said for call in reversed(desk.line.exchange.rows.calls()[:2]))
    assert "表示できません" not in machine
    assert "表示できません" in person
    assert not Alarm.objects.exists()


def test_the_next_phone_rings_within_five_seconds_of_busy(desk: Desk) -> None:
    desk.begin()
    desk.work(seconds=3)
    before = desk.ahead
    desk.line.exchange.act(1, PhoneAction.BUSY)
    while len(desk.line.numbers()) < 2:
        desk.work()
    assert desk.ahead - before <= timedelta(seconds=5)


def test_the_moment_of_ringing_is_known_at_once_and_not_at_the_next_look(desk: Desk) -> None:
    desk.begin()
    ring_due(voice=desk.voice, worker="one", clock=lambda: utc_now() + desk.ahead)
    call = Call.objects.get(place=1)
    assert (call.state, call.rang_at) == (CallState.INTENDED, None), "taken, but no phone rings"
    assert CallRound.objects.get().next_try_at > utc_now()
    desk.line.exchange.tick()
    assert CallRound.objects.get().next_try_at <= utc_now()
    ring_due(voice=desk.voice, worker="one", clock=lambda: utc_now() + desk.ahead)
    call.refresh_from_db()
    assert (call.state, call.rang_at is not None) == (CallState.RINGING, True)


def test_a_country_that_is_not_allowed_is_the_operators_with_the_setting_in_the_alarm(desk: Desk) -> None:
    desk.line.exchange.rows.set_fault("geo", 1000)
    round_ = desk.begin()
    desk.work(seconds=3)
    round_.refresh_from_db()
    assert round_.by_hand
    assert "地域ごとの発信許可" in Alarm.objects.get(key="phone-refused").sentence


def test_a_provider_that_never_lets_a_phone_ring_is_given_up_within_a_minute_and_keeps_no_call(desk: Desk) -> None:
    desk.line.exchange.rows.set_fault("never-rings", 1000)
    round_ = desk.begin()
    desk.work(seconds=62)
    round_.refresh_from_db()
    assert round_.by_hand
    assert Alarm.objects.get().key == f"call-by-hand:{round_.pk}"
    assert desk.line.exchange.rows.going_on() == [], "nothing is left that might ring beside the operator"


def test_an_operator_who_takes_the_call_over_is_written_down(desk: Desk) -> None:
    round_ = desk.begin()
    desk.work(seconds=2)
    for action in (PhoneAction.CONFIRM, PhoneAction.DECLINE):
        desk.line.exchange.act(1, action)
    desk.line.exchange.act(desk.line.operator().id, PhoneAction.CONFIRM)
    desk.work(seconds=2)
    round_.refresh_from_db()
    first = Call.objects.get(place=1)
    assert (round_.state, first.state) == (RoundState.REACHED, CallState.CONFIRMED)
    assert first.spoke_with == "連絡先1（SOC 担当者に転送）"
    assert desk.line.call(first.reference).status == "in-progress", "they still talk"


def test_whom_no_operator_could_speak_with_is_declined_and_the_next_is_called(desk: Desk) -> None:
    desk.begin()
    desk.work(seconds=2)
    for action in (PhoneAction.CONFIRM, PhoneAction.DECLINE):
        desk.line.exchange.act(1, action)
    desk.line.exchange.act(desk.line.operator().id, PhoneAction.NO_ANSWER)
    desk.work(seconds=3)
    assert desk.states() == [CallState.DECLINED, CallState.RINGING, CallState.PLANNED]
    assert Alarm.objects.get().key.startswith("call-back:")


def test_a_lost_answer_never_rings_twice(desk: Desk) -> None:
    desk.line.trouble(Trouble.LOST_ANSWER)
    desk.begin()
    desk.work(seconds=20)
    assert desk.line.numbers() == [NUMBERS[0]]
    assert desk.states()[0] == CallState.RINGING


def test_a_call_that_never_rings_is_the_providers_failure_and_the_next_is_called(desk: Desk) -> None:
    desk.line.exchange.rows.set_fault("never-rings", 1)
    desk.begin()
    desk.work(seconds=50)
    assert desk.states()[:2] == [CallState.FAILED, CallState.RINGING]


def test_a_provider_that_refuses_to_work_is_an_alarm_and_an_operator_dials(desk: Desk) -> None:
    desk.line.exchange.rows.set_fault("busy", 1000)
    round_ = desk.begin()
    desk.work(seconds=70)
    round_.refresh_from_db()
    assert round_.by_hand
    assert desk.line.numbers() == []
    assert Alarm.objects.get().key == "phone-unavailable"


def test_a_number_that_the_provider_refuses_says_why(desk: Desk) -> None:
    desk.line.exchange.rows.set_fault("geo", 1)
    desk.begin()
    desk.work(seconds=2)
    first = Call.objects.get(place=1)
    assert first.state == CallState.FAILED
    assert first.last_error.endswith("許可されていません（21215）。")
    assert desk.line.numbers() == [NUMBERS[1]]


def heard(desk: Desk, *actions: PhoneAction) -> list[str]:
    """What the first contact hears, step by step, each beginning where the last has ended."""
    steps, before = [], ""
    for action in actions:
        said = desk.line.exchange.act(1, action).said
        steps.append(said.removeprefix(before).strip())
        before = said
    return steps


def test_an_exercise_says_so_before_anything_else_at_every_step(desk: Desk) -> None:
    desk.begin(f"{SPOKEN}{MATTER}")
    desk.work(seconds=2)
    steps = heard(desk, PhoneAction.ANSWER, PhoneAction.OTHER, PhoneAction.CONFIRM, PhoneAction.REPEAT)
    assert [step.partition("。")[0] for step in steps] == ["これは訓練です"] * 4
    assert [step.count("これは訓練です") for step in steps] == [1] * 4
    assert "表示できません" not in steps[0] + steps[1]
    assert "表示できません" in steps[2]
    desk.line.exchange.act(1, PhoneAction.DECLINE)
    operator = desk.line.operator()
    desk.line.exchange.act(operator.id, PhoneAction.ANSWER)
    assert desk.line.exchange.rows.call(operator.id).said.startswith("これは訓練です。お客様の")


def test_a_test_of_numbers_says_so_before_it_asks_for_anything(desk: Desk) -> None:
    round_ = desk.begin()
    end_round(round_, RoundState.STOPPED, now=utc_now(), reason="テストのため")
    dana = make_user("dana", "高橋", "棚子", soc_role=SocRole.ANALYST)
    assert round_.customer is not None
    begin_drill(round_.customer, at_night=True, by=dana, now=utc_now())
    desk.work(seconds=2)
    opening, matter = heard(desk, PhoneAction.ANSWER, PhoneAction.CONFIRM)
    assert opening.startswith("これは連絡先のテストです。こちらは、")
    assert "電話番号の確認のため、お電話いたしました。" in opening
    assert opening.index("テスト") < opening.index("いらっしゃいますか")
    assert "重要なお知らせ" not in opening
    assert matter.startswith("これは連絡先のテストです。")


def test_something_real_never_joins_an_exercise(desk: Desk) -> None:
    exercise = desk.begin(f"{SPOKEN}{MATTER}")
    customer = exercise.customer
    assert customer is not None
    real = call_contacts(key="real", customer=customer, subject="サイト停止", say=MATTER, now=utc_now())
    assert real.pk != exercise.pk
    again = call_contacts(key="real2", customer=customer, subject="サイト停止", say=MATTER, now=utc_now())
    assert again.pk == real.pk


def test_an_alarm_is_acknowledged_by_1_and_2_passes_it_on(desk: Desk) -> None:
    now = utc_now()
    people = [make_user(login, login, "子", soc_role=SocRole.ANALYST) for login in ("first", "second", "third")]
    for person, number in zip(people, NUMBERS, strict=True):
        person.phone = number
        person.save()
    DutyShift.objects.create(
        starts_at=now - timedelta(hours=1),
        ends_at=now + timedelta(hours=9),
        on_duty=people[0],
        deputy=people[1],
        manager=people[2],
    )
    raise_alarm(key="x", severity=Severity.HIGH, sentence="ログが届いていません。", now=now - timedelta(minutes=9))
    pass_on_alarms(now=now)
    desk.work(seconds=2)
    for action in (PhoneAction.CONFIRM, PhoneAction.DECLINE):
        desk.line.exchange.act(1, action)
    desk.work(seconds=2)
    for action in (PhoneAction.CONFIRM, PhoneAction.CONFIRM):
        desk.line.exchange.act(2, action)
    desk.work(seconds=2)
    assert desk.states() == [CallState.DECLINED, CallState.CONFIRMED, CallState.PLANNED]
    assert "ログが届いていません。" in desk.line.exchange.rows.call(2).said
    assert Alarm.objects.get(key="x").acknowledged_by == people[1]
