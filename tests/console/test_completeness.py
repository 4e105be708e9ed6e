"""ログの到達状況 on the desk and on the customer's log page: what it says, to whom, and that it costs little."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse

from sakimori import backends
from sakimori.customers.models import Contract
from sakimori.lib.jst import JST, day_of, utc_now
from sakimori.logs.following import follow_intake, look_up_missing
from sakimori.logs.gaps import MANY_IN_A_ROW
from sakimori.logs.models import DoorFlow, DoorState, LogFileState, MissingFiles, QuarantinedLine, StoreCheck
from sakimori.logs.store.interface import LogStore
from tests.people import People, make_contract, make_file

M = timedelta(minutes=1)


@pytest.fixture
def desk(people: People, client: Client) -> Client:
    client.force_login(people.dana)
    return client


def come(contract: Contract, *, minutes: float = 10, number: int = 1, **columns: object) -> None:
    """A file whose last event was so long ago; it came three minutes later and was stored at once."""
    last = utc_now() - minutes * M
    values: dict[str, object] = {
        "name": f"7_{number}.log",
        "first_at": last,
        "last_at": last,
        "received_at": last + 3 * M,
        "stored_at": last + 3 * M,
    }
    make_file(contract, **{**values, **columns})
    follow_intake(now=utc_now())


def clock(minutes: float) -> str:
    moment = (utc_now() - minutes * M).astimezone(JST)
    same = day_of(moment) == day_of(utc_now())
    return f"{moment:%H:%M}" if same else f"{moment.month}月{moment.day}日 {moment:%H:%M}"


def intake(desk: Client) -> str:
    return desk.get(reverse("console:intake")).content.decode()


def test_the_desk_reads_until_when_and_what_is_missing_and_how_late(people: People, desk: Client) -> None:
    come(people.a, minutes=30, number=1)
    come(people.a, minutes=10, number=3)
    MissingFiles.objects.create(contract=people.a, prefix="7", first=2, last=2, noticed_at=utc_now())
    make_file(people.a, state=LogFileState.RECEIVED, received_at=utc_now() - 2 * M, lines=0, rows=0)
    look_up_missing(now=utc_now())
    answer = desk.get(reverse("console:intake"))
    row = next(row for row in answer.context["completeness"] if row.contract == people.a)
    assert row.sentence.startswith(f"{clock(10)} まで揃っています。")
    assert "は未着の可能性があります（欠番 1 件）。" in row.sentence
    text = answer.content.decode()
    assert row.sentence in text
    assert "欠けあり" not in text, "the vendor leaves out numbers of its own accord"
    for part in ("未着の可能性のみ", "3 分", "95%：3 分以内", "取得（HTTPS）", "1 件", "最長 2 分"):
        assert part in text, part
    assert "WAF から自動で届いたログは、まだありません。" in text, "contract B"


def test_a_file_that_was_listed_and_did_not_come_is_marked(people: People, desk: Client) -> None:
    MissingFiles.objects.create(contract=people.a, prefix="7", first=2, last=2, noticed_at=utc_now(), was_listed=True)
    text = intake(desk)
    assert "欠けあり" in text
    assert "未着の可能性のみ" not in text


def unreadable(contract: Contract, lines: int) -> None:
    """A file of the drop folder without a readable line."""
    values = {"door": "drop", "lines": lines, "rows": 0, "quarantined_lines": lines}
    row = make_file(contract, name="new-format.log", received_at=utc_now(), stored_at=utc_now(), **values)
    QuarantinedLine.objects.create(file=row, line_number=1, reason="unknown_format", raw=b"?")


def test_lines_that_cannot_be_read_are_said_and_the_desk_is_led_to_them(
    people: People, desk: Client, page: Callable[[str], str]
) -> None:
    come(people.a, minutes=10)
    link = f'href="{reverse("console:intake")}#quarantine"'
    assert link not in intake(desk)
    unreadable(people.a, 120)
    said = "に読み取れない行があります（120 行）。"
    at_desk, log_page = intake(desk), reverse("console:logs") + "?contract=K-A-001"
    assert (said in at_desk, at_desk.count(link), "new-format.log" in at_desk) == (True, 1, True)
    searched = desk.get(log_page).content.decode()
    assert (said in searched, link in searched) == (True, True)
    mine = page("bob")
    assert (said in mine, "#quarantine" in mine, "/console/" in mine) == (True, False, False)


def test_a_contract_that_ended_is_not_asked_for_its_logs(people: People, desk: Client) -> None:
    Contract.objects.filter(pk=people.a.pk).update(ends_on=day_of(utc_now()))
    rows = desk.get(reverse("console:intake")).context["completeness"]
    assert [row.contract for row in rows] == [people.b]


def test_the_comparison_with_the_store_is_shown_and_a_difference_is_no_agreement(people: People, desk: Client) -> None:
    come(people.a, doubles=4)
    check = StoreCheck.objects.create(contract=people.a, checked_at=utc_now())
    text = intake(desk)
    assert "保管庫と照合" in text
    assert "保存のうち重複 4" in text
    assert "不一致" not in text
    check.differences = {"7": [10, 9]}
    check.save()
    text = intake(desk)
    assert "ファイル 7：台帳 10 行、保管庫 9 行" in text
    assert "不一致" in text


def test_a_door_that_fails_says_when_it_is_tried_again(people: People, desk: Client) -> None:
    DoorState.objects.create(
        contract=people.a, door="drop", next_try_at=utc_now(), failures=3, last_error="フォルダを開けません。"
    )
    assert "次の確認" in intake(desk)


def test_however_many_contracts_there_are_the_page_asks_as_often(
    people: People, desk: Client, django_assert_max_num_queries: Callable[[int], AbstractContextManager[object]]
) -> None:
    for contract in (people.a, people.b, *(make_contract("株式会社", letter) for letter in "CDEFGH")):
        come(contract)
        make_file(contract, state=LogFileState.QUARANTINED)
    with django_assert_max_num_queries(26):
        intake(desk)


@pytest.fixture
def page(people: People, log_store: LogStore, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], str]:
    monkeypatch.setattr(backends, "log_store", lambda: log_store)
    Contract.objects.update(keeps_logs=True)

    def look(person: str) -> str:
        client = Client()
        client.force_login(getattr(people, person))
        return client.get(reverse("portal:logs")).content.decode()

    return look


def test_the_customer_reads_it_on_his_log_page_and_nobody_elses(people: People, page: Callable[[str], str]) -> None:
    come(people.a, minutes=10)
    come(people.b, minutes=50)
    mine, theirs = page("bob"), page("charlie")
    assert f"{clock(10)} まで揃っています。" in mine
    assert f"{clock(50)} まで揃っています。" in theirs
    assert "直近のファイルは、最後のイベントから 3 分で SOC に届き、その後 0 秒で検索できるようになりました。" in mine


def test_a_skipped_number_is_told_to_the_customer_without_a_warning(people: People, page: Callable[[str], str]) -> None:
    come(people.a)
    row = MissingFiles.objects.create(contract=people.a, prefix="7", first=2, last=2, noticed_at=utc_now())
    text = page("bob")
    assert "未着の可能性があります（欠番 1 件）" in text
    assert 'class="arrived note-box"' not in text
    row.last = 2 + MANY_IN_A_ROW - 1
    row.save()
    text = page("bob")
    assert "未着の可能性があります（欠番 10 件）" in text
    assert 'class="arrived note-box"' in text


def test_more_gaps_than_a_sentence_holds_are_listed(people: People, page: Callable[[str], str]) -> None:
    come(people.a)
    assert "欠けの一覧" not in page("bob")
    for number in range(5):
        begins = utc_now() - (100 - number * 10) * M
        MissingFiles.objects.create(
            contract=people.a,
            prefix="7",
            first=10 + number * 2,
            last=10 + number * 2,
            noticed_at=begins,
            begins_at=begins,
            ends_at=begins + 2 * M,
            was_listed=True,
        )
    text = page("bob")
    assert "ほかに 2 件の欠けがあります。" in text
    assert "欠けの一覧（5 件）" in text
    assert text.count("は未着です（欠番 1 件）") == 3 + 5


def test_after_the_cancellation_nothing_is_said_to_be_late(people: People, page: Callable[[str], str]) -> None:
    come(people.a)
    pauses = {(day_of(utc_now()) - timedelta(days=number)).isoformat(): 60 for number in range(5)}
    DoorFlow.objects.update(pauses=pauses, last_received_at=utc_now() - timedelta(days=2))
    assert "届いていません" in page("bob")
    Contract.objects.update(ends_on=day_of(utc_now()))
    assert "届いていません" not in page("bob")
