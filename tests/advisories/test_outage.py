"""The mails of an advisory when things break: a worker that dies, two workers at once, customers without contacts."""

from collections.abc import Sequence
from datetime import datetime, timedelta

import pytest

from sakimori.accounts.models import User
from sakimori.advisories import actions, duties
from sakimori.advisories.models import Advisory
from sakimori.advisories.queries import progress, written_to
from sakimori.customers.models import Contract
from sakimori.notify.models import Alarm, Delivery, Message
from tests.people import NOW, People, make_contract, make_people
from tests.reports.desk import make_contacts, make_erin

pytestmark = pytest.mark.django_db
LATER = NOW + timedelta(hours=1)


class Killed(BaseException):
    """What stops a worker in the middle."""


@pytest.fixture
def people() -> People:
    people = make_people()
    make_contacts(people.a, 2)
    make_contacts(people.b, 3)
    return people


def approved(people: People, second: User, title: str = "件名") -> Advisory:
    advisory = actions.write(title=title, body="本文です。", sources="", by=people.dana, now=NOW)
    actions.approve(advisory, seen=actions.seen_mark(advisory), by=second, now=NOW)
    return Advisory.objects.get(pk=advisory.pk)


def test_a_worker_that_dies_between_two_customers_is_followed_by_the_next(
    people: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    advisory = approved(people, make_erin())
    real = duties.mail

    def dies_at_b(advisory: Advisory, contracts: Sequence[Contract], *, now: datetime) -> None:
        if contracts[0] == people.b:
            raise Killed
        real(advisory, contracts, now=now)

    monkeypatch.setattr(duties, "mail", dies_at_b)
    with pytest.raises(Killed):
        duties.mail_advisories(now=LATER)
    assert written_to(advisory) == {people.a.customer_id}
    assert Advisory.objects.get().mailed_at is None
    monkeypatch.setattr(duties, "mail", real)
    assert duties.mail_advisories(now=LATER) == 1
    assert written_to(advisory) == {people.a.customer_id, people.b.customer_id}
    assert Delivery.objects.count() == 5
    assert Advisory.objects.get().mailed_at == LATER


def test_two_workers_that_saw_the_same_customers_write_each_mail_once(people: People) -> None:
    advisory = approved(people, make_erin())
    for _ in range(2):  # As if the second had looked before the first had written.
        for contract in (people.a, people.b):
            actions.mail(advisory, [contract], now=LATER)
    assert Message.objects.count() == 2
    assert Delivery.objects.count() == 5


def test_advisories_go_out_side_by_side_and_are_not_mixed_up(people: People) -> None:
    second = make_erin()
    made = [approved(people, second, title=f"件名 {number}") for number in range(11)]
    assert duties.mail_advisories(now=LATER) == 22
    assert {progress(advisory).waiting for advisory in made} == {5}
    assert {progress(advisory).customers for advisory in made} == {2}
    assert Message.objects.filter(subject__endswith="件名 10").count() == 2


def test_a_customer_without_contacts_is_an_alarm_and_stops_nobody(people: People) -> None:
    make_contract("無連絡株式会社", "N")
    advisory = approved(people, make_erin())
    assert duties.mail_advisories(now=LATER) == 3
    assert Alarm.objects.get().sentence.startswith("無連絡株式会社 には連絡先が登録されていない")
    assert progress(advisory).waiting == 5
    assert Advisory.objects.get().mailed_at == LATER


def test_where_there_is_no_customer_nothing_waits_for_ever(people: People) -> None:
    Contract.objects.update(ends_on=NOW.date())
    approved(people, make_erin())
    assert duties.mail_advisories(now=LATER) == 0
    assert Advisory.objects.get().mailed_at == LATER
    assert not Message.objects.exists()


def test_a_customer_with_one_running_and_one_ended_contract_gets_one_mail(people: People) -> None:
    Contract.objects.create(
        customer=people.a.customer, number="K-A-000", starts_on=NOW.date(), ends_on=NOW.date() - timedelta(days=1)
    )
    approved(people, make_erin())
    duties.mail_advisories(now=LATER)
    body = Message.objects.get(customer=people.a.customer).body
    assert "契約番号: K-A-001\n" in body
    assert "K-A-000" not in body
