"""Deciding from one list: its clocks, the drawer, one decision for many rows, an end, and what the keys find."""

import re
from datetime import timedelta
from pathlib import Path

import pytest
from django.test import Client
from django.urls import reverse

import sakimori.console
from sakimori.blacklist.models import Block, BlockState
from sakimori.lib.jst import utc_now
from tests.people import People, make_block, make_proxy_case

KEYS = (Path(sakimori.console.__path__[0]) / "static/console/keys.js").read_text(encoding="utf-8")
LIST = reverse("console:attacks")


@pytest.fixture
def desk(people: People, client: Client) -> Client:
    client.force_login(people.dana)
    return client


def proposed(people: People, number: int = 3) -> list[Block]:
    return [make_block(people.a, f"203.0.113.{place}", state=BlockState.PROPOSED) for place in range(1, number + 1)]


def test_a_row_shows_how_long_it_waits_and_until_when(people: People, desk: Client) -> None:
    now = utc_now()
    make_block(people.a, "203.0.113.1", state=BlockState.PROPOSED, proposed_at=now - timedelta(minutes=14, seconds=5))
    make_block(people.a, "203.0.113.2", state=BlockState.PROPOSED, proposed_at=now - timedelta(minutes=40))
    text = desk.get(LIST).content.decode()
    assert "14 分 5 秒" in text
    assert re.search(r"期限まで <span data-left>5\d 秒", text)
    assert "期限切れ" in text
    assert "40 分" in text


def test_the_drawer_holds_details_and_evidence_without_the_frame_of_a_page(people: People, desk: Client) -> None:
    block = proposed(people, 1)[0]
    address = reverse("console:block", args=[block.pk])
    assert f'hx-get="{address}"' in desk.get(LIST).content.decode()
    inside = desk.get(address, headers={"HX-Request": "true"}).content.decode()
    whole = desk.get(address).content.decode()
    assert "<html" not in inside
    assert 'id="evidence-' in inside
    for part in ("8341000123456789012", "監査記録", "この接続元のログを検索する"):
        assert part in inside, part
        assert part in whole, part


def test_the_page_names_the_sites_that_an_entry_holds_for(people: People, desk: Client) -> None:
    block = make_block(people.a)
    address = reverse("console:block", args=[block.pk])
    assert "すべてのサイト" in desk.get(address).content.decode()
    Block.objects.update(only_sites=[ord("A"), 999])
    assert "shop-a.example.jp、サイト 999 のみ" in desk.get(address).content.decode()
    assert "登録は 2 サイトのみ" in desk.get(reverse("console:blocked")).content.decode()


@pytest.mark.parametrize(
    ("wish", "state", "said"),
    [
        ({"wish": "approve"}, BlockState.APPROVED, "203.0.113.1、203.0.113.2 の登録を承認しました"),
        ({"wish": "refuse"}, BlockState.REFUSED, "の登録を却下しました"),
        ({"wish": "shorten", "lasts": "1h"}, BlockState.APPROVED, "の登録を承認しました"),
        ({"wish": "shorten"}, BlockState.PROPOSED, "期間を選んでください"),
        ({"wish": "shorten", "lasts": "2h"}, BlockState.PROPOSED, "期間を選んでください"),
        ({}, BlockState.PROPOSED, "操作を選んでください"),
    ],
)
def test_chosen_rows_get_one_decision(
    wish: dict[str, str], state: BlockState, said: str, people: People, desk: Client
) -> None:
    first, second, third = proposed(people)
    answer = desk.post(reverse("console:decide-chosen"), {"chosen": [first.pk, second.pk, "x"], **wish}, follow=True)
    assert said in answer.content.decode()
    assert [block.state for block in Block.objects.order_by("pk")] == [state, state, BlockState.PROPOSED]
    third.refresh_from_db()
    assert third.expires_at is None
    assert (Block.objects.get(pk=first.pk).expires_at is not None) is (wish.get("lasts") == "1h")


def test_what_was_decided_meanwhile_is_no_longer_among_the_chosen(people: People, desk: Client) -> None:
    block = make_block(people.a, state=BlockState.RESTORED)
    answer = desk.post(reverse("console:decide-chosen"), {"chosen": block.pk, "wish": "approve"}, follow=True)
    assert "対象がありません" in answer.content.decode()


def test_many_refusals_are_told_in_few_lines(people: People, desk: Client) -> None:
    blocks = [make_block(people.a, f"203.0.113.{number}", state=BlockState.UNKNOWN) for number in range(7)]
    chosen = [block.pk for block in blocks]
    text = desk.post(
        reverse("console:decide-chosen"), {"chosen": chosen, "wish": "refuse"}, follow=True
    ).content.decode()
    assert text.count("のため、却下できません") == 5
    assert "ほか 2 件は変更できませんでした" in text


def test_an_entry_gets_an_end_with_one_button(people: People, desk: Client) -> None:
    block = proposed(people, 1)[0]
    address = reverse("console:shorten", args=[block.pk])
    assert "期間を選んでください" in desk.post(address, {"lasts": "x"}, follow=True).content.decode()
    assert "期限を 7 日後にしました" in desk.post(address, {"lasts": "7d"}, follow=True).content.decode()
    block.refresh_from_db()
    assert block.state == BlockState.APPROVED
    assert block.decided_at is not None
    assert block.expires_at == block.decided_at + timedelta(days=7)
    Block.objects.update(state=BlockState.RESTORED)
    assert "期限を設定できません" in desk.post(address, {"lasts": "1h"}, follow=True).content.decode()


def test_every_key_of_the_script_finds_its_place_on_the_page_and_in_the_help(people: People, desk: Client) -> None:
    """The script itself is tried in a browser, where there is one (tests/browser/test_list.py)."""
    proposed(people)
    text = desk.get(LIST).content.decode()
    rows = text.split("<tr data-row")[1:]
    assert len(rows) == 3
    for row in rows:
        for place in ('data-key="a"', 'data-key="r"', 'data-open="s"', 'data-choice="4"', 'name="chosen"', "<a href"):
            assert place in row, place
        assert '<tr class="drawer">' in row
    for attribute in re.findall(r"\[(data-[a-z-]+)", KEYS):
        assert attribute in text, attribute
    for key in "jkarsxo":
        assert f"<kbd>{key}</kbd>" in text, key
    assert "console/keys.js" in text
    assert "console/choosing.js" in text
    assert "console/clock.js" in text


def test_who_looks_at_the_list_learns_of_new_questions(people: People, desk: Client) -> None:
    proposed(people)
    page = desk.get(LIST)
    seen = {"newest": page.context["newest"], "shown": "0"}
    address = reverse("console:attacks-news")
    assert f"{address}?newest={seen['newest']}" in page.content.decode()
    assert desk.get(address, seen).status_code == 204
    make_block(people.b, "198.51.100.1", state=BlockState.PROPOSED)
    assert "新しい判断待ちが 1 件あります" in desk.get(address, seen).content.decode()
    assert desk.get(address, {**seen, "shown": "1"}).status_code == 204
    Block.objects.filter(address="198.51.100.1").update(state=BlockState.REFUSED)
    assert "新しい" not in desk.get(address, {**seen, "shown": "1"}).content.decode()
    assert desk.get(address, {"newest": "x", "shown": "9" * 30}).status_code == 200


def test_questions_under_a_case_which_the_list_hides_are_no_news(people: People, desk: Client) -> None:
    newest = desk.get(LIST).context["newest"]
    case = make_proxy_case(people.a)
    for number in range(3):
        make_block(people.a, f"198.51.100.{number}", state=BlockState.PROPOSED, proxy_case=case)
    seen = {"newest": newest, "shown": "0"}
    assert desk.get(reverse("console:attacks-news"), seen).status_code == 204


def test_everything_works_without_a_script_and_says_whose_it_is(people: People, desk: Client) -> None:
    proposed(people, 1)
    text = desk.get(LIST).content.decode()
    for button in ("承認", "却下"):
        assert f'{button}<span class="unseen">：203.0.113.1</span></button>' in text
    assert 'aria-label="203.0.113.1 を選ぶ"' in text
    assert '<details class="shorten"' in text
    assert "この遮断を別のページで開く" in text
    assert "data-choose-all" in text
    assert "<script>" not in text
    assert " style=" not in text
