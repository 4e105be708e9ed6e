"""The door for call-backs: only what the provider has signed, each question once, rows and nothing else."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from django.conf import settings
from django.test import Client
from twilio.request_validator import RequestValidator

from sakimori.accounts.models import SocRole
from sakimori.customers.models import AuditEntry
from sakimori.lib.jst import utc_now
from sakimori.notify import phone_door
from sakimori.notify.actions import acknowledge
from sakimori.notify.forgeries import KEY, Forgeries
from sakimori.notify.interface import PhoneState, PhoneStatus
from sakimori.notify.models import Alarm, Call, CallRound, CallState, PhoneLeg, RoundState, Severity
from sakimori.simulators.phone_rows import PhoneAction
from tests.notify.phone_contract import call
from tests.notify.provider import SECOND, SPEC, ProviderLine, make_calls, post, with_account
from tests.people import make_user

DOOR = "https://portal.example.jp/phone/twilio/r-1"
REACHED = PhoneStatus(PhoneState.CONFIRMED, is_over=True)

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def account(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settings, "CONFIG", with_account(settings.CONFIG, SPEC))
    monkeypatch.setattr(phone_door, "FORGERIES", Forgeries())


@pytest.fixture
def line(tmp_path: Path) -> Iterator[ProviderLine]:
    """A call to the first of two contacts rings."""
    make_calls()
    made = ProviderLine(tmp_path)
    call(made)  # type: ignore[arg-type]
    made.exchange.tick()
    yield made
    made.close()


def fields(line: ProviderLine, **more: str) -> dict[str, str]:
    return {"AccountSid": SPEC.account, "CallSid": line.call().sid, "CallStatus": "in-progress", **more}


def leg() -> PhoneLeg:
    return PhoneLeg.objects.get(call__reference="r-1")


def status_of(line: ProviderLine) -> PhoneStatus | None:
    return line.phone.status("r-1")


def test_the_person_is_asked_for_by_kana_before_the_matter_is_told_and_1_reaches_him(line: ProviderLine) -> None:
    said = line.press("answer")
    assert "サクライ ハナコ 様でいらっしゃいますか。" in said
    assert "表示できません" not in said
    assert "shop ドット example ドット jp が表示できません。" in line.press("1")
    assert status_of(line) == PhoneStatus(PhoneState.ANSWERED, is_over=False)
    assert "確認を承りました" in line.press("1")
    assert status_of(line) == REACHED


def test_somebody_else_hears_nothing_and_the_next_is_called(line: ProviderLine) -> None:
    said = line.press("2")
    assert "表示できません" not in said
    assert status_of(line) == PhoneStatus(PhoneState.DECLINED, is_over=True)
    assert not Alarm.objects.exists()


def test_a_machine_is_told_nothing_and_is_hung_up(line: ProviderLine) -> None:
    assert "表示できません" not in line.press("machine")
    assert line.call().status == "in-progress"
    assert status_of(line) == PhoneStatus(PhoneState.MACHINE, is_over=True)
    assert line.call().status == "completed"


def test_a_machine_that_is_known_before_the_first_question_hears_not_even_the_greeting(line: ProviderLine) -> None:
    answer = post(f"{DOOR}/answer/", fields(line, AnsweredBy="machine_start"))
    assert "<Say" not in answer.content.decode()
    assert leg().result == PhoneState.MACHINE


def test_who_has_pressed_a_key_is_no_machine(line: ProviderLine) -> None:
    line.press("1")
    post(f"{DOOR}/machine/", fields(line, AnsweredBy="machine_start"))
    line.press("1")
    assert status_of(line) == REACHED


def test_silence_is_asked_twice_again_and_then_nobody_was_reached(line: ProviderLine) -> None:
    line.press("answer")
    for turn in (1, 2, 3):
        answer = post(f"{DOOR}/key/{turn}/", fields(line, Digits=""))
        assert ("様でいらっしゃいますか" in answer.content.decode()) == (turn < 3)
    assert status_of(line) == PhoneStatus(PhoneState.ANSWERED, is_over=True)


def test_a_wrong_key_is_asked_again_politely(line: ProviderLine) -> None:
    said = line.press("answer", "9")
    assert "恐れ入ります。お手数ですが、もう一度お願いいたします。" in said
    line.press("1", "1")
    assert status_of(line) == REACHED


def test_2_calls_the_soc_and_reached_is_who_an_operator_took(line: ProviderLine) -> None:
    line.press("1", "2")
    operator = line.operator()
    assert (operator.to, operator.caller) == ("+81300000000", SPEC.number)
    assert status_of(line) == PhoneStatus(PhoneState.ANSWERED, is_over=False)
    line.exchange.act(operator.id, PhoneAction.ANSWER)
    assert "サクライ ハナコ 様が、お話しを希望されています" in line.exchange.rows.call(operator.id).said
    assert status_of(line) == PhoneStatus(PhoneState.ANSWERED, is_over=False), "lifting the receiver is not enough"
    line.exchange.act(operator.id, PhoneAction.CONFIRM)
    assert status_of(line) == replace(REACHED, is_bridged=True)
    Call.objects.filter(reference="r-1").update(ended_at=utc_now(), state=CallState.CONFIRMED)
    line.exchange.act(operator.id, PhoneAction.HANG_UP)
    assert line.call().status == "completed"
    assert not Alarm.objects.exists(), "the end of a talk is no forgery"


@pytest.mark.parametrize("action", [PhoneAction.BUSY, PhoneAction.NO_ANSWER, PhoneAction.MACHINE])
def test_without_an_operator_the_person_is_called_back_and_the_soc_knows(
    line: ProviderLine, action: PhoneAction
) -> None:
    line.press("1", "2")
    operator = line.operator()
    line.exchange.act(operator.id, action)
    if action is PhoneAction.MACHINE:
        line.exchange.end(operator, "completed")
    assert "折り返しお電話いたします" in line.call().said
    assert status_of(line) == PhoneStatus(PhoneState.DECLINED, is_over=True)
    alarm = Alarm.objects.get()
    assert (alarm.severity, alarm.link) == (Severity.HIGH, f"/console/calls/{CallRound.objects.get().pk}/")
    assert alarm.sentence.startswith("株式会社さくら商店の桜井 花子 様が担当者との通話を希望されました")


def test_who_hangs_up_while_waiting_for_the_soc_is_called_back(line: ProviderLine) -> None:
    line.press("1", "2")
    line.operator()
    line.press("hang-up")
    assert status_of(line) == PhoneStatus(PhoneState.DECLINED, is_over=True)
    assert Alarm.objects.get().key == f"call-back:{leg().call_id}"


def test_a_soc_number_that_cannot_be_dialled_is_a_call_back_at_once(
    line: ProviderLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(settings, "CONFIG", replace(settings.CONFIG, soc_phone="内線 100"))
    assert "折り返しお電話いたします" in line.press("1", "2")
    assert status_of(line) == PhoneStatus(PhoneState.DECLINED, is_over=True)
    assert Alarm.objects.count() == 1


def test_one_of_the_socs_own_people_acknowledges_with_1(tmp_path: Path) -> None:
    make_calls(is_duty=True)
    line = ProviderLine(tmp_path)
    call(line)  # type: ignore[arg-type]
    assert "アラームを確認された方は 1 を" in line.press("1")
    line.press("2")
    assert status_of(line) == PhoneStatus(PhoneState.DECLINED, is_over=True)
    assert not Alarm.objects.exists(), "he is the SOC: nobody calls him back"
    line.close()


def test_who_presses_1_after_the_round_went_to_the_operators_is_reached_all_the_same(line: ProviderLine) -> None:
    CallRound.objects.update(by_hand=True)
    line.press("1", "1")
    assert Call.objects.get(reference="r-1").state == CallState.CONFIRMED
    assert CallRound.objects.get().state == RoundState.REACHED


def test_news_may_overtake_each_other(line: ProviderLine) -> None:
    line.press("busy")
    assert (leg().status, leg().ended_at is not None) == ("busy", True)
    for late in ("ringing", "in-progress", "completed", "nonsense", ""):
        assert post(f"{DOOR}/status/", fields(line, CallStatus=late)).status_code == 204
    assert leg().status == "busy"


def test_a_result_wakes_the_round(line: ProviderLine) -> None:
    later = utc_now() + timedelta(minutes=5)
    CallRound.objects.update(next_try_at=later)
    line.press("busy")
    assert CallRound.objects.get().next_try_at < utc_now()
    CallRound.objects.update(next_try_at=later)
    post(f"{DOOR}/status/", fields(line, CallStatus="busy"))
    assert CallRound.objects.get().next_try_at == later, "it is known already"


def test_a_call_back_that_comes_before_the_answer_of_the_provider_binds_the_call(tmp_path: Path) -> None:
    make_calls()
    line = ProviderLine(tmp_path)
    call(line)  # type: ignore[arg-type]
    PhoneLeg.objects.update(sid="")
    line.exchange.tick()
    assert leg().sid == line.call().sid
    line.close()


def test_the_same_question_gets_the_same_answer_and_changes_nothing(line: ProviderLine) -> None:
    first = post(f"{DOOR}/answer/", fields(line))
    assert post(f"{DOOR}/answer/", fields(line)).content == first.content
    second = post(f"{DOOR}/key/1/", fields(line, Digits="1"))
    assert post(f"{DOOR}/key/1/", fields(line, Digits="1")).content == second.content
    assert (leg().turn, leg().turns) == (2, 2)


def test_a_question_of_a_step_that_is_past_is_refused(line: ProviderLine) -> None:
    post(f"{DOOR}/answer/", fields(line))
    post(f"{DOOR}/key/1/", fields(line, Digits="*"))
    post(f"{DOOR}/key/2/", fields(line, Digits="1"))
    for path, digits in (("answer", ""), ("key/1", "*"), ("key/2", "2"), ("key/9", "1"), ("bridge/1", "")):
        assert post(f"{DOOR}/{path}/", fields(line, Digits=digits)).status_code == 403, path
    assert (leg().turn, leg().stage) == (3, "telling")


def test_a_replay_after_the_end_is_refused(line: ProviderLine) -> None:
    line.press("1", "1")
    again = post(f"{DOOR}/key/2/", fields(line, Digits="1"))
    assert again.content.decode().endswith("<Response><Hangup /></Response>"), (
        "just after the end it is told to hang up"
    )
    PhoneLeg.objects.update(ended_at=utc_now() - timedelta(minutes=2))
    assert post(f"{DOOR}/key/2/", fields(line, Digits="1")).status_code == 403
    assert status_of(line) == REACHED


def test_a_call_under_another_mark_ends_and_changes_nothing(line: ProviderLine) -> None:
    wrong = fields(line) | {"CallSid": "CA" + "0" * 32}
    for path in ("answer", "key/0", "status", "machine"):
        answer = post(f"{DOOR}/{path}/", wrong | {"Digits": "1", "AnsweredBy": "fax"})
        assert "用件は終了いたしました" in answer.content.decode()
    assert (leg().turn, leg().status, leg().answered_by) == (0, "ringing", "")
    assert not Alarm.objects.exists()
    for sid in ("", "C" * 65):
        assert post(f"{DOOR}/answer/", fields(line) | {"CallSid": sid}).status_code == 403
    line.press("1", "2")
    asked = post(f"{DOOR}/operator/key/", wrong | {"Digits": "1", "ParentCallSid": "CA0"})
    assert "<Hangup" in asked.content.decode()
    assert post(f"{DOOR}/operator/", wrong | {"ParentCallSid": "CA0"}).content.decode().count("<Hangup") == 1
    assert leg().result == ""


def test_nobody_takes_a_call_over_that_does_not_wait_for_it(line: ProviderLine) -> None:
    line.press("answer")
    asked = fields(line) | {"CallSid": "CA1", "ParentCallSid": line.call().sid, "Digits": "1"}
    assert post(f"{DOOR}/operator/key/", asked).status_code == 403
    assert status_of(line) == PhoneStatus(PhoneState.ANSWERED, is_over=False)


def test_taking_over_twice_is_once(line: ProviderLine) -> None:
    line.press("1", "2")
    asked = fields(line) | {"CallSid": "CA1", "ParentCallSid": line.call().sid, "Digits": "1"}
    for _ in range(2):
        assert post(f"{DOOR}/operator/key/", asked).content.decode().endswith("<Response />")
    assert status_of(line) == replace(REACHED, is_bridged=True)


@pytest.mark.parametrize("path", ["answer", "key/1", "bridge/1", "operator", "operator/key", "status", "machine"])
def test_a_signed_call_back_about_a_call_that_we_do_not_know_ends_it(path: str) -> None:
    url = f"https://portal.example.jp/phone/twilio/unknown/{path}/"
    answer = post(url, {"AccountSid": SPEC.account, "CallSid": "CA1"})
    assert (answer.status_code, "<Hangup" in answer.content.decode()) in {(200, True), (204, False)}
    assert not Alarm.objects.exists()


def test_a_call_that_was_given_up_is_ended(line: ProviderLine) -> None:
    PhoneLeg.objects.update(is_dropped=True)
    assert "用件は終了いたしました" in post(f"{DOOR}/answer/", fields(line)).content.decode()


@pytest.mark.parametrize(
    "signature", ["", "x", "あ", RequestValidator("another").compute_signature(f"{DOOR}/answer/", {})]
)
def test_a_forgery_is_refused_and_changes_nothing(line: ProviderLine, signature: str) -> None:
    given = signature.encode().decode("latin-1")
    answer = post(f"{DOOR}/key/0/", fields(line, Digits="1"), given)
    assert (answer.status_code, leg().turn) == (403, 0)


def test_what_was_signed_for_another_address_or_other_fields_is_refused(line: ProviderLine) -> None:
    signed = RequestValidator(SPEC.token).compute_signature(f"{DOOR}/answer/", fields(line))
    assert post(f"{DOOR}/status/", fields(line), signed).status_code == 403
    assert post(f"{DOOR}/answer/", fields(line, Digits="1"), signed).status_code == 403
    assert post(f"{DOOR}/answer/?x=1", fields(line), signed).status_code == 403
    assert post(f"{DOOR}/answer/", fields(line), signed).status_code == 200


def test_the_address_is_the_one_that_we_gave_out_whatever_the_host_header_says(line: ProviderLine) -> None:
    forged = RequestValidator(SPEC.token).compute_signature("https://localhost/phone/twilio/r-1/status/", fields(line))
    assert post(f"{DOOR}/status/", fields(line), forged, Host="localhost").status_code == 403
    assert post(f"{DOOR}/status/", fields(line), Host="127.0.0.1:8000").status_code == 204


def test_only_the_account_that_has_the_call_may_speak_of_it(
    line: ProviderLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(settings, "CONFIG", with_account(settings.CONFIG, SPEC, SECOND))
    other = fields(line) | {"AccountSid": SECOND.account}
    signed = RequestValidator(SECOND.token).compute_signature(f"{DOOR}/answer/", other)
    assert post(f"{DOOR}/answer/", other, signed).status_code == 403
    mixed = RequestValidator(SPEC.token).compute_signature(f"{DOOR}/answer/", other)
    assert post(f"{DOOR}/answer/", other, mixed).status_code == 403


def test_nothing_but_small_forms_is_read(line: ProviderLine) -> None:
    client = Client()
    path = "/phone/twilio/r-1/status/"
    assert client.get(path).status_code == 405
    assert client.post(path, {"AccountSid": SPEC.account}).status_code == 403, "a form of another kind"
    assert post(f"{DOOR}/status/", fields(line, More="x" * phone_door.LONGEST_BODY)).status_code == 403
    assert post(f"{DOOR}/status/", fields(line) | {f"f{n}": "1" for n in range(150)}).status_code == 403


def test_without_an_account_nobody_may_speak(line: ProviderLine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settings, "CONFIG", replace(settings.CONFIG, phone_account=""))
    assert post(f"{DOOR}/status/", fields(line)).status_code == 403


def test_forgeries_are_told_once_and_counted(line: ProviderLine) -> None:
    for _ in range(40):
        post(f"{DOOR}/status/", fields(line), "forged")
    alarm = Alarm.objects.get()
    assert (alarm.key, alarm.severity, alarm.count) == (KEY, Severity.MIDDLE, 1)
    assert AuditEntry.objects.filter(action="phone.refused").count() == 1


def test_once_somebody_knows_nobody_is_phoned_about_forgeries_for_a_day() -> None:
    now, dana = utc_now(), make_user("dana", "高橋", "棚子", soc_role=SocRole.ANALYST)
    Forgeries().count("signature", now=now)
    acknowledge(Alarm.objects.get(), by=dana, now=now)
    for hours, severity in ((1, Severity.LOW), (25, Severity.MIDDLE)):
        Forgeries().count("signature", now=now + timedelta(hours=hours))
        alarm = Alarm.objects.get(acknowledged_at=None)
        assert (alarm.severity, alarm.due_at is None) == (severity, severity == Severity.LOW)
        Alarm.objects.filter(pk=alarm.pk).delete()


def test_those_that_follow_are_told_together_after_a_pause() -> None:
    forgeries, now = Forgeries(), utc_now()
    for second in range(301):
        forgeries.count("signature", now=now + timedelta(seconds=second))
    alarm = Alarm.objects.get()
    assert (alarm.count, "300 件拒否しました。（署名の不一致）" in alarm.sentence) == (2, True)
    forgeries.count("the step is past", now=now - timedelta(hours=1))
    assert Alarm.objects.get().count == 3, "a clock that jumps back silences nothing"
