"""Events as the text of a download: a table for spreadsheet programs (CSV), or the lines as they came. Pure.

CSV: UTF-8 with a byte order mark, CRLF, every text in quotation marks, headings in Japanese, times in Japan Standard
Time. A spreadsheet program takes a cell that begins with `= + - @`, a tab or a line end for a formula, and what stands
in a log was typed by attackers: such a cell, and one that begins with an apostrophe, gets an apostrophe in front.
Whoever wants the text back takes one apostrophe away. Numbers that we have read as numbers are left as they are.
"""

import csv
import io
import json
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
_WORDS = {
    "attack_kind": {kind.value: kind.label for kind in AttackKind},
    "outcome": {outcome.value: outcome.label for outcome in Outcome},
}
_LINE = "line"
_COLUMNS = tuple(field for field in FIELDS if field.name != _LINE)
_OWN_HEADINGS = ("受信ファイル番号", "行番号")
_AT_ONCE = 200


def defused(text: str) -> str:
    """The text as a cell that no spreadsheet program takes for a formula."""
    return f"'{text}" if text[:1] in _FORMULA else text


def as_table(rows: Iterable[Row]) -> Iterator[bytes]:
    """The rows of the store as CSV, headings first, in pieces of bounded size."""
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer, quoting=csv.QUOTE_NONNUMERIC, lineterminator="\r\n")
    buffer.write(BYTE_ORDER_MARK)
    writer.writerow([*_OWN_HEADINGS, *(_heading(field) for field in _COLUMNS), FIELD_BY_NAME[_LINE].label])
    cells = [(field.name, _cell_of(field)) for field in _COLUMNS]
    for number, row in enumerate(rows, start=1):
        own = row["file_id"], row["line_no"]
        writer.writerow([*own, *[cell(row[name]) for name, cell in cells], defused(original_line(row))])
        if number % _AT_ONCE == 0:
            yield _taken(buffer)
    yield _taken(buffer)


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
        return lambda value: "" if value is None else value
    if words := _WORDS.get(field.name):
        return lambda value: defused(words.get(value, value))
    if field.name == "attack_kinds":
        kinds = _WORDS["attack_kind"]
        return lambda value: defused("、".join(kinds.get(kind, kind) for kind in value))
    text = _TEXTS.get(field.kind, str)
    return lambda value: "" if value is None else defused(text(value))


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
