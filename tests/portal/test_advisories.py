"""Security news on the portal: only what is approved, only for customers, inert text and plain links."""

import pytest
from django.test import Client
from django.urls import reverse

from sakimori.advisories import actions
from sakimori.advisories.models import Advisory
from sakimori.customers.models import Contract
from tests.people import People, make_user
from tests.reports.desk import NOW, make_erin


@pytest.fixture
def draft(people: People) -> Advisory:
    return actions.write(
        title="脆弱性に関する注意喚起",
        body="一行目です。\n<script>alert(1)</script>",
        sources="https://www.example.jp/alert?a=1&b=2",
        by=people.dana,
        now=NOW,
    )


@pytest.fixture
def approved(draft: Advisory) -> Advisory:
    actions.approve(draft, seen=actions.seen_mark(draft), by=make_erin(), now=NOW)
    return draft


def test_a_draft_is_not_there(people: People, draft: Advisory, client: Client) -> None:
    for person in ("alice", "dana"):
        client.force_login(getattr(people, person))
        assert client.get(reverse("portal:advisory", args=[draft.pk])).status_code == 404
        assert "お知らせはまだありません" in client.get(reverse("portal:advisories")).content.decode()


def test_everybody_of_every_customer_reads_what_is_approved(people: People, approved: Advisory, client: Client) -> None:
    page = reverse("portal:advisory", args=[approved.pk])
    for person in ("alice", "bob", "charlie", "dana"):
        client.force_login(getattr(people, person))
        assert "脆弱性に関する注意喚起" in client.get(reverse("portal:advisories")).content.decode()
        text = client.get(page).content.decode()
        assert "一行目です。<br>&lt;script&gt;alert(1)&lt;/script&gt;" in text
        assert 'href="https://www.example.jp/alert?a=1&amp;b=2" rel="noopener noreferrer external"' in text
    client.logout()
    assert client.get(page).status_code == 302


def test_who_belongs_to_nobody_or_left_before_reads_nothing(people: People, approved: Advisory, client: Client) -> None:
    Contract.objects.filter(pk=people.a.pk).update(ends_on=NOW.date())
    for person in (people.alice, make_user("fremd", "無所属", "太郎")):
        client.force_login(person)
        assert client.get(reverse("portal:advisory", args=[approved.pk])).status_code == 404
        assert "脆弱性" not in client.get(reverse("portal:advisories")).content.decode()
