"""PDFs: the text can be read back, rare kanji included, and the same input gives the same bytes."""

from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path

from pypdf import PdfReader

from sakimori.lib.pdf import render

NOW = datetime(2026, 11, 25, tzinfo=UTC)
TEMPLATE = """
#let data = json("data.json")
#set document(title: data.title)
#set text(font: "Noto Sans CJK JP", lang: "ja")
= #data.title
#data.body
#image("chart.svg", alt: "図")
"""
CHART = b'<svg xmlns="http://www.w3.org/2000/svg" width="10" height="10"><rect width="10" height="10"/></svg>'


def test_text_stays_text_and_nothing_in_data_is_markup(tmp_path: Path) -> None:
    made = _render(tmp_path, '髙﨑𠮷鷗 #panic("x") $x$ *太字*')
    page = PdfReader(BytesIO(made)).pages[0].extract_text()
    assert '髙﨑𠮷鷗 #panic("x") $x$ *太字*' in page


def test_the_same_input_gives_the_same_bytes(tmp_path: Path) -> None:
    assert _render(tmp_path, "本文") == _render(tmp_path, "本文")


def test_the_typeface_is_embedded(tmp_path: Path) -> None:
    made = _render(tmp_path, "本文")
    resources = PdfReader(BytesIO(made)).pages[0]["/Resources"].get_object()
    fonts = [font.get_object()["/BaseFont"] for font in resources["/Font"].values()]
    assert all("NotoSansCJKjp" in name for name in fonts)


def _render(folder: Path, body: str) -> bytes:
    template = folder / "main.typ"
    template.write_text(TEMPLATE)
    return render(template, {"title": "お知らせ", "body": body}, now=NOW, pictures={"chart.svg": CHART})
