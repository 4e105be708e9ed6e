"""Events as the text of a download: a table for spreadsheet programs (CSV), or the lines as they came. Pure.

CSV: UTF-8 with a byte order mark, CRLF, every text in quotation marks, headings in Japanese, times in Japan Standard
Time. A spreadsheet program takes a cell that begins with `= + - @`, a tab or a line end for a formula, and what stands
in a log was typed by attackers: such a cell, and one that begins with an apostrophe, gets an apostrophe in front. So
does an identifier that it would take for a number and shorten: more than 15 digits, a zero in front, an exponent.
Whoever wants the text back takes one apostrophe away. Numbers that we have read as numbers are left as they are, unless
they have more than 15 digits.
"""

import csv
import io
import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any

from sakimori.lib.jst import JST
from sakimori.logs.attack_kinds import AttackKind, Outcome
from sakimori.logs.fields import FIELD_BY_NAME, FIELDS, Field, Kind
from sakimori.logs.original import original_line

Row = Mapping[str, Any]

BYTE_ORDER_MARK = "\ufeff"
# Japanese editions take the wide forms for the narrow ones.
_FORMULA = frozenset("=+-@\t\r\n＝＋－＠'")
_MOST_DIGITS = 15  # A spreadsheet program makes zeros of what comes behind them.
_SHORTENED = re.compile(rf"\d{{{_MOST_DIGITS + 1},}}|0\d+|\d+(?:\.\d+)?[eE]\d+", re.ASCII)
_WORDS = {
    "attack_kind": {kind.value: kind.label for kind in AttackKind},
    "outcome": {outcome.value: outcome.label for outcome in Outcome},
}
_LINE = "line"
_COLUMNS = tuple(field for field in FIELDS if field.name != _LINE)
PLACE_HEADINGS = ("受信ファイル番号", "行番号")
_AT_ONCE = 200


def defused(text: str) -> str:
    """The text as a cell that no spreadsheet program takes for a formula, nor for a number that it shortens."""
    return f"'{text}" if text[:1] in _FORMULA or _SHORTENED.fullmatch(text) else text


def as_table(rows: Iterable[Row]) -> Iterator[bytes]:
    """The rows of the store as CSV, headings first, in pieces of bounded size."""
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer, quoting=csv.QUOTE_NONNUMERIC, lineterminator="\r\n")
    buffer.write(BYTE_ORDER_MARK)
    writer.writerow([*PLACE_HEADINGS, *HEADINGS])
    for number, row in enumerate(rows, start=1):
        writer.writerow([row["file_id"], row["line_no"], *cells_of(row)])
        if number % _AT_ONCE == 0:
            yield _taken(buffer)
    yield _taken(buffer)


def cells_of(row: Row) -> list[str | float]:
    """What stands under each of `HEADINGS` for an event, from a row of the store or of the same names and values."""
    return [*[cell(row[name]) for name, cell in _CELLS], defused(original_line(row))]


def place_of(row: Row) -> bytes:
    """Where an event was received, for whoever has only its line: as a row of the list `places_begin` begins."""
    return f"{row['file_id']},{row['line_no']}\r\n".encode()


def places_begin() -> bytes:
    """The headings of a list of places."""
    return f"{BYTE_ORDER_MARK}{','.join(PLACE_HEADINGS)}\r\n".encode()


def as_lines(rows: Iterable[Row]) -> Iterator[bytes]:
    """The lines as they came, each with a line feed, in pieces of bounded size."""
    waiting: list[str] = []
    for row in rows:
        waiting.append(original_line(row))
        if len(waiting) == _AT_ONCE:
            yield _joined(waiting)
            waiting = []
    if waiting:
        yield _joined(waiting)


def _joined(lines: list[str]) -> bytes:
    return "".join(f"{line}\n" for line in lines).encode()


def _heading(field: Field) -> str:
    return f"{field.label}（日本時間）" if field.kind is Kind.TIME else field.label


def _cell_of(field: Field) -> Callable[[Any], str | float]:
    """How a value of a column becomes a cell; None is an empty one."""
    if field.kind in (Kind.INT, Kind.PORT, Kind.FLOAT):
        return lambda value: "" if value is None else _number(value)
    if words := _WORDS.get(field.name):
        return lambda value: defused(words.get(value, value))
    if field.name == "attack_kinds":
        kinds = _WORDS["attack_kind"]
        return lambda value: defused("、".join(kinds.get(kind, kind) for kind in value))
    text = _TEXTS.get(field.kind, str)
    return lambda value: "" if value is None else defused(text(value))


def _number(value: float) -> str | float:
    return value if abs(value) < 10**_MOST_DIGITS else f"'{value}"


def _moment(value: datetime) -> str:
    return value.astimezone(JST).replace(tzinfo=None).isoformat(sep=" ", timespec="milliseconds")


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False) if value else ""


def _taken(buffer: io.StringIO) -> bytes:
    text = buffer.getvalue()
    buffer.seek(0)
    buffer.truncate()
    return text.encode()


_TEXTS: Mapping[Kind, Callable[[Any], str]] = {
    Kind.TIME: _moment,
    Kind.LIST: "、".join,
    Kind.MAP: lambda value: _json(dict(value)),
}

_CELLS = tuple((field.name, _cell_of(field)) for field in _COLUMNS)
LINE_HEADING = FIELD_BY_NAME[_LINE].label
HEADINGS = (*(_heading(field) for field in _COLUMNS), LINE_HEADING)
