"""The ticket page: what happened, evidence that stays text, the restore button, and how the state refreshes."""

import csv
import io
import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from sakimori.blacklist.explanations import explain
from sakimori.blacklist.models import AskFirst, Block, BlockState, Finding, FindingState
from sakimori.blacklist.reasons import Reason
from sakimori.lib.jst import utc_now
from sakimori.tickets.models import Note, Ticket, TicketBlock, TicketFinding
from tests.people import NOW, People, make_block, make_finding, make_ticket


@pytest.fixture
def ticket(people: People) -> Ticket:
    return make_ticket(people.a, blocks=[make_block(people.a)])


def _get(client: Client, name: str, *args: object, **query: str) -> str:
    return client.get(reverse(f"portal:{name}", args=args), query).content.decode()


def test_the_list_counts_addresses_and_those_still_blocked(people: People, client: Client) -> None:
    blocks = [make_block(people.a), make_block(people.a, "203.0.113.6", state=BlockState.RESTORED)]
    make_ticket(people.a, blocks=blocks)
    client.force_login(people.bob)
    text = _get(client, "tickets")
    assert 'data-label="アドレス数" class="num">2<' in text
    assert 'data-label="うち遮断中" class="num">1<' in text
    assert "株式会社さくら商店" in text
    assert "2026/11/23 22:05:07" in text


def test_it_tells_what_happened_in_plain_japanese(people: People, ticket: Ticket, client: Client) -> None:
    client.force_login(people.alice)
    text = _get(client, "ticket", ticket.number)
    for part in (
        "203.0.113.5",
        "SQLインジェクション",
        "データベースを不正に操作し",
        "shop-a.example.jp",
        "国：日本",
        "遮断 3",
        "通過 1",
        "遮断中",
        "この IP は業務に必要",
        "判定不能（アクセスログがないため）",
        "2026/11/23 22:02:07",
    ):
        assert part in text, part


def test_evidence_is_inert_and_hides_nothing(people: People, ticket: Ticket, client: Client) -> None:
    client.force_login(people.alice)
    text = _get(client, "ticket", ticket.number)
    assert "<script>alert" not in text
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in text
    assert "\u202e" not in text
    assert "&lt;U+202E&gt;gnp.exe" in text
    assert "curl/8.0&lt;U+0007&gt;" in text
    assert "2026年11月23日 22:04:59" in text
    assert "8341000123456789012" in text


def test_good_requests_are_told_when_they_are_known(people: People, client: Client) -> None:
    ticket = make_ticket(people.a, blocks=[make_block(people.a, good_requests=0)])
    client.force_login(people.alice)
    assert "正常な通信：0 件" in _get(client, "ticket", ticket.number)


def test_findings_of_many_files_are_added_up_and_only_five_samples_shown(people: People, client: Client) -> None:
    block = make_block(people.a)
    for _ in range(7):
        make_finding(people.a, block.address, block=block, kind="backdoor", name="Backdoor Protect")
    ticket = make_ticket(people.a, blocks=[block])
    client.force_login(people.alice)
    text = _get(client, "ticket", ticket.number)
    assert "遮断 24" in text
    assert text.count("<dt>ユーザーエージェント</dt>") == 5
    assert text.index("バックドア") < text.index("SQLインジェクション")


def test_an_admin_takes_an_address_off_the_list(people: People, ticket: Ticket, client: Client) -> None:
    client.force_login(people.alice)
    address = reverse("portal:restore", args=[ticket.number, TicketBlock.objects.get().pk])
    confirm = client.get(address).content.decode()
    assert "「設定を戻しました（反映に数分）」" in confirm
    assert "アナリストが確認してから判断します" in confirm
    answer = client.post(address, {"reason": "支社のアドレスです"}, follow=True)
    assert answer.redirect_chain == [(reverse("portal:ticket", args=[ticket.number]), 302)]
    text = answer.content.decode()
    assert "解除を受け付けました" in text
    assert "解除中" in text
    block = Block.objects.get()
    assert (block.state, block.restore_asked_by, block.restore_reason) == (
        BlockState.RESTORING,
        people.alice,
        "支社のアドレスです",
    )
    assert AskFirst.objects.get().address == "203.0.113.5"
    assert "佐藤 愛 様" in text


def test_a_second_click_changes_nothing(people: People, ticket: Ticket, client: Client) -> None:
    client.force_login(people.alice)
    address = reverse("portal:restore", args=[ticket.number, TicketBlock.objects.get().pk])
    client.post(address, {"reason": ""})
    client.post(address, {"reason": ""})
    assert AskFirst.objects.count() == 1
    assert Note.objects.filter(key__startswith="restore-asked").count() == 1


def test_a_reason_that_is_too_long_is_refused(people: People, ticket: Ticket, client: Client) -> None:
    client.force_login(people.alice)
    address = reverse("portal:restore", args=[ticket.number, TicketBlock.objects.get().pk])
    answer = client.post(address, {"reason": "あ" * 201})
    assert answer.status_code == 200
    assert 'aria-invalid="true"' in answer.content.decode()
    assert Block.objects.get().state == BlockState.ACTIVE


def test_an_address_that_cannot_be_restored_is_said_to_be_so(people: People, client: Client) -> None:
    ticket = make_ticket(people.a, blocks=[make_block(people.a, state=BlockState.REFUSED)])
    client.force_login(people.alice)
    address = reverse("portal:restore", args=[ticket.number, TicketBlock.objects.get().pk])
    assert "ブラックリストに登録していません" in client.get(address).content.decode()
    text = client.post(address, {"reason": ""}, follow=True).content.decode()
    assert "「対象外」のため、解除できません" in text
    assert Block.objects.get().state == BlockState.REFUSED


def test_a_reader_gets_no_button_and_learns_who_may(people: People, ticket: Ticket, client: Client) -> None:
    client.force_login(people.bob)
    text = _get(client, "ticket", ticket.number)
    assert f"/addresses/{TicketBlock.objects.get().pk}/restore/" not in text
    assert "承認者または管理者" in text
    assert "佐藤 愛 様" in text
    answer = client.post(reverse("portal:restore", args=[ticket.number, TicketBlock.objects.get().pk]), {"reason": ""})
    assert answer.status_code == 403
    assert "承認者または管理者の権限が必要です" in answer.content.decode()
    assert Block.objects.get().state == BlockState.ACTIVE


def test_an_entry_of_another_ticket_is_not_found(people: People, ticket: Ticket, client: Client) -> None:
    other = make_ticket(people.a, "T-0002", blocks=[make_block(people.a, "203.0.113.9")])
    client.force_login(people.alice)
    entry = TicketBlock.objects.get(ticket=ticket)
    assert client.get(reverse("portal:restore", args=[other.number, entry.pk])).status_code == 404


def test_the_state_refreshes_while_it_changes_and_then_stops(people: People, client: Client) -> None:
    block = make_block(people.a, state=BlockState.RESTORING)
    ticket = make_ticket(people.a, blocks=[block])
    client.force_login(people.alice)
    first = client.get(reverse("portal:ticket", args=[ticket.number]))
    assert 'hx-trigger="every 2s"' in first.content.decode()
    progress = reverse("portal:progress", args=[ticket.number])
    seen = {"seen": first.context["fingerprint"]}
    assert client.get(progress, seen).status_code == 204
    Note.objects.create(ticket=ticket, key="x", at=NOW, text="解除を進めています。")
    changed = client.get(progress, seen)
    assert changed.status_code == 200
    assert "解除を進めています。" in changed.content.decode()
    Block.objects.update(state=BlockState.RESTORED)
    last = client.get(progress, seen)
    assert last.status_code == 286
    assert "設定を戻しました（反映に数分）" in last.content.decode()
    assert 'hx-swap-oob="true"' in last.content.decode()
    assert 'hx-trigger="every 2s"' not in _get(client, "ticket", ticket.number)


@pytest.mark.parametrize("pages", [("tickets", ()), ("ticket", ("T-0001",)), ("progress", ("T-0001",))])
def test_the_number_of_queries_does_not_grow(
    pages: tuple[str, tuple[str, ...]],
    people: People,
    client: Client,
    django_assert_max_num_queries: Callable[[int], Any],
) -> None:
    blocks = [make_block(people.a, f"203.0.113.{number}") for number in range(1, 31)]
    make_ticket(people.a, blocks=blocks)
    for number in range(2, 30):
        make_ticket(people.a, f"T-{number:04}")
    client.force_login(people.alice)
    with django_assert_max_num_queries(18):
        client.get(reverse(f"portal:{pages[0]}", args=pages[1]))


def test_long_lists_are_cut_into_pages(people: People, client: Client) -> None:
    blocks = [make_block(people.a, f"203.0.113.{number}") for number in range(1, 53)]
    make_ticket(people.a, blocks=blocks)
    client.force_login(people.alice)
    assert _get(client, "ticket", "T-0001").count('class="drawer"') == 50
    assert _get(client, "ticket", "T-0001", page="2").count('class="drawer"') == 2


def test_waiting_and_refused_addresses_stand_in_the_ticket_with_the_reason(people: People, client: Client) -> None:
    blocks = [
        make_block(people.a),
        make_block(people.a, "203.0.113.6", state=BlockState.PROPOSED, reason=Reason.CAP_TOTAL),
        make_block(people.a, "203.0.113.7", state=BlockState.REFUSED, reason=Reason.REFUSED_BY_ANALYST),
    ]
    ticket = make_ticket(people.a, blocks=blocks)
    TicketBlock.objects.filter(block=blocks[1]).update(noted_as="waiting")
    TicketBlock.objects.filter(block=blocks[2]).update(noted_as="left")
    for _ in range(2):
        finding = make_finding(people.a, "203.0.113.8", state=FindingState.REFUSED, reason=Reason.REGISTERED)
        TicketFinding.objects.create(ticket=ticket, finding=finding, added_at=NOW)
    client.force_login(people.bob)
    text = _get(client, "ticket", ticket.number)
    for part in (
        "攻撃元の IP アドレス 1 件について",
        "1 件の IP アドレスは、登録してよいかを SOC が確認しています",
        "2 件の IP アドレスは、確認の結果、登録していません",
        "短時間に多数の攻撃元を検知しているため、1 件ずつ SOC が確認しています。",
        "SOC が内容を確認し、登録は不要と判断しました。",
        "登録の対象外とした IP アドレス（1 件）",
        "お客様の業務用として登録されているアドレスのため",
        "遮断 6",
    ):
        assert part in text, part
    assert "上限" not in text


def test_a_ticket_of_refused_findings_alone_is_a_whole_page(people: People, client: Client) -> None:
    ticket = make_ticket(people.a)
    finding = make_finding(people.a, "203.0.113.8", state=FindingState.REFUSED, reason=Reason.CRAWLER)
    TicketFinding.objects.create(ticket=ticket, finding=finding, added_at=NOW)
    client.force_login(people.alice)
    text = _get(client, "ticket", ticket.number)
    assert "検索エンジンが使用しているアドレス" in text
    assert "ご確認のお願い" in text
    assert "業務に必要" not in text


def test_the_four_parts_of_each_kind_stand_on_the_page(people: People, ticket: Ticket, client: Client) -> None:
    client.force_login(people.alice)
    text = _get(client, "ticket", ticket.number)
    kind = explain("sql_injection")
    done = "攻撃元の IP アドレス 1 件のうち、1 件をブラックリストに登録し、通信を遮断しています。"
    for part in (kind.explanation, kind.risk, done, kind.check):
        assert part in text


def test_how_many_others_it_attacked_is_told_without_names(people: People, ticket: Ticket, client: Client) -> None:
    make_finding(people.b, "203.0.113.5", last_at=utc_now())
    client.force_login(people.alice)
    entry = TicketBlock.objects.get()
    for page in (
        _get(client, "ticket", ticket.number),
        client.get(reverse("portal:restore", args=[ticket.number, entry.pk])).content.decode(),
    ):
        assert "ほか 1 社のお客様" in page
        assert "もみじ堂" not in page
        assert "shop-b" not in page


def test_a_reader_who_follows_the_mails_link_learns_who_may(people: People, ticket: Ticket, client: Client) -> None:
    client.force_login(people.bob)
    text = client.get(reverse("portal:restore", args=[ticket.number, TicketBlock.objects.get().pk])).content.decode()
    assert "203.0.113.5" in text
    assert "承認者または管理者" in text
    assert "佐藤 愛 様" in text
    assert '<form method="post">' not in text.split("<main", 1)[1]


def test_the_page_before_the_click_says_what_the_waf_goes_on_stopping(
    people: People, ticket: Ticket, client: Client
) -> None:
    Finding.objects.update(last_at=utc_now())
    client.force_login(people.alice)
    text = client.get(reverse("portal:restore", args=[ticket.number, TicketBlock.objects.get().pk])).content.decode()
    assert "通信 3 件（SQLインジェクション）が WAF のルールで遮断されています" in text
    assert "通信可能" not in text


@pytest.mark.parametrize("nonsense", ["\x00", "あ" * 201, "a\x00" * 50, "\u202e" * 201, "<script>" * 30, "%00" * 80])
def test_nonsense_in_the_restore_form_is_a_clear_error_and_changes_nothing(
    nonsense: str, people: People, ticket: Ticket, client: Client
) -> None:
    client.force_login(people.alice)
    address = reverse("portal:restore", args=[ticket.number, TicketBlock.objects.get().pk])
    answer = client.post(address, {"reason": nonsense})
    assert answer.status_code == 200
    text = answer.content.decode()
    assert 'aria-invalid="true"' in text
    assert re.search(r'class="errorlist"[^>]*><li>[^<]*[ぁ-ん]', text)
    assert Block.objects.get().state == BlockState.ACTIVE
    assert not AskFirst.objects.exists()
    assert Note.objects.count() == 1


@pytest.mark.parametrize("entry", [0, 999_999, 2**63 - 1])
def test_an_entry_that_does_not_exist_is_not_found(entry: int, people: People, ticket: Ticket, client: Client) -> None:
    client.force_login(people.alice)
    answer = client.post(reverse("portal:restore", args=[ticket.number, entry]), {"reason": ""})
    assert answer.status_code == 404
    assert Block.objects.get().state == BlockState.ACTIVE


def _table(client: Client, ticket: Ticket) -> list[list[str]]:
    answer = client.get(reverse("portal:ticket-addresses", args=[ticket.number]))
    assert answer["Content-Type"] == "text/csv; charset=utf-8"
    assert f'filename="{ticket.number}.csv"' in answer["Content-Disposition"]
    content = answer.content.decode()
    assert content.startswith("\ufeff")
    return list(csv.reader(io.StringIO(content.removeprefix("\ufeff"))))


def test_the_whole_list_can_be_fetched_and_is_no_formula(people: People, client: Client) -> None:
    blocks = [make_block(people.a, f"203.0.113.{number}") for number in range(1, 4)]
    blocks.append(make_block(people.a, "203.0.113.9", state=BlockState.PROPOSED, reason=Reason.ATTACK_PASSED))
    Finding.objects.filter(address="203.0.113.1").update(site_name="=1+1", country="-9")
    ticket = make_ticket(people.a, blocks=blocks)
    for _ in range(2):
        finding = make_finding(people.a, "203.0.113.8", state=FindingState.REFUSED, reason=Reason.REGISTERED)
        TicketFinding.objects.create(ticket=ticket, finding=finding, added_at=NOW)
    client.force_login(people.bob)
    headings, *rows = _table(client, ticket)
    assert headings[0] == "IPアドレス"
    assert [row[0] for row in rows] == [*(f"203.0.113.{number}" for number in (1, 2, 3)), "203.0.113.9", "203.0.113.8"]
    assert rows[0][3:8] == ["'-9", "SQLインジェクション", "'=1+1", "3", "1"]
    assert rows[1][1:3] == ["遮断中", ""]
    assert rows[1][10] == "2026-11-23 22:05:07"
    assert "WAF が遮断しなかった" in rows[3][2]
    assert "業務用として登録" in rows[4][2]
    client.force_login(people.charlie)
    assert client.get(reverse("portal:ticket-addresses", args=[ticket.number])).status_code == 404


def test_an_address_that_is_off_the_list_already_cannot_be_asked_for(people: People, client: Client) -> None:
    ticket = make_ticket(people.a, blocks=[make_block(people.a, state=BlockState.RESTORED)])
    client.force_login(people.alice)
    address = reverse("portal:restore", args=[ticket.number, TicketBlock.objects.get().pk])
    assert "受け付けられる状態ではありません" in client.get(address).content.decode()
    client.post(address, {"reason": ""})
    assert not AskFirst.objects.exists()


@pytest.mark.parametrize("columns", [{"covered_by": "203.0.113.0/24"}, {"was_there_before": True}])
def test_the_page_says_that_another_entry_still_blocks_an_address(
    columns: dict[str, Any], people: People, client: Client
) -> None:
    blocks = [
        make_block(people.a, state=BlockState.RESTORED, **columns),
        make_block(people.a, "203.0.113.6", state=BlockState.RESTORED),
    ]
    ticket = make_ticket(people.a, blocks=blocks)
    client.force_login(people.alice)
    assert _get(client, "ticket", ticket.number).count("引き続き遮断されます") == 1


def test_the_page_before_the_click_says_that_somebody_elses_entry_stays(people: People, client: Client) -> None:
    ticket = make_ticket(people.a, blocks=[make_block(people.a, was_there_before=True)])
    client.force_login(people.alice)
    text = client.get(reverse("portal:restore", args=[ticket.number, TicketBlock.objects.get().pk])).content.decode()
    assert "弊社以外の設定でも登録されています" in text


def test_the_older_part_of_a_long_history_is_folded(people: People, ticket: Ticket, client: Client) -> None:
    client.force_login(people.alice)
    assert "<summary>これより前の記録" not in _get(client, "ticket", ticket.number)
    for number in range(20):
        Note.objects.create(
            ticket=ticket, key=f"n{number}", at=NOW + timedelta(hours=1, minutes=number), text=f"続報その{number:02}"
        )
    text = _get(client, "ticket", ticket.number)
    older, _, latest = text.partition("<summary>これより前の記録")[2].partition("</details>")
    assert (older.count("続報その"), latest.count("続報その")) == (10, 10)
    assert "続報その19" in latest
