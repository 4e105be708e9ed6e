"""A minute without a call that was accepted: taken and never rung, refused for a whole country, away. Then by hand."""

from dataclasses import replace

import pytest
from django.conf import settings

from sakimori.customers.models import Contact
from sakimori.notify.calling import Callee, begin_round
from sakimori.notify.interface import PhoneNotAllowed, PhoneUnavailable
from sakimori.notify.models import Alarm, Call, CallRound, CallState, RoundState, Severity
from tests.notify.tree import ONE, THREE, TWO, Tree, add_contact
from tests.people import make_contract

pytestmark = pytest.mark.django_db


@pytest.fixture
def tree() -> Tree:
    contract = make_contract("株式会社さくら商店", "A")
    for priority, number in enumerate((ONE, TWO, THREE), start=1):
        add_contact(contract, number, priority)
    return Tree(contract)


def test_a_call_that_is_taken_and_never_rings_is_given_up_and_the_next_is_tried(tree: Tree) -> None:
    tree.phone.never_rings = True
    tree.begin()
    tree.ring(seconds=20)
    first = Call.objects.get(place=1)
    assert (first.state, first.rang_at) == (CallState.INTENDED, None), "no phone has rung, and no clock says so"
    tree.phone.never_rings = False
    tree.ring(seconds=15)
    first.refresh_from_db()
    assert first.state == CallState.FAILED
    assert "呼び出しが始まりませんでした" in first.last_error
    assert tree.phone.ringing == [TWO]
    tree.ring(seconds=40)
    assert not CallRound.objects.get().by_hand, "the second call is accepted"


def test_a_provider_that_takes_calls_and_never_rings_is_an_alarm_and_an_operator_dials_within_a_minute(
    tree: Tree,
) -> None:
    tree.phone.never_rings = True
    round_ = tree.begin()
    tree.ring(seconds=55)
    assert not CallRound.objects.get().by_hand
    tree.ring(seconds=6)
    assert CallRound.objects.get().by_hand
    alarm = Alarm.objects.get()
    assert (alarm.key, alarm.severity) == (f"call-by-hand:{round_.pk}", Severity.HIGH)
    assert "呼び出しが始まりません" in alarm.sentence
    assert tree.phone.ringing == [], "nothing rings beside the operator"
    assert CallState.INTENDED not in tree.states(), "the sheet begins with the next person"


def test_being_away_and_never_ringing_together_do_not_last_longer_than_a_minute(tree: Tree) -> None:
    tree.phone.never_rings = True
    tree.begin()
    tree.ring(seconds=40)
    tree.phone.failures.extend(PhoneUnavailable("no connection") for _ in range(100))
    tree.ring(seconds=22)
    assert CallRound.objects.get().by_hand
    assert Alarm.objects.get().key == "phone-unavailable"


@pytest.mark.parametrize("rounds", [1, 3])
def test_a_provider_that_refuses_every_number_is_an_alarm_that_names_the_setting(
    tree: Tree, monkeypatch: pytest.MonkeyPatch, rounds: int
) -> None:
    monkeypatch.setattr(settings, "CONFIG", replace(settings.CONFIG, rounds=rounds))
    words = "発信サービスの設定（地域ごとの発信許可）で、この電話番号への発信が許可されていません（21215）。"
    tree.phone.failures.extend(PhoneNotAllowed(words) for _ in range(100))
    round_ = tree.begin()
    tree.ring(seconds=3)
    round_.refresh_from_db()
    assert (round_.state, round_.by_hand) == (RoundState.RUNNING, True)
    alarm = Alarm.objects.get()
    assert (alarm.key, alarm.severity, alarm.link) == ("phone-refused", Severity.HIGH, f"/console/calls/{round_.pk}/")
    assert words in alarm.sentence
    assert not Contact.objects.exclude(failed_at=None).exists(), "the numbers are not to blame"


def test_a_refused_call_to_the_people_on_duty_names_the_setting_too(tree: Tree) -> None:
    words = "発信サービスの設定（地域ごとの発信許可）で、この電話番号への発信が許可されていません（21215）。"
    tree.phone.failures.extend(PhoneNotAllowed(words) for _ in range(100))
    people = [Callee("当番", ONE), Callee("副当番", TWO)]
    begin_round(
        key="x", customer=None, people=people, subject="アラーム", say="アラームです。", link="", now=tree.clock()
    )
    tree.ring(seconds=3)
    assert CallRound.objects.get().state == RoundState.EXHAUSTED
    assert set(Alarm.objects.values_list("key", flat=True)) == {"phone-refused", "duty-not-reached"}
    assert words in Alarm.objects.get(key="phone-refused").sentence
