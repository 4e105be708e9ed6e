"""診断・検査の予定 on both faces: who may announce what, and that nonsense is a sentence and changes nothing."""

from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse

from sakimori.blacklist.models import QuietWindow
from sakimori.customers.models import Contract
from sakimori.lib.jst import JST, day_of, utc_now
from tests.people import People, make_block, make_people

pytestmark = pytest.mark.django_db

NEW = "/portal/scans/K-A-001/new/"
LIST = "/portal/scans/"


@pytest.fixture
def people() -> People:
    return make_people()


def typed(**changes: str) -> dict[str, str]:
    now = utc_now().astimezone(JST)
    form = {
        "sources": "198.51.100.7",
        "starts_at": f"{now + timedelta(hours=1):%Y-%m-%dT%H:%M}",
        "ends_at": f"{now + timedelta(hours=9):%Y-%m-%dT%H:%M}",
        "note": "甲社の診断",
        "site": "",
    }
    return {**form, **changes}


def test_an_approver_announces_a_scan_and_withdraws_it(client: Client, people: People) -> None:
    client.force_login(people.alice)
    page = client.post(NEW, typed(site=str(people.a.sites.get().pk)), follow=True).content.decode()
    assert "診断・検査の予定を登録しました" in page
    assert "shop-a.example.jp" in page
    row = QuietWindow.objects.get()
    assert (row.contract, row.site, row.by_customer) == (people.a, people.a.sites.get(), True)
    page = client.post(f"/portal/scans/{row.pk}/withdraw/", follow=True).content.decode()
    assert "取消済み" in page
    row.refresh_from_db()
    assert row.withdrawn_by == people.alice


def test_a_reader_sees_but_does_not_change(client: Client, people: People) -> None:
    client.force_login(people.alice)
    client.post(NEW, typed())
    client.force_login(people.bob)
    page = client.get(LIST).content.decode()
    assert "甲社の診断" in page
    assert "承認者または管理者の方が行えます" in page
    assert "取り消す" not in page
    assert client.post(NEW, typed(note="x")).status_code == 403
    assert client.post(f"/portal/scans/{QuietWindow.objects.get().pk}/withdraw/").status_code == 403
    assert QuietWindow.objects.get().withdrawn_at is None


def test_a_stranger_finds_nothing(client: Client, people: People) -> None:
    client.force_login(people.alice)
    client.post(NEW, typed())
    client.force_login(people.charlie)
    assert "甲社の診断" not in client.get(LIST).content.decode()
    assert client.get(NEW).status_code == client.post(NEW, typed()).status_code == 404
    assert client.post(f"/portal/scans/{QuietWindow.objects.get().pk}/withdraw/").status_code == 404
    assert client.post("/console/scans/1/withdraw/").status_code == 404
    assert QuietWindow.objects.count() == 1


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"sources": "198.51.100.0/16"}, "範囲が広すぎます"),
        ({"sources": "x<script>"}, "読み取れません"),
        ({"sources": ""}, "入力してください"),
        ({"ends_at": ""}, "入力してください"),
        ({"ends_at": "2020-01-01T00:00"}, "終了は開始より後"),
        ({"starts_at": "x"}, "日時"),
        ({"note": ""}, "入力してください"),
        ({"note": "あ" * 201}, "200"),
        ({"site": "999"}, "候補"),
    ],
)
def test_nonsense_is_a_sentence_and_changes_nothing(
    client: Client, people: People, changes: dict[str, str], words: str
) -> None:
    client.force_login(people.alice)
    page = client.post(NEW, typed(**changes)).content.decode()
    assert words in page
    assert "<script>" not in page.partition("<main")[2].partition("</main>")[0]
    assert not QuietWindow.objects.exists()


def test_another_contracts_site_is_not_offered(client: Client, people: People) -> None:
    client.force_login(people.alice)
    client.post(NEW, typed(site=str(people.b.sites.get().pk)))
    assert not QuietWindow.objects.exists()


def test_who_is_blocked_already_is_told(client: Client, people: People) -> None:
    make_block(people.a, "198.51.100.7")
    client.force_login(people.alice)
    page = client.post(NEW, typed(), follow=True).content.decode()
    assert "198.51.100.7" in page
    assert "チケットからご依頼ください" in page


def test_a_cancelled_contract_announces_nothing_but_its_list_stays(client: Client, people: People) -> None:
    client.force_login(people.alice)
    client.post(NEW, typed())
    Contract.objects.update(ends_on=day_of(utc_now()))
    assert client.get(NEW).status_code == 404
    assert "甲社の診断" in client.get(LIST).content.decode()


def test_the_desk_announces_too(client: Client, people: People) -> None:
    client.force_login(people.dana)
    page = client.post(reverse("console:contract-scans", args=[people.a.pk]), typed(), follow=True).content.decode()
    assert "診断・検査の予定を登録しました" in page
    row = QuietWindow.objects.get()
    assert row.by_customer is False
    assert "甲社の診断" in client.get(reverse("console:scans")).content.decode()
    wrong = client.post(reverse("console:contract-scans", args=[people.a.pk]), typed(sources="10.0.0.1"))
    assert "インターネット上のアドレスではありません" in wrong.content.decode()
    make_block(people.a, "198.51.100.9")
    page = client.post(
        reverse("console:contract-scans", args=[people.a.pk]), typed(sources="198.51.100.9"), follow=True
    ).content.decode()
    assert "必要に応じて解除してください" in page
    client.post(reverse("console:scan-withdraw", args=[row.pk]))
    row.refresh_from_db()
    assert row.withdrawn_by == people.dana
