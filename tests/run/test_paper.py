"""The check's reader of letters reads the same as a real PDF library."""

from datetime import UTC, datetime
from pathlib import Path

from sakimori.accounts.letter import Letter, letter_pdf
from sakimori.lib.pdf import render
from sakimori.run.demo.paper import text_of
from tests.letters import text_of as read_by_a_library

NOW = datetime(2026, 11, 25, tzinfo=UTC)


def test_a_letter_reads_as_it_was_written() -> None:
    letter = Letter(
        "株式会社みなと商会",
        "髙﨑 𠮷鷗",
        "c-0003-01",
        "kd7p-hw3x-m4te-ry6c",
        "管理者",
        "https://p.example.jp/",
        "サービス",
        "03",
    )
    made = letter_pdf(letter, now=NOW)
    text = "".join(text_of(made).split())
    for words in ("株式会社みなと商会", "髙﨑𠮷鷗", "c-0003-01", "kd7p-hw3x-m4te-ry6c", "https://p.example.jp/"):
        assert words in text, words
        assert words in read_by_a_library(made)


def test_signs_that_a_pdf_escapes_are_read(tmp_path: Path) -> None:
    template = tmp_path / "main.typ"
    signs = "".join(chr(number) for number in range(0x4E00, 0x4E00 + 400)) + "()\\"
    template.write_text(
        '#set document(title: "t")\n#set text(font: "Noto Sans CJK JP", lang: "ja")\n#json("data.json").signs'
    )
    text = "".join(text_of(render(template, {"signs": signs}, now=NOW)).split())
    assert text == signs


def test_what_is_no_pdf_has_no_text() -> None:
    assert text_of(b"") == ""
    assert text_of(b"stream\nx\nendstream") == ""
