"""An alarm reaches a person: mailed once to the people on duty, phoned when overdue, until somebody acknowledges it."""

from datetime import timedelta

import pytest

from sakimori.accounts.models import User
from sakimori.customers.models import AuditEntry
from sakimori.notify.actions import acknowledge, note_over, raise_alarm
from sakimori.notify.by_hand import begin_call, enter_result
from sakimori.notify.interface import PhoneState, PhoneUnavailable
from sakimori.notify.models import Alarm, CallRound, CallState, Delivery, DutyShift, Message, RoundState, Severity
from tests.moments import START
from tests.notify.soc import DEPUTY, FIRST, MANAGER, Soc, person

pytestmark = pytest.mark.django_db


@pytest.fixture
def soc() -> Soc:
    return Soc()


def test_a_new_alarm_is_mailed_once_to_everybody_on_duty(soc: Soc) -> None:
    alarm = soc.alarm()
    soc.work()
    message = Message.objects.get()
    assert (message.key, message.customer) == (f"alarm:{alarm.pk}", None)
    assert message.subject == "【SOC アラーム・重要度 高】ログが届いていません。"
    assert set(Delivery.objects.values_list("name", "address")) == {
        ("高橋 棚子", "dana@example.jp"),
        ("高橋 絵美", "emi@example.jp"),
        ("高橋 誠", "boss@example.jp"),
    }
    soc.alarm()
    soc.work(seconds=5)
    assert Message.objects.count() == 1, "the same cause counts up and mails nobody again"


def test_nothing_in_an_alarms_mail_can_be_clicked_but_the_way_to_the_console(soc: Soc) -> None:
    sentence = "http://evil.example.com/ (198.51.100.7) が 10.5 秒"
    raise_alarm(key="k", severity=Severity.HIGH, sentence=sentence, link="/console/x/", now=soc.clock())
    soc.work()
    message = Message.objects.get()
    for text in (message.subject, message.body):
        assert "hxxp[:]//evil[.]example[.]com/ (198[.]51[.]100[.]7) が 10.5 秒" in text
    assert "https://portal.example.jp/console/x/" in message.body


def test_one_person_in_two_places_gets_one_mail_and_who_has_no_address_none(soc: Soc) -> None:
    soc.shift.manager = soc.dana
    soc.shift.save()
    User.objects.filter(pk=soc.emi.pk).update(email="")
    soc.alarm()
    soc.work()
    assert list(Delivery.objects.values_list("address", flat=True)) == ["dana@example.jp"]


def test_an_alarm_has_five_minutes_and_then_the_person_on_duty_is_phoned(soc: Soc) -> None:
    alarm = soc.alarm()
    assert alarm.due_at == START + timedelta(minutes=5)
    soc.work(seconds=299)
    assert soc.dialled() == []
    soc.work(seconds=3)
    assert soc.dialled() == [FIRST]
    assert "未確認のアラームが 1 件あります。ログが届いていません。" in soc.phone.placed[0].say
    assert "高橋 棚子 様" in soc.phone.placed[0].say


def test_it_goes_on_duty_deputy_manager_and_the_key_is_that_persons_acknowledgement(soc: Soc) -> None:
    alarm = soc.alarm()
    soc.phone.habits = {FIRST: PhoneState.BUSY, DEPUTY: PhoneState.DECLINED, MANAGER: PhoneState.CONFIRMED}
    soc.work(seconds=310)
    assert soc.dialled() == [FIRST, DEPUTY, MANAGER]
    alarm.refresh_from_db()
    assert alarm.acknowledged_by == soc.boss
    assert AuditEntry.objects.filter(action="alarm.acknowledge", actor="boss").exists()
    assert alarm.call_round is not None
    assert alarm.call_round.state == RoundState.REACHED


def test_acknowledging_at_the_desk_stops_the_round_and_the_ringing(soc: Soc) -> None:
    alarm = soc.alarm()
    soc.work(seconds=303)
    assert soc.phone.ringing == [FIRST]
    acknowledge(alarm, by=soc.emi, now=soc.clock())
    soc.work(seconds=60)
    assert soc.phone.ringing == []
    assert soc.dialled() == [FIRST]
    round_ = CallRound.objects.get()
    assert (round_.state, round_.stop_reason) == (RoundState.STOPPED, "アラームが確認されたため")


def test_only_a_person_stops_an_alarm_whose_cause_is_gone_and_the_calls_say_that_it_is(soc: Soc) -> None:
    alarm = soc.alarm()
    soc.work(seconds=303)
    note_over(alarm, sentence="ログが再び届きました。", now=soc.clock())
    assert soc.phone.ringing == [FIRST]
    soc.work(seconds=100)
    assert soc.dialled() == [FIRST, DEPUTY, MANAGER]
    assert ["再び届きました" in call.say for call in soc.phone.placed] == [False, True, True]
    assert "再び届きました" in CallRound.objects.get().subject
    soc.phone.press(soc.phone.placed[-1].reference, PhoneState.CONFIRMED)
    soc.work(seconds=400)
    assert soc.dialled() == [FIRST, DEPUTY, MANAGER]
    alarm.refresh_from_db()
    assert (alarm.sentence, alarm.acknowledged_by) == ("ログが再び届きました。", soc.boss)


def test_an_alarm_whose_cause_is_gone_before_its_deadline_is_phoned_all_the_same(soc: Soc) -> None:
    alarm = soc.alarm()
    note_over(alarm, sentence="ログが再び届きました。", now=soc.clock())
    soc.work(seconds=303)
    assert soc.dialled() == [FIRST]
    assert "未確認のアラームが 1 件あります。ログが再び届きました。" in soc.phone.placed[0].say


def test_a_cause_that_comes_back_counts_on_and_what_a_person_has_taken_is_over(soc: Soc) -> None:
    alarm = soc.alarm()
    note_over(alarm, sentence="ログが再び届きました。", now=soc.clock())
    again = soc.alarm()
    assert (again.pk, again.count, again.sentence) == (alarm.pk, 2, "ログが届いていません。")
    acknowledge(again, by=soc.dana, now=soc.clock())
    note_over(again, sentence="もう一度。", now=soc.clock())
    again.refresh_from_db()
    assert again.sentence == "ログが届いていません。"


def test_several_overdue_alarms_are_one_round_that_tells_of_all(soc: Soc) -> None:
    for number in range(5):
        soc.alarm(f"k{number}", sentence=f"件{number}。")
    soc.work(seconds=303)
    assert soc.dialled() == [FIRST]
    assert "未確認のアラームが 5 件あります。" in soc.phone.placed[0].say
    soc.phone.press(soc.phone.placed[0].reference, PhoneState.CONFIRMED)
    soc.work(seconds=3)
    assert not Alarm.objects.filter(acknowledged_at=None).exists()
    assert set(Alarm.objects.values_list("acknowledged_by", flat=True)) == {soc.dana.pk}


def test_an_alarm_that_falls_due_meanwhile_waits_for_a_round_of_its_own(soc: Soc) -> None:
    soc.alarm("first")
    soc.work(seconds=280)
    soc.alarm("second", sentence="二つ目。")
    soc.work(seconds=100)
    assert CallRound.objects.count() == 1
    soc.phone.habits = dict.fromkeys((FIRST, DEPUTY, MANAGER), PhoneState.CONFIRMED)
    soc.phone.press(soc.phone.placed[-1].reference, PhoneState.CONFIRMED)
    soc.work(seconds=300)
    assert CallRound.objects.count() == 2
    assert not Alarm.objects.filter(acknowledged_at=None).exists()


def test_when_nobody_can_be_reached_it_begins_again_until_somebody_acknowledges(soc: Soc) -> None:
    soc.alarm()
    soc.phone.habits = dict.fromkeys((FIRST, DEPUTY, MANAGER), PhoneState.NO_ANSWER)
    soc.work(seconds=310)
    assert soc.dialled() == [FIRST, DEPUTY, MANAGER]
    assert "SOC の当番のどなたにも電話で連絡がつきませんでした" in Alarm.objects.get(key="duty-not-reached").sentence
    soc.phone.habits = {FIRST: PhoneState.CONFIRMED}
    soc.work(seconds=310)
    assert soc.dialled() == [FIRST, DEPUTY, MANAGER, FIRST]
    assert not Alarm.objects.filter(acknowledged_at=None).exists()


def test_low_alarms_are_mailed_but_not_phoned(soc: Soc) -> None:
    alarm = soc.alarm(severity=Severity.LOW)
    soc.work(seconds=400)
    assert alarm.due_at is None
    assert Message.objects.count() == 1
    assert soc.dialled() == []


def test_an_alarm_that_grows_grave_gets_its_deadline_and_a_grave_one_keeps_its_own(soc: Soc) -> None:
    soc.alarm(severity=Severity.LOW)
    soc.clock.pass_time(minutes=2)
    graver = soc.alarm()
    assert graver.due_at == START + timedelta(minutes=7)
    soc.clock.pass_time(minutes=2)
    assert soc.alarm().due_at == START + timedelta(minutes=7)


def test_with_nobody_on_duty_the_alarm_waits_and_that_is_an_alarm_of_its_own(soc: Soc) -> None:
    DutyShift.objects.all().delete()
    alarm = soc.alarm()
    soc.work(seconds=400)
    alarm.refresh_from_db()
    assert alarm.acknowledged_at is None
    assert not Message.objects.exists()
    nobody = Alarm.objects.get(key="nobody-on-duty")
    assert (nobody.severity, nobody.count) == (Severity.HIGH, 1)
    assert nobody.sentence == "当番者が登録されていません。アラームを誰にも電話できません。"
    soc.shift.pk = None
    soc.shift.save()
    soc.work(seconds=5)
    assert Message.objects.count() == 2, "who comes on duty is told of everything that waits"
    assert soc.dialled() == [FIRST]


def test_people_without_a_number_are_passed_over_and_nobody_with_one_is_an_alarm(soc: Soc) -> None:
    User.objects.filter(pk=soc.dana.pk).update(phone="")
    soc.alarm()
    soc.work(seconds=303)
    assert soc.dialled() == [DEPUTY]


def test_when_nobody_has_a_number_that_is_said_once_in_a_while(soc: Soc) -> None:
    User.objects.update(phone="")
    soc.alarm()
    soc.work(seconds=305)
    assert Alarm.objects.get(key="nobody-to-call").count == 1
    soc.work(seconds=310)
    assert Alarm.objects.get(key="nobody-to-call").count == 2


def test_who_has_left_is_neither_mailed_nor_called(soc: Soc) -> None:
    User.objects.filter(pk=soc.dana.pk).update(is_active=False)
    soc.alarm()
    soc.work(seconds=303)
    assert soc.dialled() == [DEPUTY]
    assert not Delivery.objects.filter(address="dana@example.jp").exists()


def test_without_a_phone_provider_an_operator_dials_and_speaking_is_the_acknowledgement(soc: Soc) -> None:
    alarm = soc.alarm()
    soc.work(seconds=303, by_hand=True)
    round_ = CallRound.objects.get()
    assert round_.by_hand
    call = begin_call(round_, by=soc.emi, now=soc.clock())
    enter_result(call, CallState.CONFIRMED, spoke_with="高橋 棚子", by=soc.emi, now=soc.clock())
    alarm.refresh_from_db()
    assert alarm.acknowledged_by == soc.dana
    assert Alarm.objects.count() == 1


def test_a_sheet_that_nobody_opens_does_not_keep_an_alarm_from_the_phone_for_ever(soc: Soc) -> None:
    """The provider was away for a minute at night: the people on duty sleep, and nobody sees the operators' sheet."""
    soc.alarm()
    soc.phone.failures.extend(PhoneUnavailable("no connection") for _ in range(40))
    soc.work(seconds=370)
    assert CallRound.objects.get().by_hand
    soc.phone.failures.clear()
    soc.phone.habits = {FIRST: PhoneState.CONFIRMED}
    soc.work(seconds=620)
    assert soc.dialled() == [FIRST]
    assert not Alarm.objects.filter(acknowledged_at=None).exists()


def test_an_operator_who_is_dialling_keeps_the_sheet(soc: Soc) -> None:
    soc.alarm()
    soc.phone.failures.extend(PhoneUnavailable("no connection") for _ in range(40))
    soc.work(seconds=370)
    round_ = CallRound.objects.get()
    soc.phone.failures.clear()
    soc.work(seconds=200)
    call = begin_call(round_, by=soc.emi, now=soc.clock())
    soc.work(seconds=200)
    assert (soc.dialled(), CallRound.objects.get().by_hand) == ([], True)
    enter_result(call, CallState.CONFIRMED, spoke_with="高橋 棚子", by=soc.emi, now=soc.clock())
    soc.work(seconds=3)
    assert CallRound.objects.get(pk=round_.pk).state == RoundState.REACHED


def test_a_clock_that_was_put_back_does_not_put_off_an_alarm(soc: Soc) -> None:
    soc.alarm()
    soc.clock.pass_time(hours=-3)
    soc.work(seconds=303)
    assert soc.dialled() == [FIRST]


def test_a_clock_that_was_put_back_does_not_silence_that_nobody_is_on_duty(soc: Soc) -> None:
    DutyShift.objects.all().delete()
    soc.alarm()
    soc.work(seconds=303)
    soc.clock.pass_time(hours=-3)
    soc.work(seconds=610)
    assert Alarm.objects.get(key="nobody-on-duty").count > 1


def test_who_comes_on_duty_hears_of_what_still_waits(soc: Soc) -> None:
    alarm = soc.alarm()
    soc.work(seconds=10)
    later = person("gen", "元", "03-0000-0104")
    DutyShift.objects.update(ends_at=soc.clock())
    DutyShift.objects.create(
        starts_at=soc.clock(), ends_at=soc.clock() + timedelta(hours=8), on_duty=later, manager=soc.boss
    )
    soc.work(seconds=300)
    assert soc.dialled() == ["03-0000-0104"], "the person on duty now, not he who was when it began"
    assert alarm.count == 1
