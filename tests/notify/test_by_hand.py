"""Dialling from the work sheet: the same rows, one operator per call, reached only with a name."""

from datetime import timedelta

import pytest

from sakimori.accounts.models import SocRole, User
from sakimori.customers.models import AuditEntry, Contact, Contract
from sakimori.lib.jst import day_of
from sakimori.notify.actions import NotPossible
from sakimori.notify.by_hand import begin_call, call_on_sheet, enter_result, stop_round
from sakimori.notify.calling import Callee, begin_round, call_contacts
from sakimori.notify.duties import ring_due
from sakimori.notify.handing import hand_over
from sakimori.notify.laps import tend
from sakimori.notify.models import Alarm, Call, CallRound, CallState, RoundState
from sakimori.notify.rounds import finish, intend
from tests.moments import Clock
from tests.people import make_contract, make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def contract() -> Contract:
    contract = make_contract("株式会社さくら商店", "A")
    for priority in (1, 2):
        Contact.objects.create(
            customer=contract.customer,
            name=f"連絡先{priority}",
            email=f"{priority}@example.jp",
            phone=f"03-0000-100{priority}",
            priority=priority,
        )
    return contract


@pytest.fixture
def round_(contract: Contract) -> CallRound:
    clock = Clock()
    made = call_contacts(key="x", customer=contract.customer, subject="サイト停止", say="表示できません。", now=clock())
    ring_due(voice=None, worker="one", clock=clock)
    made.refresh_from_db()
    return made


@pytest.fixture
def dana() -> User:
    return make_user("dana", "高橋", "棚子", soc_role=SocRole.ANALYST)


NOW = Clock()()


def test_without_a_provider_the_round_waits_on_the_sheet_and_the_soc_is_told_once(round_: CallRound) -> None:
    assert round_.by_hand
    alarm = Alarm.objects.get()
    assert (alarm.sentence, alarm.link) == (
        "株式会社さくら商店 へ電話をかけてください。（サイト停止）",
        f"/console/calls/{round_.pk}/",
    )
    assert ring_due(voice=None, worker="one", clock=Clock()) == 0
    assert Alarm.objects.get().count == 1
    first = call_on_sheet(round_)
    assert first is not None
    assert first.place == 1


def test_the_operator_says_that_he_dials_and_then_the_result_and_the_next_is_on_the_sheet(
    round_: CallRound, dana: User
) -> None:
    call = begin_call(round_, by=dana, now=NOW)
    assert (call.place, call.state, call.entered_by) == (1, CallState.INTENDED, dana)
    assert begin_call(round_, by=dana, now=NOW).pk == call.pk, "a second click is the same call"
    enter_result(call, CallState.BUSY, by=dana, now=NOW)
    following = call_on_sheet(round_)
    assert following is not None
    assert (following.place, following.state) == (2, CallState.PLANNED)
    actions = AuditEntry.objects.filter(actor="dana").values_list("action", flat=True)
    assert list(actions) == ["call.intended", "alarm.acknowledge", "call.busy"]


def test_reached_needs_the_name_of_the_person(round_: CallRound, dana: User) -> None:
    call = begin_call(round_, by=dana, now=NOW)
    with pytest.raises(NotPossible, match="お名前"):
        enter_result(call, CallState.CONFIRMED, spoke_with=" ", by=dana, now=NOW)
    enter_result(call, CallState.CONFIRMED, spoke_with="連絡先1", by=dana, now=NOW)
    round_.refresh_from_db()
    call.refresh_from_db()
    assert (round_.state, call.spoke_with, call.entered_by) == (RoundState.REACHED, "連絡先1", dana)
    assert call_on_sheet(round_) is None


def test_a_second_operator_does_not_dial_the_same_person(round_: CallRound, dana: User) -> None:
    emi = make_user("emi", "山田", "絵美", soc_role=SocRole.ANALYST)
    begin_call(round_, by=dana, now=NOW)
    with pytest.raises(NotPossible, match="高橋 棚子"):
        begin_call(round_, by=emi, now=NOW)
    assert Call.objects.exclude(state=CallState.PLANNED).count() == 1


class TestOneNumberAtATime:
    """By hand and by a provider: whoever comes second is refused by the database itself."""

    @pytest.fixture
    def other(self, round_: CallRound) -> Call:
        """A call to the same number in a provider's round, written in another way."""
        people = [Callee("当番", "０３（００００）１００１")]
        made = begin_round(key="y", customer=None, people=people, subject="アラーム", say="x", link="", now=NOW)
        return made.calls.get()

    def test_a_provider_does_not_ring_whom_an_operator_dials(self, round_: CallRound, other: Call, dana: User) -> None:
        call = begin_call(round_, by=dana, now=NOW)
        assert not intend(other, now=NOW), "also where no check has seen it"
        enter_result(call, CallState.BUSY, by=dana, now=NOW)
        assert intend(other, now=NOW)

    def test_an_operator_does_not_dial_whom_a_provider_rings(self, round_: CallRound, other: Call, dana: User) -> None:
        assert intend(other, now=NOW)
        with pytest.raises(NotPossible, match=r"連絡先1 様の番号には、自動架電が別の件で架電中です。"):
            begin_call(round_, by=dana, now=NOW)
        assert Call.objects.get(round=round_, place=1).state == CallState.PLANNED
        finish(other, CallState.BUSY, now=NOW)
        assert begin_call(round_, by=dana, now=NOW).place == 1

    def test_opening_the_sheet_anew_leaves_the_operators_line(self, round_: CallRound, other: Call, dana: User) -> None:
        begin_call(round_, by=dana, now=NOW)
        hand_over(round_, key="x", sentence="手動で架電してください。", now=NOW)
        tend(round_, NOW)
        assert not intend(other, now=NOW)

    def test_an_operator_who_was_called_away_does_not_keep_the_number(
        self, round_: CallRound, other: Call, dana: User
    ) -> None:
        begin_call(round_, by=dana, now=NOW)
        tend(other.round, NOW + timedelta(minutes=9))
        assert not intend(other, now=NOW + timedelta(minutes=9))
        tend(other.round, NOW + timedelta(minutes=10))
        assert intend(other, now=NOW + timedelta(minutes=10))


def test_a_result_is_written_once(round_: CallRound, dana: User) -> None:
    call = begin_call(round_, by=dana, now=NOW)
    enter_result(call, CallState.MACHINE, by=dana, now=NOW)
    with pytest.raises(NotPossible, match="既に記録"):
        enter_result(call, CallState.CONFIRMED, spoke_with="花子", by=dana, now=NOW)
    assert Call.objects.get(place=1).state == CallState.MACHINE


def test_a_result_that_is_none_is_refused(round_: CallRound, dana: User) -> None:
    call = begin_call(round_, by=dana, now=NOW)
    with pytest.raises(NotPossible, match="結果を選んで"):
        enter_result(call, CallState.RINGING, by=dana, now=NOW)


def test_when_all_were_dialled_in_vain_the_round_is_exhausted(round_: CallRound, dana: User) -> None:
    for lap in range(3):
        clock = Clock(NOW + lap * timedelta(minutes=5))
        ring_due(voice=None, worker="one", clock=clock)
        for result in (CallState.NO_ANSWER, CallState.DECLINED):
            round_.refresh_from_db()
            assert round_.state == RoundState.RUNNING
            enter_result(begin_call(round_, by=dana, now=clock()), result, by=dana, now=clock())
    round_.refresh_from_db()
    assert round_.state == RoundState.EXHAUSTED
    assert Alarm.objects.filter(key=f"not-reached:{round_.pk}").exists()
    with pytest.raises(NotPossible, match="既に終了"):
        begin_call(round_, by=dana, now=NOW)


def test_what_the_machine_left_open_is_settled_by_the_operator(round_: CallRound, dana: User) -> None:
    Call.objects.filter(place=1).update(state=CallState.RINGING, intended_at=NOW)
    left = call_on_sheet(round_)
    assert left is not None
    with pytest.raises(NotPossible, match="自動架電"):
        begin_call(round_, by=dana, now=NOW)
    enter_result(left, CallState.NO_ANSWER, by=dana, now=NOW)
    assert Call.objects.get(place=1).entered_by == dana


def test_a_round_of_the_machine_takes_nothing_by_hand(round_: CallRound, dana: User) -> None:
    CallRound.objects.update(by_hand=False)
    with pytest.raises(NotPossible, match="自動で架電"):
        begin_call(round_, by=dana, now=NOW)


def test_stopping_needs_a_reason_and_ends_the_call_that_was_begun(round_: CallRound, dana: User) -> None:
    begin_call(round_, by=dana, now=NOW)
    with pytest.raises(NotPossible, match="理由"):
        stop_round(round_, by=dana, reason=" ", now=NOW)
    stop_round(round_, by=dana, reason="解決したため", now=NOW)
    with pytest.raises(NotPossible, match="既に終了"):
        stop_round(round_, by=dana, reason="もう一度", now=NOW)
    round_.refresh_from_db()
    assert (round_.state, round_.stop_reason, round_.stopped_by) == (RoundState.STOPPED, "解決したため", dana)
    assert Call.objects.get(place=1).ended_at == NOW
    assert not Alarm.objects.filter(key__startswith="not-reached").exists()


def test_a_call_that_was_begun_ends_with_its_round_whoever_ends_it(
    round_: CallRound, contract: Contract, dana: User
) -> None:
    begin_call(round_, by=dana, now=NOW)
    contract.ends_on = day_of(NOW)
    contract.save()
    ring_due(voice=None, worker="one", clock=Clock())
    call = Call.objects.get(place=1)
    assert (call.state, call.entered_by) == (CallState.FAILED, dana)
    assert call.ended_at is not None
    assert not Alarm.objects.filter(key__startswith="not-reached").exists()


def test_nobody_of_a_cancelled_contract_is_dialled_by_hand_either(
    round_: CallRound, contract: Contract, dana: User
) -> None:
    contract.ends_on = day_of(NOW)
    contract.save()
    with pytest.raises(NotPossible, match="有効な契約"):
        begin_call(round_, by=dana, now=NOW)
    ring_due(voice=None, worker="one", clock=Clock())
    round_.refresh_from_db()
    assert (round_.state, round_.stop_reason) == (RoundState.STOPPED, "有効な契約がないため")
