"""The list on the console: found, downloaded, added to by hand, and taken off in bulk."""

import csv
import io
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from sakimori import backends
from sakimori.accounts.models import SocRole
from sakimori.blacklist import bulk
from sakimori.blacklist.models import Block, BlockState
from sakimori.customers.models import RegisteredNetwork
from sakimori.logs.store.interface import LogStore, StoreUnavailable
from tests.people import People, make_block, make_user

REMOVE, ADD = "console:blocked-remove", "console:blocked-add"
REASON = {"reason": "誤検知のため"}


@pytest.fixture
def desk(people: People, client: Client) -> Client:
    client.force_login(people.dana)
    return client


def get(desk: Client, name: str, **query: Any) -> str:
    return desk.get(reverse(name), query).content.decode()


def test_the_list_shows_why_when_by_whom_and_until(people: People, desk: Client) -> None:
    make_block(people.a, decided_by=people.dana, hits=12)
    make_block(people.a, "203.0.113.0/28", note="範囲からの攻撃", decided_by=people.dana)
    text = get(desk, "console:blocked")
    for part in (
        "203.0.113.5",
        "株式会社さくら商店",
        "SQLインジェクション",
        "高橋 棚子",
        "期限なし",
        "12 件",
        "203.0.113.0/28",
    ):
        assert part in text, part


def test_a_search_and_its_pages_keep_the_filter(people: People, desk: Client) -> None:
    for number in range(51):
        make_block(people.a, f"203.0.113.{number}")
    make_block(people.b, "198.51.100.1")
    text = get(desk, "console:blocked", address="203.0.113.0/24")
    assert "（51 件）" in text
    assert "?address=203.0.113.0%2F24&amp;page=2" in text
    assert "198.51.100.1" not in text
    assert "条件に合う登録はありません" in get(desk, "console:blocked", address="192.0.2.1")
    assert "IP アドレスまたはネットワークをご記入ください" in get(desk, "console:blocked", address="x")


def test_the_list_is_narrowed_by_who_decided(people: People, desk: Client) -> None:
    kuroda = make_user("kuroda", "黒田", "誠", soc_role=SocRole.MANAGER)
    make_block(people.a, "203.0.113.1", decided_by=people.dana)
    make_block(people.a, "198.51.100.0/28", decided_by=kuroda, second_by=people.dana)
    make_block(people.a, "203.0.113.3")
    assert "（1 件）" in get(desk, "console:blocked", decided=kuroda.pk)
    text = get(desk, "console:blocked", decided=people.dana.pk)
    assert "（2 件）" in text
    assert "203.0.113.3" not in text
    assert "正しく選択してください" in get(desk, "console:blocked", decided=people.alice.pk)


def test_the_list_comes_as_a_file(people: People, desk: Client) -> None:
    make_block(people.a)
    make_block(people.b, "198.51.100.1")
    answer = desk.get(reverse("console:blocked-csv"), {"customer": people.b.customer_id})
    assert answer.headers["Content-Disposition"].endswith('.csv"')
    content = b"".join(answer.streaming_content).decode("utf-8-sig")  # type: ignore[arg-type]
    _, line = csv.reader(io.StringIO(content, newline=""))
    assert line[:3] == ["有限会社もみじ堂", "K-B-001", "198.51.100.1"]


def test_chosen_entries_come_off_after_a_look_with_one_reason_and_the_number_typed(
    people: People, desk: Client
) -> None:
    blocks = [make_block(people.a, f"203.0.113.{number}") for number in range(3)]
    address = reverse(REMOVE) + f"?chosen={blocks[0].pk}&chosen={blocks[1].pk}&chosen=x"
    page = desk.get(address).content.decode()
    assert "2 件をまとめて解除します" in page
    assert "203.0.113.2" not in page
    wrong = desk.post(address, {**REASON, "typed": "3", "newest": blocks[2].pk}).content.decode()
    assert "件数が一致しません。いま対象は 2 件です" in wrong
    assert not Block.objects.exclude(state=BlockState.ACTIVE).exists()
    answer = desk.post(address, {**REASON, "typed": "2", "newest": blocks[2].pk}, follow=True)
    assert "2 件の解除を受け付けました" in answer.content.decode()
    assert Block.objects.filter(state=BlockState.RESTORING, restore_reason="誤検知のため").count() == 2
    again = desk.post(address, {**REASON, "typed": "2"}).content.decode()
    assert "対象の登録がありません" in again


def test_all_that_a_filter_finds_comes_off_and_nothing_that_came_since(people: People, desk: Client) -> None:
    for number in range(3):
        make_block(people.a, f"203.0.113.{number}")
    make_block(people.b, "198.51.100.1")
    address = reverse(REMOVE) + "?all=1&address=203.0.113.0/24"
    newest = desk.get(address).context["newest"]
    make_block(people.a, "203.0.113.9")
    desk.post(address, {**REASON, "typed": "3", "newest": newest})
    left = set(Block.objects.filter(state=BlockState.ACTIVE).values_list("address", flat=True))
    assert left == {"198.51.100.1", "203.0.113.9"}


def test_what_is_more_than_one_run_takes_is_said(people: People, desk: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bulk, "AT_MOST", 2)
    for number in range(3):
        make_block(people.a, f"203.0.113.{number}")
    assert "一度に解除できるのは 2 件まで" in get(desk, REMOVE, all="1")
    answer = desk.post(reverse(REMOVE) + "?all=1", {**REASON, "typed": "3"}, follow=True)
    assert "残り 1 件は、もう一度操作してください" in answer.content.decode()


def test_a_condition_that_cannot_be_understood_takes_nothing_off(people: People, desk: Client) -> None:
    make_block(people.a)
    assert "対象の登録がありません" in get(desk, REMOVE, all="1", address="nonsense")


def test_an_address_is_added_by_hand(
    people: People, desk: Client, log_store: LogStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(backends, "log_store", lambda: log_store)
    form = {"contract": people.a.pk, "address": "203.0.113.7", "note": "取引先の連絡", "lasts": "7d"}
    answer = desk.post(reverse(ADD), form, follow=True)
    block = Block.objects.get()
    assert "203.0.113.7 を追加しました" in answer.content.decode()
    assert (block.state, block.note, block.decided_by) == (BlockState.APPROVED, "取引先の連絡", people.dana)
    assert block.expires_at is not None
    again = desk.post(reverse(ADD), form).content.decode()
    assert "すでに「登録待ち」です" in again
    network = desk.post(reverse(ADD), {**form, "address": "198.51.100.0/28", "lasts": ""}, follow=True)
    assert "別の担当者の承認を待ちます" in network.content.decode()
    kuroda = make_user("kuroda", "黒田", "誠", soc_role=SocRole.MANAGER)
    wide = Block.objects.get(address="198.51.100.0/28")
    assert "別の担当者の承認が必要です" in _approve(desk, wide)
    desk.force_login(kuroda)
    assert "198.51.100.0/28 の登録を承認しました" in _approve(desk, wide)
    assert "1 人目" not in get(desk, "console:blocked", state="all")


def _approve(desk: Client, block: Block) -> str:
    return desk.post(reverse("console:approve", args=[block.pk]), follow=True).content.decode()


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"address": "203.0.113.9/24"}, "この範囲は 203.0.113.0/24 です"),
        ({"address": "10.0.0.1"}, "インターネット上の利用者のアドレスではないため"),
        ({"address": "192.0.2.0/24"}, "インターネット上の利用者のアドレスではないため"),
        ({"address": "203.0.113.0/24"}, "お客様が登録されたアドレスのため"),
        ({"note": ""}, "入力してください"),
        ({"contract": "999"}, "正しく選択してください"),
        ({"lasts": "forever"}, "正しく選択してください"),
    ],
)
def test_what_cannot_be_added_is_said_and_changes_nothing(
    changed: dict[str, str], said: str, people: People, desk: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(backends, "log_store", lambda: None)
    RegisteredNetwork.objects.create(customer=people.a.customer, network="203.0.113.64/32")
    form = {"contract": people.a.pk, "address": "203.0.113.7", "note": "理由", "lasts": ""}
    assert said in desk.post(reverse(ADD), {**form, **changed}).content.decode()
    assert not Block.objects.exists()


def test_without_the_log_nobody_knows_whom_it_would_hit(
    people: People, desk: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Away:
        def query(self, *_: object, **__: object) -> object:
            raise StoreUnavailable("away")

    monkeypatch.setattr(backends, "log_store", Away)
    form = {"contract": people.a.pk, "address": "203.0.113.7", "note": "理由", "lasts": ""}
    assert "ログ保管庫に接続できないため" in desk.post(reverse(ADD), form).content.decode()
    assert not Block.objects.exists()


@pytest.mark.parametrize("name", ["console:attacks", "console:blocked", REMOVE])
def test_the_number_of_queries_does_not_grow_with_the_rows(
    name: str, people: People, desk: Client, django_assert_max_num_queries: Callable[[int], Any]
) -> None:
    for number in range(45):
        state = BlockState.PROPOSED if name == "console:attacks" else BlockState.ACTIVE
        make_block(people.a, f"203.0.113.{number}", state=state, decided_by=people.dana)
    with django_assert_max_num_queries(14):
        assert desk.get(reverse(name), {"all": "1"}).status_code == 200
