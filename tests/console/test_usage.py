"""帯域・構成 on the desk: figures, trouble, what differs, upgrades to confirm, and looking at once."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from sakimori.customers.models import Contract, Site
from sakimori.lib.jst import day_of, utc_now
from sakimori.usage.models import UpgradeRequest, UsageState
from tests.people import People, make_contract
from tests.usage.rows import fill_usage, make_month, make_setup


@pytest.fixture
def desk(people: People, client: Client) -> Client:
    fill_usage(people)
    client.force_login(people.dana)
    return client


def page(client: Client) -> str:
    return client.get(reverse("console:usage")).content.decode()


@pytest.mark.parametrize("person", ["alice", "bob", "charlie"])
def test_only_the_desk_gets_in(person: str, people: People, client: Client) -> None:
    fill_usage(people)
    request = UpgradeRequest.objects.get()
    client.force_login(getattr(people, person))
    assert client.get(reverse("console:usage")).status_code == 404
    assert client.post(reverse("console:look", args=["K-A-001"])).status_code == 404
    for method in (client.get, client.post):
        assert method(reverse("console:upgrade", args=[request.pk])).status_code == 404
    request.refresh_from_db()
    assert request.confirmed_at is None


def test_it_tells_figures_trouble_and_what_differs(desk: Client) -> None:
    text = page(desk)
    for part in (
        "4.30 Mbps",
        "超過 2 Mbps",
        "3.70 Mbps",
        "超過 1 Mbps",
        "WAF ベンダーに接続できませんでした。",
        "登録が見当たらないサイトがあります：bare.example.jp",
        "契約の登録内容と異なります：WAF ベンダー側の契約帯域は 20 Mbps です。",
        "WAF ベンダー側の Load Balancing ライセンスは「あり」です。",
        "WAF を迂回中（検査されていません）",
        "稼働 3 台、待機 1 台、データセンター 2 か所、方式 Random、セッション維持 なし",
        "稼働 2 台、方式 未取得、セッション維持 未取得",
        "証明書の登録なし",
    ):
        assert part in text, part


def test_a_contract_of_which_nothing_was_read_says_so(people: People, desk: Client) -> None:
    text = page(desk)
    section = text[text.index("有限会社もみじ堂") :]
    assert section.count("未取得") >= 6
    assert "検査中" not in section


def test_an_upgrade_is_confirmed_after_its_effects_were_said(people: People, desk: Client) -> None:
    request = UpgradeRequest.objects.get()
    address = reverse("console:upgrade", args=[request.pk])
    assert address in page(desk)
    assert "契約帯域を、いまから 5 Mbps に変更します" in desk.get(address).content.decode()
    people.a.refresh_from_db()
    assert people.a.plan_mbps == 3
    text = desk.post(address, follow=True).content.decode()
    assert "帯域アップグレードを確認しました" in text
    assert "免除（アップグレード）" in text
    assert "確認待ちの申込みはありません。" in text
    people.a.refresh_from_db()
    assert people.a.plan_mbps == 5
    assert "に確認済みです" in desk.get(address).content.decode()


def test_what_cannot_be_confirmed_is_said(people: People, desk: Client) -> None:
    Contract.objects.filter(pk=people.a.pk).update(plan_mbps=9)
    address = reverse("console:upgrade", args=[UpgradeRequest.objects.get().pk])
    assert "申込内容（5 Mbps）に合いません" in desk.post(address, follow=True).content.decode()
    assert UpgradeRequest.objects.get().confirmed_at is None


def test_looking_at_once_makes_the_duties_due(people: People, desk: Client) -> None:
    later = utc_now() + timedelta(hours=1)
    UsageState.objects.update(samples_next_at=later, setup_next_at=later)
    answer = desk.post(reverse("console:look", args=["K-A-001"]), follow=True)
    assert "確認を始めました" in answer.content.decode()
    assert UsageState.objects.get().setup_next_at < later
    assert desk.get(reverse("console:look", args=["K-A-001"])).status_code == 405
    assert desk.post(reverse("console:look", args=["K-X-999"])).status_code == 404


def test_a_contract_that_has_ended_is_not_looked_at(people: People, desk: Client) -> None:
    Contract.objects.filter(pk=people.a.pk).update(ends_on=day_of(utc_now()))
    assert "解約済み" in page(desk)
    answer = desk.post(reverse("console:look", args=["K-A-001"]), follow=True)
    assert "確認は行いません" in answer.content.decode()


def test_more_contracts_and_sites_cost_no_more_questions(people: People, desk: Client) -> None:
    with CaptureQueriesContext(connection) as few:
        page(desk)
    for number in range(5):
        contract = make_contract(f"株式会社その{number}", "VWXYZ"[number])
        for place in range(3):
            site = Site.objects.create(contract=contract, domain=f"z{place}.example.jp", vendor_site_id=900 + place)
            make_setup(site)
        make_month(contract, 0, 1)
    with CaptureQueriesContext(connection) as many:
        page(desk)
    assert len(many) == len(few)
