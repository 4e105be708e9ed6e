"""The desk's lists and pages of attacks, and what an analyst decides on them."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from sakimori.blacklist.actions import approve
from sakimori.blacklist.models import Block, BlockState, Finding, FindingState
from sakimori.customers.audit import record
from tests.people import NOW, People, make_block, make_finding, make_ticket


@pytest.fixture
def desk(people: People, client: Client) -> Client:
    client.force_login(people.dana)
    return client


def _get(desk: Client, name: str, *args: object, **query: str) -> str:
    return desk.get(reverse(f"console:{name}", args=args), query).content.decode()


def test_what_waits_for_a_decision_is_listed_with_everything_to_decide_on(people: People, desk: Client) -> None:
    make_block(people.a, "203.0.113.1", state=BlockState.PROPOSED, good_requests=25)
    make_block(people.b, "203.0.113.2", state=BlockState.FAILED, last_error="WafUnavailable: 503")
    make_block(people.b, "203.0.113.3", state=BlockState.UNKNOWN)
    make_block(people.b, "203.0.113.4", state=BlockState.ACTIVE)
    make_finding(people.b, "198.51.100.9", kind="other", name="Brand New Thing")
    text = _get(desk, "attacks")
    for part in (
        "203.0.113.1",
        "203.0.113.2",
        "203.0.113.3",
        "株式会社さくら商店",
        "SQLインジェクション",
        "shop-a.example.jp",
        "遮断 3・通過 1",
        "正常な通信が多数あるため",
        "25 件",
        "2026/11/23 22:05:07",
        "自動で再試行します",
        "198.51.100.9",
        "Brand New Thing",
        "未知の検知名のため",
    ):
        assert part in text, part
    assert "203.0.113.4" not in text
    assert text.count('data-key="a"') == 2


def test_what_is_blocked_or_on_its_way_is_listed(people: People, desk: Client) -> None:
    for number, state in enumerate(BlockState):
        make_block(people.a, f"203.0.113.{number}", state=state)
    shown = {row.block.state for row in desk.get(reverse("console:blocked")).context["rows"]}
    assert shown == {
        BlockState.ACTIVE,
        BlockState.APPROVED,
        BlockState.APPLYING,
        BlockState.RESTORING,
        BlockState.UNKNOWN,
    }


def test_findings_are_narrowed_by_customer_kind_and_state(people: People, desk: Client) -> None:
    make_finding(people.a, "198.51.100.1", kind="other")
    make_finding(people.a, "198.51.100.2", kind="backdoor")
    make_finding(people.b, "198.51.100.3", kind="other", state=FindingState.OBSERVED)
    assert _addresses(desk) == {"198.51.100.1", "198.51.100.2", "198.51.100.3"}
    assert _addresses(desk, customer=str(people.b.customer_id)) == {"198.51.100.3"}
    assert _addresses(desk, kind="backdoor") == {"198.51.100.2"}
    assert _addresses(desk, kind="other", state="ask") == {"198.51.100.1"}
    assert "正しく選択してください" in _get(desk, "findings", kind="nonsense")


def test_the_filter_stays_while_turning_pages(people: People, desk: Client) -> None:
    for number in range(51):
        make_finding(people.a, f"198.51.100.{number}", kind="other")
    text = _get(desk, "findings", kind="other")
    assert text.count("<tr data-row") == 50
    assert "?kind=other&amp;page=2" in text


def test_an_analyst_approves_and_returns_to_his_list(people: People, desk: Client) -> None:
    block = make_block(people.a, state=BlockState.PROPOSED)
    here = reverse("console:attacks") + "?page=1"
    answer = desk.post(reverse("console:approve", args=[block.pk]), {"next": here})
    assert answer.headers["Location"] == here
    row = Block.objects.get()
    assert (row.state, row.decided_by) == (BlockState.APPROVED, people.dana)
    assert "203.0.113.5 の登録を承認しました" in desk.get(here).content.decode()


def test_an_analyst_refuses(people: People, desk: Client) -> None:
    block = make_block(people.a, state=BlockState.PROPOSED)
    desk.post(reverse("console:refuse", args=[block.pk]))
    assert Block.objects.get().state == BlockState.REFUSED
    assert Finding.objects.get().state == FindingState.DISMISSED


def test_what_cannot_be_decided_any_more_is_said_in_japanese(people: People, desk: Client) -> None:
    block = make_block(people.a, state=BlockState.RESTORED)
    answer = desk.post(reverse("console:approve", args=[block.pk]), follow=True)
    assert "「解除済み」のため、承認できません" in answer.content.decode()


@pytest.mark.parametrize("target", ["https://evil.example/", "//evil.example/", "javascript:alert(1)"])
def test_nobody_is_led_elsewhere_after_deciding(target: str, people: People, desk: Client) -> None:
    block = make_block(people.a, state=BlockState.PROPOSED)
    answer = desk.post(reverse("console:approve", args=[block.pk]), {"next": target})
    assert answer.headers["Location"] == reverse("console:attacks")


def test_an_analyst_restores_with_a_reason(people: People, desk: Client) -> None:
    block = make_block(people.a)
    address = reverse("console:restore", args=[block.pk])
    assert "入力してください。" in desk.post(address, {"reason": ""}).content.decode()
    assert Block.objects.get().state == BlockState.ACTIVE
    desk.post(address, {"reason": "お客様から電話で依頼"})
    row = Block.objects.get()
    assert (row.state, row.restore_reason) == (BlockState.RESTORING, "お客様から電話で依頼")


def test_the_page_of_a_block_tells_its_whole_life(people: People, desk: Client) -> None:
    block = make_block(people.a, state=BlockState.PROPOSED)
    approve(block, by=people.dana, now=NOW)
    record("block.something.new", by="sakimori", target=f"block:{block.pk}", now=NOW)
    make_ticket(people.a, blocks=[block])
    text = _get(desk, "block", block.pk)
    for part in (
        "登録を決定",
        "dana",
        "アナリストが登録を承認しました。",
        "その他の操作（block.something.new）",
        "自動処理",
        "高橋 棚子",
        "&lt;script&gt;alert(1)&lt;/script&gt;",
        "8341000123456789012",
        "T-0001",
        "データベースを不正に操作し",
    ):
        assert part in text, part


def test_the_record_of_a_customer_whose_key_is_gone_stays_readable_but_for_its_details(
    people: People, desk: Client
) -> None:
    block = make_block(people.a, state=BlockState.PROPOSED)
    approve(block, by=people.dana, now=NOW)
    customer = people.a.customer
    customer.sealed_key = ""
    customer.save()
    assert "鍵が破棄されているため読めません" in _get(desk, "block", block.pk)


def test_a_reason_code_of_the_future_is_shown_and_breaks_nothing(people: People, desk: Client) -> None:
    make_block(people.a, state=BlockState.PROPOSED, reason="not_known_yet")
    make_finding(people.a, "198.51.100.1", kind="not_known_yet", reason="nor_this")
    text = _get(desk, "attacks")
    assert "理由コード not_known_yet" in text
    assert "その他" in text


def test_a_finding_is_shown_with_its_evidence(people: People, desk: Client) -> None:
    finding = make_finding(people.a, "", kind="other", samples=[], rules=["\u202erule"])
    text = _get(desk, "finding", finding.pk)
    assert "アドレスなし" in text
    assert "リクエストの例は記録されていません" in text
    assert "&lt;U+202E&gt;rule" in text


@pytest.mark.parametrize("name", ["attacks", "blocked", "findings", "tickets", "intake"])
def test_the_number_of_queries_does_not_grow(
    name: str, people: People, desk: Client, django_assert_max_num_queries: Callable[[int], Any]
) -> None:
    states = (BlockState.PROPOSED, BlockState.ACTIVE)
    for number in range(40):
        block = make_block(people.a, f"203.0.113.{number}", state=states[number % 2])
        make_finding(people.b, f"198.51.100.{number}", kind="other")
        make_ticket(people.a, f"T-{number:04}", blocks=[block])
    # The intake page tells of everything around the logs.
    with django_assert_max_num_queries(21 if name == "intake" else 12):
        assert desk.get(reverse(f"console:{name}")).status_code == 200


def _addresses(desk: Client, **query: str) -> set[str]:
    rows = desk.get(reverse("console:findings"), query).context["rows"]
    return {row.finding.address for row in rows}
