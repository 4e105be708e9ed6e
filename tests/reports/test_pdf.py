"""The PDF of a report, read back: what stands on it, for every kind of month, with hostile text and many pages."""

from dataclasses import replace
from datetime import date
from io import BytesIO

import pytest
from pypdf import PdfReader

from sakimori.reports.document import document, paragraphs
from sakimori.reports.figures import Figures, to_json
from sakimori.reports.models import Report
from sakimori.reports.rendering import render
from tests.reports import samples

COMMENT = "今月は SQLインジェクションの試行が集中しました。\n\n引き続き監視いたします。"


def made(figures: Figures, *, draft: bool = False, comment: str = COMMENT) -> bytes:
    report = Report(
        month="2026-10",
        due_on=date(2026, 11, 16),
        figures=to_json(figures),
        as_of=samples.AS_OF,
        comment=comment,
    )
    return render(report, samples.LETTER, now=samples.AS_OF, draft=draft)


def pages(content: bytes) -> list[str]:
    """The text of every page, without the marks where a long word may break and without line ends."""
    texts = [page.extract_text() for page in PdfReader(BytesIO(content)).pages]
    return [text.replace("\u200b", "").replace("\n", "").replace(" ", "") for text in texts]


def test_the_first_page_has_the_figures_of_the_first_look() -> None:
    first = pages(made(samples.busy()))[0]
    for part in (
        "月次レポート2026年10月",
        "株式会社さくら商店様",
        "K-2026-0001",
        "2026年10月1日（木）から2026年10月31日（土）まで",
        "2026年11月2日09:30:00",
        "2026年11月16日（月）",
        "4,750",
        "3,618",
        "1,635,560",
        "攻撃を4,750件検知し",
        "引き続き監視いたします。",
    ):
        assert part in first, part


def test_all_tables_and_every_ticket_with_its_contents_are_there() -> None:
    text = "".join(pages(made(samples.busy(tickets=40))))
    for part in (
        "クロスサイトスクリプティング",
        "不正なリソースアクセス",
        "shop.sakura.example.jp",
        "198.51.100.20",
        "2001:db8:ffff:ffff:ffff:ffff:ffff:fffe",
        "攻撃元アドレスは全部で137件です。上位10件を示します。",
        "DDoS攻撃による表示遅延のお知らせ",
        "お客様確認待ち",
        "1,633,208行を保存し",
    ):
        assert part in text, part
    assert all(text.count(f"WSP-{number:06d}") == 2 for number in range(1, 41))
    assert text.count("応答の内容からも、情報が流出した形跡は認められません。") == 41


def test_every_page_names_contract_customer_month_phone_and_its_number() -> None:
    found = pages(made(samples.busy(tickets=40)))
    assert len(found) > 5
    for number, text in enumerate(found, start=1):
        for part in ("株式会社さくら商店様", "K-2026-0001", "2026年10月", "03-0000-0000", f"{number}/{len(found)}"):
            assert part in text, (number, part)


def test_a_quiet_month_and_a_silent_month_say_what_they_are() -> None:
    quiet, silent = ("".join(pages(made(figures))) for figures in (samples.quiet(), samples.silent()))
    assert "この月は検知がありませんでした。" in quiet
    assert "判定不能" in quiet
    assert "ログを受信していません。" in silent
    assert "この月は検知がありませんでした" not in silent
    assert "攻撃がなかったことを意味しません" in silent
    assert "この月に対応したチケットはありません" in silent


def test_hostile_text_is_printed_inert_and_breaks_no_table() -> None:
    text = "".join(pages(made(samples.hostile(), comment=samples.HOSTILE)))
    assert "</script>#panic(1)$x$*太字*<U+202E>gnp.exe<U+0007>" in text
    assert "\u202e" not in text
    assert "（以下省略）" in text


def test_only_a_draft_says_so() -> None:
    assert "下書き" in "".join(pages(made(samples.quiet(), draft=True)))
    assert "下書き" not in "".join(pages(made(samples.quiet())))


def test_the_same_figures_give_the_same_bytes_again() -> None:
    assert made(samples.busy()) == made(samples.busy())


def test_a_report_without_figures_is_not_printed() -> None:
    with pytest.raises(ValueError, match="without figures"):
        render(Report(month="2026-10"), samples.LETTER, now=samples.AS_OF)


def test_typed_text_is_cut_where_no_page_could_bear_it() -> None:
    assert paragraphs("") == []
    assert paragraphs("一\n\n二\r\n三") == ["一", "", "二", "三"]
    assert len(paragraphs("x" * 5000)[0]) == 1001
    assert len(paragraphs("あ\n" * 100)) == 41


def test_cells_of_strangers_are_cut() -> None:
    data = document(
        samples.LETTER,
        samples.OCTOBER,
        samples.hostile(),
        comment="",
        as_of=samples.AS_OF,
        due=date(2026, 11, 16),
        draft=False,
    )
    assert len(data["sources"][0]["country"]) == 11
    assert len(data["kinds"][0]["name"]) == 81
    assert data["source_note"].endswith("上位 1 件を示します。")


def test_a_long_name_leaves_room_for_the_page_and_stands_in_full_on_the_first() -> None:
    name = "株式会社とても長い名前の会社ホールディングス" * 8
    letter = replace(samples.LETTER, customer_name=name)
    data = document(
        letter, samples.OCTOBER, samples.quiet(), comment="", as_of=samples.AS_OF, due=date(2026, 11, 16), draft=False
    )
    assert data["customer"] == name
    assert data["customer-short"] == f"{name[:32]}…"
