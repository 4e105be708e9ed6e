"""ご利用状況: months, chart, applying for a larger plan, setup of the sites; and who may see and do what."""

from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse

from sakimori.customers.models import Contract
from sakimori.lib.calendar import Month
from sakimori.lib.jst import day_of, utc_now
from sakimori.usage.models import DeviationKind, UpgradeRequest
from tests.people import People
from tests.usage.rows import make_deviation, make_month, make_samples, make_setup

PAGES = ("contract-usage", "usage-chart", "upgrade")


@pytest.fixture
def contract(people: People) -> Contract:
    row = people.a
    row.plan_mbps, row.starts_on = 3, (utc_now() - timedelta(days=200)).date()
    row.save()
    make_samples(row, 3_400_000)
    make_month(row, 0, 3_400_000)
    make_month(row, 1, 4_000_001)
    make_month(row, 2, 2_900_000, share=0.5)
    return row


def page(client: Client, name: str = "usage", *args: object) -> str:
    return client.get(reverse(f"portal:{name}", args=args)).content.decode()


def ask(client: Client, contract: Contract, **fields: object) -> str:
    address = reverse("portal:upgrade", args=[contract.number])
    return client.post(address, fields, follow=True).content.decode()


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("contract-usage", {"alice": 200, "bob": 200, "charlie": 404, "dana": 200}),
        ("usage-chart", {"alice": 200, "bob": 200, "charlie": 404, "dana": 200}),
        ("upgrade", {"alice": 200, "bob": 403, "charlie": 404, "dana": 200}),
    ],
)
def test_everybody_sees_only_what_is_his(
    name: str, expected: dict[str, int], people: People, contract: Contract, client: Client
) -> None:
    address = reverse(f"portal:{name}", args=[contract.number])
    assert client.get(address).status_code == 302
    for person, status in expected.items():
        client.force_login(getattr(people, person))
        assert client.get(address).status_code == status, person
        missing = client.get(address.replace(contract.number, "K-X-999")).status_code
        assert missing == 404


def test_months_tell_use_plan_overage_and_how_sure_it_is(people: People, contract: Contract, client: Client) -> None:
    client.force_login(people.bob)
    text = page(client)
    for part in (
        "3.40 Mbps",
        "暫定値（集計中）",
        "超過 1 Mbps",
        "4.00 Mbps",
        "超過 2 Mbps",
        "2.90 Mbps",
        "暫定値（データ不足）",
        "多いほうから 5% を除いた残りの最大値（95 パーセンタイル）",
        "承認者または管理者の権限をお持ちの方です",
    ):
        assert part in text, part
    assert reverse("portal:upgrade", args=[contract.number]) not in text


def test_the_chart_is_a_picture_with_words_and_a_table_beside_it(
    people: People, contract: Contract, client: Client
) -> None:
    client.force_login(people.alice)
    text = page(client)
    address = reverse("portal:usage-chart", args=[contract.number])
    assert f'src="{address}" alt="{Month.at(utc_now()).written}の帯域の推移。使用帯域' in text
    assert "日ごとの最大値を表で見る" in text
    first, again = client.get(address), client.get(address)
    assert first.headers["Content-Type"] == "image/svg+xml"
    assert first.content == again.content
    assert "95 パーセンタイル 3.40 Mbps" in first.content.decode()


def test_what_was_not_read_is_said_so_and_has_no_chart(people: People, client: Client) -> None:
    client.force_login(people.charlie)
    text = page(client)
    assert "当月の帯域は未取得です。" in text
    assert text.count("未取得") >= 4
    assert "なし<" not in text
    assert client.get(reverse("portal:usage-chart", args=[people.b.number])).status_code == 404


def test_an_upgrade_is_asked_for_and_its_state_is_shown(people: People, contract: Contract, client: Client) -> None:
    client.force_login(people.alice)
    form = page(client, "upgrade", contract.number)
    assert "使用帯域（3.40 Mbps）をまかなうには、4 Mbps 以上が必要です。" in form
    assert "元の帯域には自動では戻りません" in form
    last = Month.at(utc_now()).plus(-1)
    text = ask(client, contract, month=last, to_mbps="5")
    assert "お申し込みを受け付けました" in text
    assert "SOC が確認中" in text
    request = UpgradeRequest.objects.get()
    assert (request.month, request.from_mbps, request.to_mbps, request.asked_by) == (last.first, 3, 5, people.alice)


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"month": "", "to_mbps": ""}, "入力してください。"),
        ({"month": "2020-01", "to_mbps": "5"}, "正しく選択してください"),
        ({"to_mbps": "3"}, "現在の 3 Mbps より大きく"),
        ({"to_mbps": "多め"}, "整数を入力してください"),
        ({"to_mbps": "-1"}, "以上"),
    ],
)
def test_a_wrong_form_changes_nothing_and_says_why(
    fields: dict[str, str], words: str, people: People, contract: Contract, client: Client
) -> None:
    client.force_login(people.alice)
    month = {} if "month" in fields else {"month": str(Month.at(utc_now()))}
    assert words in ask(client, contract, **month, **fields)
    assert not UpgradeRequest.objects.exists()


@pytest.mark.parametrize(("person", "status"), [("bob", 403), ("charlie", 404)])
def test_who_may_not_ask_changes_nothing(
    person: str, status: int, people: People, contract: Contract, client: Client
) -> None:
    client.force_login(getattr(people, person))
    fields = {"month": str(Month.at(utc_now())), "to_mbps": "5"}
    assert client.post(reverse("portal:upgrade", args=[contract.number]), fields).status_code == status
    assert not UpgradeRequest.objects.exists()


def test_sites_are_told_with_what_is_wrong(people: People, contract: Contract, client: Client) -> None:
    site = contract.sites.get()
    make_setup(site, servers=3, algorithm="random")
    make_deviation(site, DeviationKind.BALANCING, "ご契約の範囲を超えています：稼働サーバーが 3 台。")
    client.force_login(people.alice)
    text = page(client)
    assert "稼働 3 台、方式 Random、セッション維持 あり" in text
    assert "契約の範囲外" in text
    assert "ご契約の範囲を超えています：稼働サーバーが 3 台。" in text
    assert "お客様の証明書：" in text


def test_a_contract_that_has_ended_stays_readable_but_takes_no_application(
    people: People, contract: Contract, client: Client
) -> None:
    contract.ends_on = day_of(utc_now())
    contract.save()
    client.force_login(people.alice)
    text = page(client)
    assert "このご契約は解約済みです" in text
    assert "アップグレードを申し込む" not in text
    assert "いまはお申し込みいただけません" in page(client, "upgrade", contract.number)


def test_more_than_one_contract_is_a_list(people: People, contract: Contract, client: Client) -> None:
    Contract.objects.create(customer=contract.customer, number="K-A-002", starts_on=contract.starts_on)
    client.force_login(people.alice)
    text = page(client)
    assert reverse("portal:contract-usage", args=["K-A-002"]) in text
    assert "3.40 Mbps" in text
    assert "契約 K-A-002" in page(client, "contract-usage", "K-A-002")


def test_a_user_without_a_customer_is_told_so(people: People, client: Client) -> None:
    people.bob.memberships.all().delete()
    client.force_login(people.bob)
    assert "結び付けられていません" in page(client)
