"""連絡先テスト: every number is called by day, dead ones are found, nobody at the SOC is rung up for it."""

from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse

from sakimori.accounts.models import SocRole, User
from sakimori.customers.models import AuditEntry, Contact, Contract
from sakimori.lib.jst import day_of
from sakimori.notify import drills
from sakimori.notify.actions import NotPossible
from sakimori.notify.by_hand import begin_call, enter_result
from sakimori.notify.interface import PhoneState
from sakimori.notify.models import Alarm, Call, CallRound, CallState, RoundState, Severity
from tests.moments import Clock
from tests.notify.tree import ONE, THREE, TWO, Tree, add_contact
from tests.people import make_contract, make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def tree() -> Tree:
    contract = make_contract("株式会社さくら商店", "A")
    for priority, number in enumerate((ONE, TWO, THREE), start=1):
        add_contact(contract, number, priority)
    return Tree(contract)


@pytest.fixture
def dana() -> User:
    return make_user("dana", "高橋", "棚子", soc_role=SocRole.ANALYST)


def begin(tree: Tree, by: User, **more: bool) -> CallRound:
    return drills.begin(tree.contract.customer, by=by, now=tree.clock(), **more)


def test_every_number_is_called_once_and_hears_that_it_is_a_test(tree: Tree, dana: User) -> None:
    round_ = begin(tree, dana)
    tree.ring()
    assert tree.phone.placed[0].say.startswith("これは連絡先のテストです。")
    for state in (PhoneState.CONFIRMED, PhoneState.NO_ANSWER, PhoneState.FAILED):
        tree.press(state)
    tree.ring(seconds=900)
    assert tree.dialled() == [ONE, TWO, THREE]
    round_.refresh_from_db()
    assert (round_.state, round_.begun_by) == (RoundState.DONE, dana)
    proven = {contact.phone: (bool(contact.proven_at), bool(contact.failed_at)) for contact in Contact.objects.all()}
    assert proven == {ONE: (True, False), TWO: (False, False), THREE: (False, True)}
    alarm = Alarm.objects.get()
    assert (alarm.severity, alarm.due_at) == (Severity.LOW, None), "nobody is rung up for it"
    assert "三郎 様の電話番号は不通です" in alarm.sentence
    assert AuditEntry.objects.get(action="drill.begin").actor == "dana"


def test_a_number_that_rings_again_is_alive(tree: Tree, dana: User) -> None:
    Contact.objects.update(failed_at=tree.clock())
    begin(tree, dana)
    tree.ring()
    tree.press(PhoneState.BUSY)
    assert Contact.objects.get(phone=ONE).failed_at is None
    assert Contact.objects.get(phone=TWO).failed_at is not None


def test_the_night_is_left_alone_unless_somebody_asked(tree: Tree, dana: User) -> None:
    tree.clock.pass_time(hours=10)
    with pytest.raises(NotPossible, match="夜間"):
        begin(tree, dana)
    with pytest.raises(NotPossible, match="夜間"):
        drills.begin_all(by=dana, now=tree.clock())
    begin(tree, dana, at_night=True)
    tree.ring()
    assert tree.dialled() == [ONE]


def test_a_test_that_reaches_into_the_night_ends_there(tree: Tree, dana: User) -> None:
    round_ = begin(tree, dana)
    tree.ring()
    tree.clock.pass_time(hours=9)
    tree.press(PhoneState.BUSY)
    tree.ring()
    round_.refresh_from_db()
    assert (round_.state, tree.dialled()) == (RoundState.DONE, [ONE])
    assert "夜間のため" in Call.objects.get(place=2).skip_reason


def test_hours_hold_for_a_test_too(tree: Tree, dana: User) -> None:
    Contact.objects.filter(phone=ONE).update(hours="月-日 22:00-06:00")
    begin(tree, dana)
    tree.ring()
    assert tree.dialled() == [TWO]


def test_a_real_round_goes_first_and_is_never_merged_with_a_test(tree: Tree, dana: User) -> None:
    drill = begin(tree, dana)
    real = tree.begin()
    assert real.pk != drill.pk
    tree.ring(seconds=3)
    assert [call.say.count("テスト") for call in tree.phone.placed] == [0]
    tree.press(PhoneState.CONFIRMED)
    tree.ring(seconds=6)
    assert tree.dialled() == [ONE, ONE]


def test_without_a_provider_an_operator_tests_by_hand_and_says_which_number_is_dead(tree: Tree, dana: User) -> None:
    round_ = begin(tree, dana)
    tree.ring(by_hand=True)
    assert Alarm.objects.get().severity == Severity.LOW
    round_.refresh_from_db()
    call = begin_call(round_, by=dana, now=tree.clock())
    enter_result(call, CallState.FAILED, by=dana, now=tree.clock())
    assert Contact.objects.get(phone=ONE).failed_at is not None
    for _ in range(2):
        call = begin_call(round_, by=dana, now=tree.clock())
        enter_result(call, CallState.CONFIRMED, spoke_with="次郎", by=dana, now=tree.clock())
    round_.refresh_from_db()
    assert round_.state == RoundState.DONE


def test_only_one_test_at_a_time_only_for_running_contracts_and_only_with_a_number(tree: Tree, dana: User) -> None:
    begin(tree, dana)
    with pytest.raises(NotPossible, match="実施中"):
        begin(tree, dana)
    other = make_contract("有限会社もみじ堂", "B")
    with pytest.raises(NotPossible, match="電話番号"):
        drills.begin(other.customer, by=dana, now=tree.clock())
    Contract.objects.update(ends_on=day_of(tree.clock()))
    with pytest.raises(NotPossible, match="有効な契約"):
        drills.begin(other.customer, by=dana, now=tree.clock())


def test_all_customers_are_tested_but_those_that_cannot_be(tree: Tree, dana: User) -> None:
    make_contract("有限会社もみじ堂", "B")
    assert drills.begin_all(by=dana, now=tree.clock()) == 1
    assert drills.begin_all(by=dana, now=tree.clock()) == 0


def test_the_soc_is_reminded_once_a_quarter_in_one_alarm(tree: Tree, dana: User) -> None:
    clock = Clock(tree.clock() + timedelta(days=20))
    assert drills.remind(now=tree.clock()) == 0, "the customer is new"
    assert drills.remind(now=clock()) == 1
    assert drills.remind(now=clock()) == 0
    alarm = Alarm.objects.get()
    assert (alarm.severity, alarm.link) == (Severity.LOW, "/console/drills/")
    Alarm.objects.update(acknowledged_at=clock())
    assert drills.remind(now=clock.pass_time(days=6)) == 0
    assert drills.remind(now=clock.pass_time(days=2)) == 1
    CallRound.objects.create(
        key="d",
        customer=tree.contract.customer,
        subject="x",
        say="x",
        started_at=clock(),
        next_try_at=clock(),
        ended_at=clock(),
        is_drill=True,
        state=RoundState.DONE,
    )
    Alarm.objects.all().delete()
    assert drills.remind(now=clock.pass_time(days=90)) == 0
    assert drills.remind(now=clock.pass_time(days=3)) == 1


def test_the_pages_begin_a_test_and_show_what_it_has_shown(tree: Tree, dana: User) -> None:
    client = Client()
    client.force_login(dana)
    customer = tree.contract.customer
    page = reverse("console:drill", args=[customer.pk])
    text = client.post(page, {"at_night": "on"}, follow=True).content.decode()
    assert "連絡先テストを開始しました" in text
    assert "03-0000-0000" in text, "the number that we call from"
    assert "既に実施中です" in client.post(page, {"at_night": "on"}, follow=True).content.decode()
    Contact.objects.filter(phone=ONE).update(failed_at=tree.clock())
    assert "不通" in client.get(page).content.decode()
    assert "1 名" in client.get(reverse("console:drills")).content.decode()
    assert client.post(reverse("console:drill-all"), follow=True).status_code == 200
    assert client.get(reverse("console:drill", args=[999])).status_code == 404
