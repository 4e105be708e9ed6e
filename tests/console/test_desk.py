"""Alarms, tickets and intake on the desk."""

from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse

from sakimori.console.troubles import line_sentence, trouble_of
from sakimori.lib.jst import utc_now
from sakimori.logs.models import LogFileState, PullState, QuarantinedLine
from sakimori.notify.actions import raise_alarm
from sakimori.notify.models import Alarm, Severity
from tests.people import NOW, People, make_block, make_file, make_ticket


@pytest.fixture
def desk(people: People, client: Client) -> Client:
    client.force_login(people.dana)
    return client


def test_open_alarms_stand_on_every_page_the_gravest_first(people: People, desk: Client) -> None:
    raise_alarm(key="low", severity=Severity.LOW, sentence="小さな件です。", now=NOW)
    raise_alarm(key="high", severity=Severity.HIGH, sentence="大きな件です。", now=NOW, link="/console/intake/")
    raise_alarm(key="high", severity=Severity.HIGH, sentence="大きな件です。", now=NOW)
    for page in ("attacks", "blocked", "findings", "tickets", "intake"):
        text = desk.get(reverse(f"console:{page}")).content.decode()
        assert text.index("大きな件です。") < text.index("小さな件です。")
        assert "未確認のアラーム 2 件" in text
        assert "2 回" in text
        assert '<a href="/console/intake/" aria-describedby=' in text
        assert 'hx-trigger="every 5s"' in text


def test_the_bar_stays_quiet_until_something_changes(people: People, desk: Client) -> None:
    seen = {"seen": desk.get(reverse("console:attacks")).context["alarm_mark"]}
    assert desk.get(reverse("console:alarms"), seen).status_code == 204
    raise_alarm(key="k", severity=Severity.HIGH, sentence="ログが届いていません。", now=NOW)
    answer = desk.get(reverse("console:alarms"), {**seen, "here": "/console/tickets/"})
    assert "ログが届いていません。" in answer.content.decode()
    assert 'name="next" value="/console/tickets/#alarms"' in answer.content.decode()


def test_of_many_alarms_the_newest_is_seen_and_the_others_are_counted(people: People, desk: Client) -> None:
    for number in range(25):
        raise_alarm(
            key=f"a{number}",
            severity=Severity.HIGH,
            sentence=f"異常その {number}。",
            now=NOW + timedelta(minutes=number),
        )
    raise_alarm(key="low", severity=Severity.LOW, sentence="軽い知らせ。", now=NOW + timedelta(hours=1))
    bar = desk.get(reverse("console:alarms")).content.decode()
    assert "異常その 24。" in bar
    assert "異常その 5。" in bar
    assert "異常その 4。" not in bar
    assert "軽い知らせ。" not in bar
    assert "未確認のアラーム 26 件" in bar
    assert "ほかに 6 件あります。" in bar
    Alarm.objects.filter(key="a24").update(acknowledged_at=NOW, acknowledged_by=people.dana)
    every = desk.get(reverse("console:alarm-history")).content.decode().partition("<main")[2]
    assert every.count(">確認</button>") == 25, "those that the bar leaves out are taken here"
    assert every.index("異常その 4。") < every.index("異常その 24。"), "what is open comes first"


def test_a_taken_alarm_leaves_the_bar(people: People, desk: Client) -> None:
    alarm = raise_alarm(key="k", severity=Severity.HIGH, sentence="ログが届いていません。", now=NOW)
    answer = desk.post(
        reverse("console:acknowledge", args=[alarm.pk]), {"next": "/console/intake/#alarms"}, follow=True
    )
    assert answer.redirect_chain == [("/console/intake/#alarms", 302)], "the keyboard goes on where it was"
    assert "ログが届いていません。" not in answer.content.decode()
    assert Alarm.objects.get().acknowledged_by == people.dana
    assert desk.post(reverse("console:acknowledge", args=[9999])).status_code == 404


def test_an_alarm_leads_nowhere_else(people: People, desk: Client) -> None:
    raise_alarm(key="k", severity=Severity.HIGH, sentence="注意。", now=NOW, link="//evil.example/")
    assert "evil.example" not in desk.get(reverse("console:attacks")).content.decode()


def test_tickets_of_all_customers_are_listed_and_shown(people: People, desk: Client) -> None:
    make_ticket(people.a, "T-0001", blocks=[make_block(people.a)])
    make_ticket(people.b, "T-0002")
    text = desk.get(reverse("console:tickets")).content.decode()
    assert "株式会社さくら商店" in text
    assert "有限会社もみじ堂" in text
    detail = desk.get(reverse("console:ticket", args=["T-0001"])).content.decode()
    assert "203.0.113.5" in detail
    assert "WAF のブラックリストに登録しました。" in detail
    assert reverse("portal:ticket", args=["T-0001"]) in detail


def test_intake_tells_lag_counts_and_that_the_lines_add_up(people: People, desk: Client) -> None:
    PullState.objects.create(contract=people.a, next_try_at=NOW, last_success_at=utc_now() - timedelta(seconds=70))
    make_file(people.a)
    make_file(people.a, state=LogFileState.RECEIVED, lines=0, rows=0)
    bad = make_file(people.a, lines=12, rows=10, quarantined_lines=2)
    for number in (4, 9):
        QuarantinedLine.objects.create(file=bad, line_number=number, reason="bad_utf8", raw=b"\xff")
    whole = make_file(people.b, state=LogFileState.QUARANTINED, reason="ZlibError: broken", lines=3, rows=0)
    QuarantinedLine.objects.create(file=whole, line_number=1, reason="bad_utf8", raw=b"\xff")
    answer = desk.get(reverse("console:intake"))
    text = answer.content.decode()
    for part in (
        "取込済み 2",
        "取込待ち 1",
        "22 行 ＝ 保存 20 ＋ 隔離 2",
        "1 分 10 秒前",
        "行がUTF-8として読み取れません。（2 行）",
        "行がUTF-8として読み取れません。（先頭の 1 行）",
        "隔離 1",
        "エラーが発生しました。",
        "ZlibError: broken",
        "取得（pull）は未設定です",
    ):
        assert part in text, part
    assert [row.balanced for row in answer.context["contracts"]] == [False, True]


def test_of_very_many_bad_lines_the_page_says_how_many_are_only_counted(people: People, desk: Client) -> None:
    bad = make_file(people.a, lines=5000, rows=10, quarantined_lines=4990)
    for number in (4, 9):
        QuarantinedLine.objects.create(file=bad, line_number=number, reason="bad_utf8", raw=b"\xff")
    text = desk.get(reverse("console:intake")).content.decode()
    assert "行がUTF-8として読み取れません。（保存分 2 行）" in text
    assert "残りの 4,988 行は件数だけを数え" in text


def test_a_pull_that_has_gone_stale_is_marked_with_its_trouble(people: People, desk: Client) -> None:
    PullState.objects.create(
        contract=people.a, next_try_at=NOW, last_success_at=NOW, failures=4, last_error="WafUnauthorised: key disabled"
    )
    text = desk.get(reverse("console:intake")).content.decode()
    assert "遅れ" in text
    assert "API の資格情報を確認してください。（連続 4 回、次の取得 " in text


@pytest.mark.parametrize(
    ("text", "sentence", "original"),
    [
        ("一覧に反映されませんでした。", "一覧に反映されませんでした。", ""),
        ("WafRefused: list full", "WAF ベンダーが要求を受け付けませんでした。", "WafRefused: list full"),
        ("OSError: disk", "エラーが発生しました。", "OSError: disk"),
    ],
)
def test_technical_errors_get_a_japanese_sentence(text: str, sentence: str, original: str) -> None:
    trouble = trouble_of(text)
    assert (trouble.sentence, trouble.original) == (sentence, original)


def test_reasons_of_lines_are_sentences_or_codes() -> None:
    assert line_sentence("nul") == "行にNUL文字が含まれています。"
    assert line_sentence("of_the_future") == "理由コード of_the_future"
