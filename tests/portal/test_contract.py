"""ご契約内容: a customer reads what is registered about him, and nothing of anybody else."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from sakimori.customers.models import Contact, Contract, Customer, RegisteredNetwork, Site
from tests.people import NOW, People


@pytest.fixture
def registered(people: People) -> People:
    for contract, letter in ((people.a, "a"), (people.b, "b")):
        Contact.objects.create(
            customer=contract.customer,
            name=f"連絡先{letter}",
            kana="レンラクサキ",
            email=f"{letter}@example.jp",
            phone="03-0000-0001",
            priority=1,
        )
        RegisteredNetwork.objects.create(customer=contract.customer, network="192.0.2.0/28", note=f"本社{letter}")
    return people


@pytest.mark.parametrize(("person", "own", "foreign"), [("alice", "a", "b"), ("bob", "a", "b"), ("charlie", "b", "a")])
def test_everybody_reads_his_own(person: str, own: str, foreign: str, registered: People, client: Client) -> None:
    client.force_login(getattr(registered, person))
    page = client.get(reverse("portal:contract")).content.decode()
    for words in (f"K-{own.upper()}-001", f"shop-{own}.example.jp", f"連絡先{own}", f"{own}@example.jp", f"本社{own}"):
        assert words in page, words
    for words in (f"K-{foreign.upper()}-001", f"連絡先{foreign}", f"{foreign}@example.jp", f"本社{foreign}"):
        assert words not in page, words
    assert "<form" not in page.partition("<main")[2]


def test_the_desk_reads_all_and_nobody_nothing(registered: People, client: Client) -> None:
    assert client.get(reverse("portal:contract")).status_code == 302
    client.force_login(registered.dana)
    page = client.get(reverse("portal:contract")).content.decode()
    assert "K-A-001" in page
    assert "K-B-001" in page


def test_it_stays_readable_after_the_end_and_says_when_the_data_goes(registered: People, client: Client) -> None:
    Contract.objects.filter(pk=registered.a.pk).update(ends_on="2020-02-15")
    client.force_login(registered.alice)
    page = client.get(reverse("portal:contract")).content.decode()
    assert "2020年2月15日" in page
    assert "2020年3月31日" in page


def test_somebody_without_a_customer_reads_that(people: People, client: Client) -> None:
    people.bob.memberships.all().delete()
    client.force_login(people.bob)
    assert "ご契約が登録されていません" in client.get(reverse("portal:contract")).content.decode()


def test_the_number_of_queries_does_not_grow(
    people: People, client: Client, django_assert_max_num_queries: Callable[[int], Any]
) -> None:
    for number in range(20):
        customer = Customer.objects.create(number=f"C-{number}", name="株式会社", created_at=NOW)
        contract = Contract.objects.create(customer=customer, number=f"K-{number}", starts_on=NOW.date())
        Site.objects.create(contract=contract, domain="www.example.jp", vendor_site_id=1000 + number)
    client.force_login(people.dana)
    with django_assert_max_num_queries(12):
        assert "K-19" in client.get(reverse("portal:contract")).content.decode()
