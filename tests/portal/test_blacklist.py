"""The customer's own list: nobody else's rows, no names of the desk's people, and the way to the removal."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from sakimori.blacklist.models import BlockState
from tests.people import People, make_block, make_ticket

LIST, TABLE = reverse("portal:blacklist"), reverse("portal:blacklist-csv")


@pytest.fixture
def listed(people: People) -> People:
    mine = make_block(people.a, "203.0.113.1", decided_by=people.dana, note="社内のメモ", hits=4)
    make_ticket(people.a, blocks=[mine])
    make_block(people.a, "203.0.113.2", state=BlockState.RESTORED)
    make_ticket(people.b, "T-0002", blocks=[make_block(people.b, "198.51.100.1")])
    return people


def page(client: Client, **query: str) -> str:
    return client.get(LIST, query).content.decode()


@pytest.mark.parametrize(
    ("person", "shown", "hidden"),
    [
        ("alice", "203.0.113.1", "198.51.100.1"),
        ("bob", "203.0.113.1", "198.51.100.1"),
        ("charlie", "198.51.100.1", "203.0.113.1"),
    ],
)
def test_everybody_sees_his_own_customers_entries_on_page_and_in_the_file(
    person: str, shown: str, hidden: str, listed: People, client: Client
) -> None:
    client.force_login(getattr(listed, person))
    file = b"".join(client.get(TABLE).streaming_content).decode()  # type: ignore[arg-type]
    for text in (page(client), page(client, state="all"), page(client, address="0.0.0.0/0"), file):
        assert shown in text
        assert hidden not in text
    assert "条件に合う登録はありません" in page(client, address=hidden)


def test_the_customer_learns_why_until_when_and_how_often_but_not_who(listed: People, client: Client) -> None:
    client.force_login(listed.alice)
    text = page(client)
    for part in ("SQLインジェクション", "遮断 3・通過 1", "期限なし", "4 件", "T-0001", "SOC 担当者が判断", "遮断中"):
        assert part in text, part
    for part in ("高橋", "社内のメモ", "203.0.113.2"):
        assert part not in text, part
    assert "設定を戻しました" in page(client, state="restored")


def test_only_who_may_ask_for_a_removal_has_the_button(listed: People, client: Client) -> None:
    for person, buttons in (("alice", 1), ("bob", 0)):
        client.force_login(getattr(listed, person))
        assert page(client).count("解除を依頼<span") == buttons, person
    client.force_login(listed.alice)
    assert 'href="/portal/tickets/T-0001/addresses/' in page(client)
    assert "解除を依頼<span" not in page(client, state="restored")


def test_the_menu_leads_there(listed: People, client: Client) -> None:
    client.force_login(listed.alice)
    assert f'<a href="{LIST}" aria-current="page">ブラックリスト</a>' in page(client)


def test_an_empty_list_says_so(people: People, client: Client) -> None:
    client.force_login(people.alice)
    assert "現在、ブラックリストに登録している IP アドレスはありません" in page(client)


def test_a_stranger_is_sent_to_the_sign_in_page(people: People, client: Client) -> None:
    for address in (LIST, TABLE):
        assert client.get(address).status_code == 302


def test_the_number_of_queries_does_not_grow(
    people: People, client: Client, django_assert_max_num_queries: Callable[[int], Any]
) -> None:
    make_ticket(people.a, blocks=[make_block(people.a, f"203.0.113.{number}") for number in range(40)])
    client.force_login(people.alice)
    with django_assert_max_num_queries(12):
        assert page(client).count("解除を依頼<span") == 40
