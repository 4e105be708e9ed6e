"""The blank hearing sheet as a workbook: headings, hints, choices, and a filled-in example to look at."""

from collections.abc import Mapping, Sequence
from io import BytesIO

from openpyxl import Workbook
from openpyxl.styles import Alignment, Border, Font, PatternFill, Side
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.datavalidation import DataValidation
from openpyxl.worksheet.worksheet import Worksheet

from sakimori.customers.sheet.layout import FORM, LISTS, TABLES, Column, Table

GUIDE, EXAMPLE = "ご記入方法", "記入例"
HEADING_ROW, FIRST_LINE = 3, 4
_LINES = 30
_TITLE = Font(name="Yu Gothic", size=14, bold=True)
_BOLD = Font(name="Yu Gothic", size=10.5, bold=True)
_PLAIN = Font(name="Yu Gothic", size=10.5)
_HINT = Font(name="Yu Gothic", size=9, color="5F6B76")
_HEAD = PatternFill("solid", fgColor="E3EEFB")
_INPUT = PatternFill("solid", fgColor="FFFBE6")
_EDGE = Side(style="thin", color="C9D1D9")
_FRAME = Border(left=_EDGE, right=_EDGE, top=_EDGE, bottom=_EDGE)
_WRAP = Alignment(wrap_text=True, vertical="top")
_GUIDE_LINES = (
    "薄い黄色の欄にご記入のうえ、.xlsx 形式のまま保存してご返送ください。",
    "見出しの * は必須の項目です。見出しとシート名は変更しないでください。",
    "「連絡先」は、障害やインシデントのときにお電話とメールでご連絡する方です。",
    "「ポータル利用者」は、MSS ポータルにログインされる方です。同じ方が両方に載っていても構いません。",
    "数式は使わず、値をご記入ください。電話番号のセルは「文字列」になっています。",
    "内容に変更があるときは、変更後の全員・全サイトを記載したシートをお送りください。",
    "「連絡先」に記載のない方へのご連絡は停止します。",
)


def blank_template() -> bytes:
    """The workbook that is sent to a customer."""
    return fill_in({}, {})


def fill_in(answers: Mapping[str, object], lines: Mapping[str, Sequence[Sequence[object]]]) -> bytes:
    """The workbook with answers by the form's headings, and lines by the names of the lists."""
    book = Workbook()
    guide = book.active
    if guide is None:
        raise TypeError("a new workbook has one sheet")
    _guide(guide)
    _form(book.create_sheet(FORM.name), answers)
    for table in LISTS:
        _list(book.create_sheet(table.name), table, lines.get(table.name, ()))
    _example(book.create_sheet(EXAMPLE))
    file = BytesIO()
    book.save(file)
    return file.getvalue()


def _guide(sheet: Worksheet) -> None:
    sheet.title = GUIDE
    sheet.column_dimensions["A"].width = 100
    _write(sheet, "A1", "ヒアリングシート", font=_TITLE)
    for number, line in enumerate(_GUIDE_LINES, start=3):
        _write(sheet, f"A{number}", f"・{line}")


def _form(sheet: Worksheet, answers: Mapping[str, object]) -> None:
    for letter, width in (("A", 28), ("B", 36), ("C", 48)):
        sheet.column_dimensions[letter].width = width
    _write(sheet, "A1", FORM.about, font=_BOLD, wrap=False)
    for place, words in enumerate(("項目", "ご記入欄", "説明"), start=1):
        _write(sheet, f"{get_column_letter(place)}{HEADING_ROW}", words, font=_BOLD, fill=_HEAD, framed=True)
    for number, column in enumerate(FORM.columns, start=FIRST_LINE):
        _write(sheet, f"A{number}", _heading(column), font=_BOLD, framed=True)
        _write(sheet, f"B{number}", answers.get(column.heading), fill=_INPUT, framed=True)
        _write(sheet, f"C{number}", column.hint, font=_HINT, framed=True)
        _offer(sheet, column, f"B{number}")
    sheet.freeze_panes = f"A{FIRST_LINE}"


def _list(sheet: Worksheet, table: Table, lines: Sequence[Sequence[object]]) -> None:
    _write(sheet, "A1", table.about, font=_BOLD, wrap=False)
    last = HEADING_ROW + max(_LINES, len(lines))
    for place, column in enumerate(table.columns, start=1):
        letter = get_column_letter(place)
        sheet.column_dimensions[letter].width = column.width
        _write(sheet, f"{letter}{HEADING_ROW - 1}", column.hint, font=_HINT)
        _write(sheet, f"{letter}{HEADING_ROW}", _heading(column), font=_BOLD, fill=_HEAD, framed=True)
        for number in range(FIRST_LINE, last + 1):
            line = lines[number - FIRST_LINE] if number - FIRST_LINE < len(lines) else ()
            value = line[place - 1] if place - 1 < len(line) else None
            _write(sheet, f"{letter}{number}", value, fill=_INPUT, framed=True)
        _offer(sheet, column, f"{letter}{FIRST_LINE}:{letter}{last}")
    sheet.freeze_panes = f"A{FIRST_LINE}"


def _example(sheet: Worksheet) -> None:
    """All sheets below each other, filled in. Nobody reads this sheet back."""
    sheet.column_dimensions["A"].width = 28
    for letter in "BCDEFGHIJK":
        sheet.column_dimensions[letter].width = 24
    number = 1
    for table in TABLES:
        _write(sheet, f"A{number}", f"「{table.name}」シート", font=_BOLD)
        pairs = [(column.heading, column.example) for column in table.columns]
        rows = pairs if table.is_form else list(zip(*pairs, strict=True))
        for offset, row in enumerate(rows, start=1):
            for place, words in enumerate(row, start=1):
                is_head = place == 1 if table.is_form else offset == 1
                fill = _HEAD if is_head else None
                _write(sheet, f"{get_column_letter(place)}{number + offset}", words, fill=fill, framed=True)
        number += len(rows) + 2


def _heading(column: Column) -> str:
    return f"{column.heading} *" if column.required else column.heading


def _offer(sheet: Worksheet, column: Column, cells: str) -> None:
    """A list to choose from, where there are only some answers."""
    if column.choices:
        choice = DataValidation(type="list", formula1=f'"{",".join(column.choices)}"', allow_blank=True)
        sheet.add_data_validation(choice)
        choice.add(cells)


def _write(
    sheet: Worksheet,
    name: str,
    value: object,
    *,
    font: Font = _PLAIN,
    fill: PatternFill | None = None,
    framed: bool = False,
    wrap: bool = True,
) -> None:
    cell = sheet[name]
    cell.number_format = "@"  # Text: a phone number keeps its first zero.
    cell.value = value
    if isinstance(value, str):
        cell.data_type = "s"  # What begins with "=" is text too.
    cell.font = font
    if wrap:
        cell.alignment = _WRAP
    if fill is not None:
        cell.fill = fill
    if framed:
        cell.border = _FRAME
