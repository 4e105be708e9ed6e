"""Reads a hearing sheet: every cell is looked at, so that all that is wrong is told at once.

A sheet is either right as a whole, or there is no sheet and a list of errors.
"""

import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from openpyxl.utils import get_column_letter

from sakimori.customers.sheet import layout
from sakimori.customers.sheet.cells import BadCell, is_blank
from sakimori.customers.sheet.layout import Column, Table
from sakimori.customers.sheet.records import (
    ContactLine,
    ContractLine,
    CustomerLine,
    HearingSheet,
    NetworkLine,
    SiteLine,
    UserLine,
)
from sakimori.customers.sheet.workbook import Cell, Grid, Unreadable, open_sheets

_HEADING_WITHIN_ROWS = 10
_NOTHING = Cell(None)


@dataclass(frozen=True, slots=True)
class CellError:
    """What is wrong, and where: sheet and cell are empty where the whole file or sheet is meant."""

    sheet: str
    cell: str
    sentence: str

    def __str__(self) -> str:
        where = f"「{self.sheet}」シート" if self.sheet else ""
        place = f"{where} {self.cell}".strip()
        return f"{place}: {self.sentence}" if place else self.sentence


@dataclass(frozen=True, slots=True)
class Reading:
    """The sheet, or what keeps it from being one."""

    sheet: HearingSheet | None
    errors: tuple[CellError, ...]


@dataclass(frozen=True, slots=True)
class _Line:
    """One line of a list: its row, and by column key the names of its cells and what they say."""

    row: int
    cells: Mapping[str, str]
    values: Mapping[str, Any]


def read(content: bytes) -> Reading:
    """The hearing sheet that a workbook holds. Never raises for what it holds."""
    try:
        grids = open_sheets(content, [table.name for table in layout.TABLES])
    except Unreadable as refusal:
        return Reading(None, (CellError("", "", str(refusal)),))
    errors: list[CellError] = []
    form = _form(grids, errors)
    lists = {table.name: _list(table, grids, errors) for table in layout.LISTS}
    if not errors:
        errors += _foreign_pages(lists[layout.SITES.name])
        errors += _foreign_sites(lists[layout.CONTACTS.name], lists[layout.SITES.name])
    return Reading(None if errors else _sheet(form, lists), tuple(errors))


def _sheet(form: Mapping[str, Any], lists: Mapping[str, Sequence[_Line]]) -> HearingSheet:
    def part(whose: str) -> dict[str, Any]:
        return {key.removeprefix(whose): value for key, value in form.items() if key.startswith(whose)}

    def values(table: Table) -> Iterator[Mapping[str, Any]]:
        return (line.values for line in lists[table.name])

    return HearingSheet(
        customer=CustomerLine(**part("customer.")),
        contract=ContractLine(**part("contract.")),
        sites=tuple(SiteLine(**line) for line in values(layout.SITES)),
        contacts=tuple(ContactLine(**line) for line in values(layout.CONTACTS)),
        users=tuple(UserLine(**line) for line in values(layout.USERS)),
        networks=tuple(NetworkLine(**line) for line in values(layout.NETWORKS)),
    )


def _form(grids: Mapping[str, Grid], errors: list[CellError]) -> dict[str, Any]:
    """Questions stand in the first column, answers beside them."""
    table = layout.FORM
    grid = grids.get(table.name)
    if grid is None:
        errors.append(CellError(table.name, "", "シートがありません。ひな形に記入したファイルを選んでください。"))
        return {}
    asked = {_key(_at(row, 0).value): number for number, row in reversed(list(enumerate(grid, start=1)))}
    values: dict[str, Any] = {}
    for column in table.columns:
        number = asked.get(_key(column.heading))
        if number is None and column.newer:
            continue
        if number is None:
            errors.append(CellError(table.name, "", f"A 列に「{column.heading}」の行がありません。"))
        else:
            _take(column, _at(grid[number - 1], 1), table.name, f"B{number}", values, errors)
    return values


def _list(table: Table, grids: Mapping[str, Grid], errors: list[CellError]) -> list[_Line]:
    grid = grids.get(table.name)
    if grid is None:
        errors.append(CellError(table.name, "", "シートがありません。ひな形に記入したファイルを選んでください。"))
        return []
    head = _heading_row(table, grid)
    places = {_key(cell.value): place for place, cell in enumerate(grid[head - 1])} if head else {}
    lacking = [column for column in table.columns if _key(column.heading) not in places]
    missing = [column.heading for column in lacking if not column.newer]
    if missing:
        errors.append(CellError(table.name, "", f"見出し「{'」「'.join(missing)}」がありません。"))
        return []
    columns = [(column, places[_key(column.heading)]) for column in table.columns if column not in lacking]
    lines = [
        _line(table, columns, number, row, errors)
        for number, row in enumerate(grid[head:], start=head + 1)
        if any(not is_blank(_at(row, place).value) for _, place in columns)
    ]
    if len(lines) < table.fewest:
        errors.append(CellError(table.name, "", f"{table.fewest} 行以上ご記入ください。"))
    errors += _check_once(table, lines)
    return lines


def _line(
    table: Table, columns: Sequence[tuple[Column, int]], number: int, row: Sequence[Cell], errors: list[CellError]
) -> _Line:
    names = {column.key: f"{get_column_letter(place + 1)}{number}" for column, place in columns}
    values: dict[str, Any] = {}
    for column, place in columns:
        _take(column, _at(row, place), table.name, names[column.key], values, errors)
    return _Line(number, names, values)


def _take(column: Column, cell: Cell, sheet: str, name: str, values: dict[str, Any], errors: list[CellError]) -> None:
    """Put what the cell says into `values`, or what is wrong with it into `errors`."""
    try:
        if cell.trouble:
            raise BadCell(cell.trouble)
        if not is_blank(cell.value):
            values[column.key] = column.read(cell.value)
        elif column.required:
            raise BadCell(f"「{column.heading}」をご記入ください。")
        else:
            values[column.key] = column.blank
    except BadCell as trouble:
        errors.append(CellError(sheet, name, str(trouble)))


def _check_once(table: Table, lines: Sequence[_Line]) -> Iterator[CellError]:
    for column in table.columns:
        first: dict[object, int] = {}
        for line in lines if column.once else ():
            value = line.values.get(column.key)
            same = value.casefold() if isinstance(value, str) else value
            if same is not None and same in first:
                sentence = f"「{column.heading}」が {first[same]} 行目と重複しています。"
                yield CellError(table.name, line.cells[column.key], sentence)
            first.setdefault(same, line.row)


def _foreign_pages(sites: Sequence[_Line]) -> Iterator[CellError]:
    """Only pages of the site itself are visited."""
    for line in sites:
        host = urlsplit(line.values["probe_url"]).hostname or line.values["domain"]
        if host != line.values["domain"] and not host.endswith(f".{line.values['domain']}"):
            sentence = "「確認する URL」には、同じ行のドメインのページをご記入ください。"
            yield CellError(layout.SITES.name, line.cells["probe_url"], sentence)


def _foreign_sites(contacts: Sequence[_Line], sites: Sequence[_Line]) -> Iterator[CellError]:
    """A contact is about sites of this sheet."""
    known = {line.values["domain"] for line in sites}
    for line in contacts:
        unknown = [domain for domain in line.values.get("sites") or () if domain not in known]
        if unknown:
            sentence = f"「担当サイト」の {'、'.join(unknown)} が「サイト」シートにありません。"
            yield CellError(layout.CONTACTS.name, line.cells["sites"], sentence)


def _heading_row(table: Table, grid: Grid) -> int:
    """The number of the row that holds most of the headings; 0 when none holds any."""
    wanted = {_key(column.heading) for column in table.columns}
    counts = [len(wanted & {_key(cell.value) for cell in row}) for row in grid[:_HEADING_WITHIN_ROWS]]
    most = max(counts, default=0)
    return counts.index(most) + 1 if most else 0


def _key(value: object) -> str:
    """A heading without what people change by accident: width of signs, spaces, a star for "required"."""
    return "".join(unicodedata.normalize("NFKC", str(value or "")).split()).rstrip("*※").casefold()


def _at(row: Sequence[Cell], place: int) -> Cell:
    return row[place] if place < len(row) else _NOTHING
