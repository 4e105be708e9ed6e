"""Twenty incidents at once while a newsletter of five thousand copies waits: the urgent leave first."""

from collections.abc import Iterator
from time import monotonic

import pytest

from sakimori.customers.models import Contact, Customer
from sakimori.notify.actions import write_mail
from sakimori.notify.duties import send_due_mails
from sakimori.notify.models import Delivery, DeliveryState, Message, Priority
from sakimori.notify.smtp import SmtpMailer
from tests.moments import START
from tests.notify.post_office import PostOffice, open_office
from tests.people import make_contract

INCIDENTS, CONTACTS, NEWS = 20, 5, 5000


@pytest.fixture
def office() -> Iterator[PostOffice]:
    with open_office(PostOffice()) as made:
        yield made


@pytest.fixture
def customer() -> Customer:
    customer = make_contract("株式会社さくら商店", "A").customer
    for number in range(CONTACTS):
        Contact.objects.create(
            customer=customer, name=f"連絡先{number}", email=f"c{number}@example.jp", priority=number
        )
    news = Message.objects.create(key="news", customer=customer, subject="お知らせ", body="本文", written_at=START)
    Delivery.objects.bulk_create(
        Delivery(
            message=news,
            name="読者",
            address=f"r{number}@example.jp",
            mail_id=f"<{number}@x.example.jp>",
            next_try_at=START,
            priority=Priority.LATER,
        )
        for number in range(NEWS)
    )
    return customer


@pytest.mark.django_db
def test_the_mails_of_twenty_incidents_leave_before_any_newsletter(customer: Customer, office: PostOffice) -> None:
    for number in range(INCIDENTS):
        write_mail(
            key=f"incident:{number}",
            customer=customer,
            subject="【第一報】",
            body="本文",
            now=START,
            priority=Priority.URGENT,
        )
    urgent = Delivery.objects.filter(priority=Priority.URGENT, state=DeliveryState.QUEUED)
    mailer, rounds, began = SmtpMailer(office.url), 0, monotonic()
    while urgent.exists():
        assert send_due_mails(mailer=mailer, worker="one", now=START) > 0
        rounds += 1
    took = monotonic() - began
    assert rounds == INCIDENTS * CONTACTS / 10
    assert office.connections == rounds, "one connection for a round"
    assert {address for address in office.recipients if address.startswith("r")} == set()
    print(f"\n{INCIDENTS * CONTACTS} urgent mails in {took:.2f} s beside {NEWS} waiting ones")
