"""WAF との照合: who may see and decide, what the page says, what its buttons do."""

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from sakimori.blacklist.models import Block, BlockState, ListCheck
from sakimori.customers.models import AuditEntry
from tests.blacklist.rows import fill_lists
from tests.people import NOW, People, make_contract, make_people

pytestmark = pytest.mark.django_db


@pytest.fixture
def people() -> People:
    found = make_people()
    fill_lists(found)
    return found


def page(people: People, path: str) -> str:
    client = Client()
    client.force_login(people.dana)
    answer = client.get(path)
    assert answer.status_code == 200
    return answer.content.decode()


def post(people: People, path: str, **data: str) -> str:
    client = Client()
    client.force_login(people.dana)
    return client.post(path, data, follow=True).content.decode()


def missing_block() -> Block:
    return Block.objects.filter(missing_since__isnull=False).earliest("pk")


def test_only_the_desk_sees_and_decides(people: People) -> None:
    paths = ["/console/lists/", f"/console/lists/{people.a.pk}/"]
    writes = [f"/console/lists/{people.a.pk}/{what}/" for what in ("compare", "limit", "put-back")]
    writes += [f"/console/blocks/{missing_block().pk}/{what}/" for what in ("put-back", "accept-removal")]
    for person in (people.alice, people.bob, people.charlie, None):
        client = Client()
        if person is not None:
            client.force_login(person)
        assert {client.get(path).status_code for path in paths} <= {302, 403, 404}
        assert {client.post(path).status_code for path in writes} <= {302, 403, 404}
    assert not Block.objects.filter(state=BlockState.APPROVED).exists()
    assert not ListCheck.objects.exclude(limit=None).exists()


def test_the_overview_tells_each_contract_in_a_word(people: People) -> None:
    body = page(people, "/console/lists/")
    assert body.count("差異あり") == 1
    assert body.count("照合できません") == 1
    assert "900 / 1000" in body
    assert "残りわずか" in body


def test_the_page_of_a_contract_shows_what_differs(people: People) -> None:
    body = page(people, f"/console/lists/{people.a.pk}/")
    for words in (
        "専用ポリシーが無効にされています",
        "198.51.100.200",
        "203.0.114.1-203.0.114.9",
        "当システムで解除したアドレス",
        "900 / 1000 件（90%）",
        "3 件すべてを登録し直す",
        "shop-a.example.jp",
    ):
        assert words in body
    assert "認証に失敗しました" in page(people, f"/console/lists/{people.b.pk}/")


def test_more_contracts_cost_no_more_queries(people: People) -> None:
    page(people, "/console/lists/")
    with CaptureQueriesContext(connection) as few:
        page(people, "/console/lists/")
    for letter in "DEF":
        contract = make_contract(f"お客様 {letter}", letter)
        ListCheck.objects.create(contract=contract, next_at=NOW, checked_at=NOW, state="ready", entries=1, ours=1)
    with CaptureQueriesContext(connection) as many:
        page(people, "/console/lists/")
    assert len(many) == len(few)


def test_one_is_put_back_and_another_left_off(people: People) -> None:
    first, second, _ = Block.objects.filter(missing_since__isnull=False).order_by("pk")
    assert "登録し直しを始めました" in post(people, f"/console/blocks/{first.pk}/put-back/", next="/console/lists/")
    assert "解除済みにします" in post(people, f"/console/blocks/{second.pk}/accept-removal/")
    first.refresh_from_db()
    second.refresh_from_db()
    assert (first.state, second.state) == (BlockState.APPROVED, BlockState.RESTORING)
    records = page(people, f"/console/blocks/{second.pk}/")
    assert "解除済みにすることを指示" in records


def test_all_are_put_back_at_a_word(people: People) -> None:
    post(people, f"/console/lists/{people.a.pk}/put-back/")
    assert Block.objects.filter(state=BlockState.APPROVED).count() == 3


def test_the_block_page_says_that_it_is_missing_and_when_it_took_effect(people: People) -> None:
    block = missing_block()
    body = page(people, f"/console/blocks/{block.pk}/")
    assert "WAF の管理画面で削除されています" in body
    assert "登録の確認から 0 秒" in body
    Block.objects.update(first_hit_at=None, hits=0)
    assert "未確認" in page(people, f"/console/blocks/{block.pk}/")


@pytest.mark.parametrize("wrong", ["0", "-1", "x", "1.5", "9999999"])
def test_a_limit_that_makes_no_sense_is_refused_in_words(people: People, wrong: str) -> None:
    body = post(people, f"/console/lists/{people.a.pk}/limit/", limit=wrong)
    assert "1 以上 1,000,000 以下の整数" in body
    assert ListCheck.objects.get(contract=people.a).limit is None


def test_a_limit_is_saved_and_taken_back(people: People) -> None:
    assert "900 / 950" in post(people, f"/console/lists/{people.a.pk}/limit/", limit="950")
    assert "900 / 1000" in post(people, f"/console/lists/{people.a.pk}/limit/", limit="")
    assert AuditEntry.objects.filter(action="list.limit").count() == 2


def test_comparing_at_once_is_asked_for(people: People) -> None:
    before = ListCheck.objects.get(contract=people.a).next_at
    assert "照合を始めました" in post(people, f"/console/lists/{people.a.pk}/compare/")
    assert ListCheck.objects.get(contract=people.a).next_at > before
    assert AuditEntry.objects.get(action="list.compare").actor == "dana"
