"""Opens a stranger's workbook safely and takes out the cells of the sheets that are asked for. No formula is computed.

What is refused is told in a Japanese sentence: `Unreadable`. Sizes are checked before anything is unpacked, and the
zip library never gives more bytes than the sizes that were checked.
"""

from collections.abc import Collection
from contextlib import closing
from dataclasses import dataclass
from io import BytesIO
from zipfile import BadZipFile, ZipFile

from openpyxl import Workbook, load_workbook

LARGEST_BYTES = 2 * 1024 * 1024
_LARGEST_UNPACKED_BYTES = 4 * 1024 * 1024
_MOST_PARTS = 500
MOST_ROWS = 1000
_MOST_COLUMNS = 30
_OLD_FORMAT = b"\xd0\xcf\x11\xe0"
_FORMULA, _ERROR = "f", "e"


class Unreadable(Exception):
    """The file as a whole cannot be taken. The text is one Japanese sentence."""


@dataclass(frozen=True, slots=True)
class Cell:
    """What stands in a cell. `trouble`: why it can be no value, whatever it holds."""

    value: object
    trouble: str = ""


Grid = list[tuple[Cell, ...]]


def open_sheets(content: bytes, wanted: Collection[str]) -> dict[str, Grid]:
    """The cells of those wanted sheets that exist, row by row from the first. Raises Unreadable."""
    _check(content)
    try:
        with closing(load_workbook(BytesIO(content), read_only=True, data_only=False, keep_links=False)) as book:
            return {name: _grid(book, name) for name in wanted if name in book.sheetnames}
    except Unreadable:
        raise
    except Exception as error:
        raise Unreadable(
            "ファイルが壊れているため、読み取れませんでした。Excel で開いて保存し直してください。"
        ) from error


def _check(content: bytes) -> None:
    if len(content) > LARGEST_BYTES:
        raise Unreadable(f"ファイルが大きすぎます（{LARGEST_BYTES // 1024 // 1024} MB まで）。")
    if content.startswith(_OLD_FORMAT):
        raise Unreadable(
            "旧形式（.xls）またはパスワード付きのファイルです。パスワードなしの .xlsx で保存し直してください。"
        )
    try:
        with ZipFile(BytesIO(content)) as parts:
            infos = parts.infolist()
    except (BadZipFile, ValueError, OSError, EOFError, NotImplementedError) as error:
        raise Unreadable("Excel ブック（.xlsx）ではありません。ひな形に記入したファイルを選んでください。") from error
    if len(infos) > _MOST_PARTS or sum(info.file_size for info in infos) > _LARGEST_UNPACKED_BYTES:
        raise Unreadable("ファイルの中身が大きすぎます。ひな形に記入し直してください。")
    if any("vbaproject" in info.filename.casefold() for info in infos):
        raise Unreadable("マクロを含むファイルは取り込めません。マクロなしの .xlsx で保存し直してください。")


def _grid(book: Workbook, name: str) -> Grid:
    sheet = book[name]
    sheet.reset_dimensions()  # What the file says about its own size is not believed.
    rows: Grid = []
    for row in sheet.iter_rows(max_row=MOST_ROWS + 1, max_col=_MOST_COLUMNS):
        if len(rows) == MOST_ROWS:
            raise Unreadable(f"「{name}」シートの行数が多すぎます（{MOST_ROWS} 行まで）。余分な行を削除してください。")
        rows.append(tuple(_cell(cell.value, cell.data_type) for cell in row))
    return rows


def _cell(value: object, data_type: str) -> Cell:
    if data_type == _FORMULA:
        return Cell(value, "数式は取り込めません。値を入力してください。")
    if data_type == _ERROR:
        return Cell(value, "Excel のエラー値になっています。値を入力してください。")
    return Cell(value)
