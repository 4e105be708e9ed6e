"""Whatever a stranger sends as a hearing sheet becomes a Japanese sentence, quickly, and never an exception."""

import random
from collections.abc import Callable
from io import BytesIO
from zipfile import ZIP_DEFLATED, ZipFile

import pytest
from openpyxl import Workbook, load_workbook

from sakimori.customers import sheet
from sakimori.customers.sheet import LARGEST_BYTES
from tests.customers.sheets import edited, filled, sentences
from tests.japanese.text import japanese_or_allowed

_SHEET = "xl/worksheets/sheet4.xml"  # 連絡先, the fourth of the template
_ROWS = (
    '<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>{}</sheetData></worksheet>'
)


def with_part(name: str, content: bytes) -> bytes:
    """The filled-in sheet with one part of its zip replaced or added."""
    file = BytesIO()
    with ZipFile(BytesIO(filled())) as old, ZipFile(file, "w", ZIP_DEFLATED) as new:
        for info in old.infolist():
            if info.filename != name:
                new.writestr(info.filename, old.read(info.filename))
        new.writestr(name, content)
    return file.getvalue()


def bomb() -> bytes:
    return with_part("xl/media/zeros.bin", bytes(64 * 1024 * 1024))


def lying_bomb() -> bytes:
    """A part that is larger than the zip's own directory says."""
    made = with_part(_SHEET, b" " * (20 * 1024 * 1024))
    size = (20 * 1024 * 1024).to_bytes(4, "little")
    return made.replace(size, (1000).to_bytes(4, "little"))


def many_parts() -> bytes:
    file = BytesIO(filled())
    with ZipFile(file, "a") as parts:
        for number in range(600):
            parts.writestr(f"xl/media/{number}", b"")
    return file.getvalue()


def entities() -> bytes:
    row = '<row r="3"><c r="A3" t="inlineStr"><is><t>&a;</t></is></c></row>'
    return with_part(_SHEET, f'<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/hostname">]>{_ROWS.format(row)}'.encode())


def laughs() -> bytes:
    inner = "".join(f'<!ENTITY a{n} "{f"&a{n - 1};" * 10}">' for n in range(1, 10))
    return with_part(_SHEET, f'<!DOCTYPE x [<!ENTITY a0 "ha">{inner}]>{_ROWS.format("&a9;")}'.encode())


HOSTILE: dict[str, tuple[Callable[[], bytes], str]] = {
    "nothing": (lambda: b"", "Excel ブック（.xlsx）ではありません"),
    "text": ("氏名,電話\n".encode, "Excel ブック（.xlsx）ではありません"),
    "a zip that ends too early": (lambda: filled()[:2000], "Excel ブック（.xlsx）ではありません"),
    "an old or encrypted workbook": (lambda: b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), "旧形式（.xls）または"),
    "a zip without a workbook": (lambda: with_part("[Content_Types].xml", b"<x/>"), "壊れているため"),
    "not XML": (lambda: with_part(_SHEET, b"\x00\xff<"), "壊れているため"),
    "an external entity": (entities, "壊れているため"),
    "a billion laughs": (laughs, "壊れているため"),
    "a zip bomb": (bomb, "ファイルの中身が大きすぎます"),
    "a zip bomb that lies about its size": (lying_bomb, "壊れているため"),
    "many parts": (many_parts, "ファイルの中身が大きすぎます"),
    "macros": (lambda: with_part("xl/vbaProject.bin", b"x"), "マクロを含むファイル"),
    "too many bytes": (lambda: filled() + bytes(LARGEST_BYTES), "ファイルが大きすぎます（2 MB まで）"),
    "a row far below": (
        lambda: with_part(_SHEET, _ROWS.format('<row r="99999999999"><c r="A1"><v>1</v></c></row>').encode()),
        "行数が多すぎます（1000 行まで）",
    ),
    "hundreds of thousands of rows": (
        lambda: with_part(_SHEET, _ROWS.format("<row/>" * 600_000).encode()),
        "行数が多すぎます（1000 行まで）",
    ),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_file_is_one_sentence(name: str) -> None:
    make, words = HOSTILE[name]
    content = make()
    told = sentences(content)
    assert len(told) == 1
    assert words in told[0]
    assert japanese_or_allowed(told[0])


def test_a_cell_far_to_the_right_is_nobodys_concern() -> None:
    def widen(book: Workbook) -> None:
        book["連絡先"]["XFD4"].value = "x"

    assert sentences(edited(widen)) == []


def test_strange_types_are_told_cell_by_cell() -> None:
    def spoil(book: Workbook) -> None:
        book["契約"]["B4"].value = True
        book["契約"]["B5"].value = 12.5
        book["契約"]["B7"].value = 46113
        book["連絡先"]["A4"].value = "1st"
        book["サイト"]["B4"].value = -5

    assert [told.partition(": ")[0] for told in sentences(edited(spoil))] == [
        "「契約」シート B4",
        "「契約」シート B7",
        "「サイト」シート B4",
        "「連絡先」シート A4",
    ]


def test_other_sheets_are_not_looked_at() -> None:
    def add(book: Workbook) -> None:
        book.create_sheet("メモ")["A1"].value = "=1/0"

    assert sentences(edited(add)) == []


def test_a_chart_where_a_list_should_be_is_told() -> None:
    def spoil(book: Workbook) -> None:
        del book["連絡先"]
        book.create_chartsheet("連絡先")

    assert len(sentences(edited(spoil))) == 1


@pytest.mark.parametrize("seed", range(60))
def test_damaged_files_never_raise(seed: int) -> None:
    chance = random.Random(seed)
    content = bytearray(filled())
    for _ in range(chance.randint(1, 40)):
        content[chance.randrange(len(content))] = chance.randrange(256)
    reading = sheet.read(bytes(content))
    assert reading.sheet is not None or reading.errors


@pytest.mark.parametrize("seed", range(20))
def test_damaged_markup_never_raises(seed: int) -> None:
    chance = random.Random(seed)
    with ZipFile(BytesIO(filled())) as parts:
        name = chance.choice([info.filename for info in parts.infolist()])
        content = bytearray(parts.read(name))
    for _ in range(chance.randint(1, 10)):
        content[chance.randrange(len(content))] = ord(chance.choice('<>"=/&;0x'))
    reading = sheet.read(with_part(name, bytes(content)))
    assert reading.sheet is not None or reading.errors


def test_the_library_reads_our_own_template_too() -> None:
    assert load_workbook(BytesIO(filled()))["連絡先"]["A4"].value == 1
