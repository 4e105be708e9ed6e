"""Rounds of calls are written down once, in order of priority, and nobody to call is an alarm."""

import pytest

from sakimori.customers.models import Contact, Contract
from sakimori.notify.calling import call_contacts
from sakimori.notify.models import Alarm, CallRound, CallState, RoundState
from tests.people import NOW, make_contract


@pytest.fixture
def contract(db: None) -> Contract:
    return make_contract("株式会社さくら商店", "A")


def test_a_round_has_one_planned_call_per_contact_with_a_phone_in_order_of_priority(contract: Contract) -> None:
    for priority, name, phone in ((3, "三", "03"), (1, "一", "01"), (2, "二", "")):
        _contact(contract, name, phone, priority)
    round_ = _begin(contract)
    assert [(call.name, call.number, call.state) for call in round_.calls.all()] == [
        ("一", "01", CallState.PLANNED),
        ("三", "03", CallState.PLANNED),
    ]


def test_asking_twice_begins_one_round(contract: Contract) -> None:
    _contact(contract, "一", "01", 1)
    assert _begin(contract).pk == _begin(contract).pk
    assert CallRound.objects.get().calls.count() == 1


def test_a_customer_without_a_phone_is_an_alarm(contract: Contract) -> None:
    assert _begin(contract).state == RoundState.EXHAUSTED
    assert "電話番号が登録されていない" in Alarm.objects.get().sentence


def _contact(contract: Contract, name: str, phone: str, priority: int) -> None:
    Contact.objects.create(
        customer=contract.customer, name=name, email=f"{priority}@example.jp", phone=phone, priority=priority
    )


def _begin(contract: Contract) -> CallRound:
    return call_contacts(key="x", customer=contract.customer, subject="用件", say="お伝えする内容", now=NOW)
