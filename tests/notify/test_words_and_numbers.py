"""The pure parts: what is said and mailed, which hours nobody covers."""

from datetime import UTC, datetime, timedelta

import pytest

from sakimori.lib.spans import gaps
from sakimori.notify.alarm_texts import AlarmFacts, call_matter, call_subject, mail_body, mail_subject
from sakimori.notify.spoken import KEYS, opening, spoken

NOW = datetime(2026, 11, 23, 3, 0, tzinfo=UTC)


def hours(number: float) -> datetime:
    return NOW + timedelta(hours=number)


def test_the_call_says_who_and_why_then_asks_for_the_person_then_the_matter_then_the_keys() -> None:
    said = spoken("保護サービス", "桜井 花子", "サイトが\n表示できません。")
    assert said == "\n".join((opening("保護サービス", "桜井 花子"), "サイトが 表示できません。", KEYS))
    assert opening("保護サービス", "桜井 花子") == (
        "こちらは、保護サービスの SOC です。重要なお知らせのため、お電話いたしました。桜井 花子 様をお願いいたします。"
    )
    assert KEYS == (
        "内容を確認された方は 1 を、SOC の担当者とお話しになる方は 2 を、"
        "もう一度お聞きになる方はアスタリスクを押してください。"
    )


def test_nothing_hidden_and_nothing_endless_is_said() -> None:
    said = spoken("保護サービス", "花子", "あ" * 5000 + "\u202e")
    assert len(said) < 1800
    assert "（以下略）" in said
    assert "<U+202E>" in spoken("保護サービス", "花子", "逆\u202e")


def facts(
    sentence: str = "ログを取得できていません。", *, link: str = "/console/intake/", due: bool = True
) -> AlarmFacts:
    return AlarmFacts("高", sentence, link, first_at=NOW, due_at=hours(0.1) if due else None)


def test_the_mail_says_what_where_and_until_when() -> None:
    body = mail_body(facts(), service_name="保護サービス", base_url="https://portal.example.jp")
    for part in (
        "内容：ログを取得できていません。",
        "重要度：高",
        "発生日時：2026年11月23日 12:00:00",
        "詳細：https://portal.example.jp/console/intake/",
        "2026年11月23日 12:06:00 までに確認されない場合",
    ):
        assert part in body
    low = mail_body(facts(link="//evil.example/", due=False), service_name="x", base_url="https://portal.example.jp")
    assert "までに確認されない場合" not in low


def test_a_link_that_leads_elsewhere_is_not_mailed() -> None:
    for link in ("//evil.example/", "https://evil.example/", ""):
        body = mail_body(facts(link=link), service_name="x", base_url="https://portal.example.jp")
        assert "詳細：https://portal.example.jp/console/\n" in body


def test_the_subject_is_one_short_line() -> None:
    assert mail_subject(facts("一\r\n二")) == "【SOC アラーム・重要度 高】一 二"
    assert len(mail_subject(facts("あ" * 300))) < 200


@pytest.mark.parametrize(
    ("number", "said", "silent"),
    [(1, "アラームが 1 件あります。件1。", "ほかに"), (5, "件3。 ほかに 2 件あります。", "件4")],
)
def test_one_call_tells_of_everything_that_waits(number: int, said: str, silent: str) -> None:
    alarms = [facts(f"件{place}。") for place in range(1, number + 1)]
    assert said in call_matter(alarms)
    assert silent not in call_matter(alarms)
    assert call_subject(alarms) == f"未確認のアラーム {number} 件：件1。"


@pytest.mark.parametrize(
    ("covered", "found"),
    [
        ([], [(0, 24)]),
        ([(0, 24)], []),
        ([(-5, 30)], []),
        ([(2, 8), (8, 30)], [(0, 2)]),
        ([(8, 16), (-1, 4)], [(4, 8), (16, 24)]),
        ([(0, 10), (2, 4), (12, 14)], [(10, 12), (14, 24)]),
        ([(30, 40)], [(0, 24)]),
        ([(-9, -1), (0, 24)], []),
    ],
)
def test_hours_that_nobody_covers_are_found(covered: list[tuple[int, int]], found: list[tuple[int, int]]) -> None:
    spans = [(hours(begin), hours(end)) for begin, end in covered]
    assert gaps(spans, hours(0), hours(24)) == [(hours(begin), hours(end)) for begin, end in found]
