"""What a report and its mail say: clear Japanese for every kind of month, and nothing hostile left alive."""

from dataclasses import replace

import pytest

from sakimori.lib.calendar import Month
from sakimori.lib.countries import country_name
from sakimori.reports import wording
from sakimori.reports.figures import Count, LogNote, ScanFigure
from sakimori.reports.models import ReportState
from tests.japanese.text import japanese_or_allowed
from tests.reports import samples

MONTHS = [samples.busy, samples.quiet, samples.silent]


def test_a_month_is_told_in_one_sentence() -> None:
    assert wording.headline(samples.quiet()) == "この月は検知がありませんでした。"
    assert wording.headline(samples.silent()).startswith("ログを受信していません。")
    assert wording.headline(samples.busy()) == (
        "攻撃を 4,750 件検知し、3,618 件を遮断しました。最も多かったのは「SQLインジェクション」です。"
        "通過した 45 件の内訳は、本文をご覧ください。"
    )
    blocked = samples.make_figures([Count(samples.DAYS[0], "a", "ddos", "blocked", 1)])
    assert wording.headline(blocked).endswith("「DDoS攻撃」です。")


def test_what_is_unknown_is_said_to_be_so() -> None:
    assert wording.attacks(samples.silent()) == "集計できません"
    assert wording.attacks(samples.busy()) == "4,750 件（遮断 3,618・通過 45・チャレンジ 1,082・その他 5）"
    assert wording.good_traffic(None) == "判定不能"
    assert wording.good_traffic(0) == "0"
    assert wording.good_traffic(1234567) == "1,234,567"


def test_the_completeness_of_the_log_is_told() -> None:
    log = LogNote(files=9, lines=35, rows=28, quarantined_lines=2, unkept_lines=5, quarantined_files=1, waiting_files=3)
    days = {samples.DAYS[0].replace(day=number): 1 for number in range(1, 32) if number not in (2, 5, 6, 7)}
    text = "\n".join(wording.completeness(samples.make_figures([], log=log, files_by_day=days)))
    for part in (
        "9 件（35 行）",
        "28 行を保存し、2 行は",
        "アクセスログ 5 行は、ご契約により保存していません",
        "読み取れなかったものが 1 件",
        "終えていないファイルが 3 件",
    ):
        assert part in text, part
    assert "4 日あります（10月2日、10月5日～10月7日）" in text
    assert "0 件という意味ではありません" in text


def test_many_gaps_are_cut_short() -> None:
    days = {samples.DAYS[0].replace(day=number): 1 for number in range(1, 32, 2)}
    text = "\n".join(wording.completeness(samples.make_figures([], log=LogNote(files=9), files_by_day=days)))
    assert "10月20日 ほか）" in text
    assert "10月22日" not in text


def test_announced_scans_are_told() -> None:
    assert "診断" not in "\n".join(wording.completeness(samples.busy()))
    scans = [ScanFigure(f"10月{day}日", "同日", ["198.51.100.0/28"] * day) for day in range(1, 13)]
    text = "\n".join(wording.completeness(replace(samples.busy(), scans=scans, scanned=1234)))
    assert "事前に登録された診断・検査の予定：10月1日～同日（198.51.100.0/28）、" in text
    assert "10月10日" in text
    assert "10月11日" not in text
    assert "検知した攻撃のうち 1,234 件は" in text


def test_a_month_without_any_log_says_that_nothing_is_proven() -> None:
    assert wording.completeness(samples.silent()) == [
        "期間を通じてログを受信していません。件数がないことは、攻撃がなかったことを意味しません。"
    ]


@pytest.mark.parametrize("make", MONTHS)
def test_every_sentence_is_japanese(make: object) -> None:
    figures = make()  # type: ignore[operator]
    body = wording.mail_body(
        samples.LETTER, Month(2026, 10), headline=wording.headline(figures), url="https://portal.example.jp/portal/"
    )
    lines = [
        *body.splitlines(),
        *wording.completeness(figures),
        wording.period(figures),
        wording.mail_subject(samples.LETTER, Month(2026, 10)),
        *(label for _, label in ReportState.choices),
    ]
    assert [line for line in lines if not japanese_or_allowed(line)] == []


def test_the_mail_is_complete() -> None:
    body = wording.mail_body(samples.LETTER, Month(2026, 10), headline="概要。", url="https://portal.example.jp/")
    for part in (
        "株式会社さくら商店",
        "2026年10月分",
        "概要。",
        "https://portal.example.jp/",
        "K-2026-0001",
        "03-0000-0000",
    ):
        assert part in body, part


@pytest.mark.parametrize(
    ("customer", "name"),
    [
        ("株式会社さくら商店", "月次レポート_株式会社さくら商店_2026-10.pdf"),
        ('../a"b\r\n<c>', "月次レポート_..＿a＿b＿U+000D＿＿U+000A＿＿c＿_2026-10.pdf"),
    ],
)
def test_a_file_is_named_for_customer_and_month(customer: str, name: str) -> None:
    assert wording.file_name(customer, "2026-10") == name


def test_a_kind_of_tomorrow_is_shown_as_it_is() -> None:
    assert wording.kind_label("ddos") == "DDoS攻撃"
    assert wording.kind_label("new\x07") == "new<U+0007>"


@pytest.mark.parametrize(
    ("code", "name"),
    [
        ("JP", "日本"),
        ("US", "アメリカ"),
        ("ZZ", "ZZ"),
        ("", "不明"),
        ("\u202e", "<U+202E>"),
        ("x" * 11, f"{'x' * 10}…"),
    ],
)
def test_a_country_has_its_japanese_name(code: str, name: str) -> None:
    assert country_name(code) == name
