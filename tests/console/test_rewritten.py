"""書き換えられたファイル on the desk: shown with both contents, closed with a reason and by name, by the SOC only."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import pytest
from django.test import Client
from django.urls import reverse

from sakimori.console import rewritten
from sakimori.customers.models import AuditEntry
from sakimori.customers.secrets import open_details
from sakimori.lib.jst import utc_now
from sakimori.logs.models import DoorState, PullState, RewrittenFile
from sakimori.logs.receive.accept import accept
from sakimori.logs.spool import Spool
from sakimori.notify.models import Alarm
from sakimori.run.watch_doors import watch_doors
from tests.people import People

WHY = {"explanation": "replaced", "reason": "送信元の担当者に電話で確認"}


@pytest.fixture
def desk(people: People, client: Client) -> Client:
    client.force_login(people.dana)
    return client


@pytest.fixture
def case(people: People, tmp_path: Path) -> RewrittenFile:
    take(people, tmp_path, b"one", b"two")
    return RewrittenFile.objects.get()


def take(people: People, folder: Path, *contents: bytes) -> None:
    for content in contents:
        accept([content], contract=people.a, door="drop", name="7_1.log", spool=Spool(folder / "s"), now=utc_now())


def page(case: RewrittenFile) -> str:
    return reverse("console:rewritten", args=[case.pk])


def reopening(case: RewrittenFile) -> str:
    return reverse("console:rewritten-reopen", args=[case.pk])


def test_the_alarm_leads_to_a_page_that_shows_both_contents(desk: Client, case: RewrittenFile) -> None:
    watch_doors(now=utc_now())
    assert Alarm.objects.get().link == page(case)
    text = desk.get(page(case)).content.decode()
    for part in ("7_1.log", "受け渡しフォルダ", case.first_sha256, case.last_sha256, "株式会社さくら商店"):
        assert part in text, part
    assert text.count("受信済み</td>") == 2
    assert page(case) in desk.get(reverse("console:intake")).content.decode()


def test_who_has_looked_into_it_closes_it_with_a_reason_and_has_taken_the_alarm(
    people: People, desk: Client, case: RewrittenFile
) -> None:
    watch_doors(now=utc_now())
    answer = desk.post(page(case), WHY, follow=True)
    assert answer.redirect_chain[-1][0] == reverse("console:intake")
    case.refresh_from_db()
    assert (case.explanation, case.reason, case.closed_by_name) == (*WHY.values(), people.dana.shown_name)
    assert Alarm.objects.get().acknowledged_by == people.dana
    watch_doors(now=utc_now())
    assert Alarm.objects.count() == 1
    text = answer.content.decode()
    for part in ("確認済み：送信元が正しい理由で差し替えた", WHY["reason"], people.dana.shown_name):
        assert part in text, part
    entry = AuditEntry.objects.get(action="logs.rewritten.close")
    details = open_details(people.a.customer, entry.sealed_details, place=f"audit:{entry.target}")
    assert details == {
        "door": "drop",
        "name": "7_1.log",
        "first": case.first_sha256,
        "last": case.last_sha256,
        "why": "replaced",
        "reason": WHY["reason"],
    }


def test_who_was_wrong_opens_it_again(desk: Client, case: RewrittenFile) -> None:
    desk.post(page(case), WHY)
    assert "未対応に戻す" in desk.get(page(case)).content.decode()
    for _ in range(2):
        text = desk.post(reopening(case), follow=True).content.decode()
    assert "すでに未対応です" in text
    case.refresh_from_db()
    assert (case.closed_at, case.closed_by_name, case.explanation, case.reason) == (None, "", "", "")
    assert AuditEntry.objects.filter(action="logs.rewritten.reopen").count() == 1


def test_a_content_that_came_while_somebody_was_writing_is_not_closed_with_it(
    people: People, desk: Client, case: RewrittenFile, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    close = rewritten.close_rewritten

    def race(*arguments: object, **named: object) -> bool:
        take(people, tmp_path, b"three")
        return close(*arguments, **named)  # type: ignore[arg-type]

    monkeypatch.setattr(rewritten, "close_rewritten", race)
    text = desk.post(page(case), WHY, follow=True).content.decode()
    assert "すでに対応済みか、新しい内容が届きました" in text
    assert RewrittenFile.objects.filter(closed_at=None, times=2).exists()


@pytest.mark.parametrize("wrong", [{}, {"explanation": "reused"}, {"explanation": "x", "reason": "x"}, {"reason": "x"}])
def test_without_a_reason_nothing_is_closed(desk: Client, case: RewrittenFile, wrong: dict[str, str]) -> None:
    answer = desk.post(page(case), wrong)
    assert (answer.status_code, "errorlist" in answer.content.decode()) == (200, True)
    assert RewrittenFile.objects.filter(closed_at=None).exists()


def test_only_the_soc_may_and_a_case_that_is_not_there_is_missing(
    people: People, client: Client, case: RewrittenFile
) -> None:
    client.force_login(people.alice)
    assert {client.post(path, WHY).status_code for path in (page(case), reopening(case))} <= {403, 404}
    assert RewrittenFile.objects.filter(closed_at=None).exists()
    client.force_login(people.dana)
    case.pk += 1
    assert {client.post(path, WHY).status_code for path in (page(case), reopening(case))} == {404}


def test_a_case_outlives_the_files_of_the_ledger(desk: Client, case: RewrittenFile) -> None:
    case.contract.log_files.all().delete()
    assert "台帳に残っていません" in desk.get(page(case)).content.decode()


def test_what_finds_no_room_is_told_and_costs_no_further_question(
    desk: Client, case: RewrittenFile, django_assert_max_num_queries: Callable[[int], AbstractContextManager[object]]
) -> None:
    for number in range(25):
        case.pk, case.name, case.closed_at = None, f"8_{number}.log", utc_now() if number < 6 else None
        case.save()
    with django_assert_max_num_queries(21):
        answer = desk.get(reverse("console:intake"))
    shown = [row.case for row in answer.context["rewritten"]]
    assert (len(shown), "ほかにもあります" in answer.content.decode()) == (20, True)
    assert all(each.closed_at is None for each in shown)


def test_the_intake_shows_a_missing_index_and_files_that_are_left_out(people: People, desk: Client) -> None:
    now = utc_now()
    pull = PullState.objects.create(contract=people.a, next_try_at=now, index_missing_since=now)
    left_out = "ファイルが大きすぎます：waf/1.log。"
    DoorState.objects.create(contract=people.a, door="bucket", next_try_at=now, left_out=left_out, left_out_since=now)
    text = desk.get(reverse("console:intake")).content.decode()
    for part in ("ログの一覧はまだありません", "取り込めないファイル", left_out):
        assert part in text, part
    assert ("一覧なし" in text, "正常" in text) == (False, False)
    pull.newest = {"7": 1}
    pull.save()
    text = desk.get(reverse("console:intake")).content.decode()
    for part in ("一覧なし", "ログの一覧が見つかりません（HTTP 404）"):
        assert part in text, part
