"""Reads the parts of a bundle row by row: for each where it was received, and digests of what it says.

Two digests: of the line as it came, and of everything else that the row says. The same are computed from a line of the
received file (`Shape.read`), with the functions that made the row; so whoever compares them needs not hold the rows.
Memory: a row, whose length is bounded.
"""

import csv
import hashlib
import io
import json
from collections.abc import Generator, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple
from zipfile import Path as ZipPath

from sakimori.logs.exports.writing import HEADINGS, LINE_HEADING, PLACE_HEADINGS, cells_of
from sakimori.logs.fields import Event

Folder = ZipPath | Path

# A line of a log has at most 256 KiB; a row holds it, its columns, and signs for those that are doubled.
_LONGEST = 1 << 23
_DIGEST_BYTES = 16
_LARGEST_NUMBER = (1 << 63) - 1
_NO_COLUMNS = b""
NO_FILE = 0
_AS_TABLE = ("utf-8-sig", "")
_AS_LINES = ("utf-8", "\n")


class BadPart(Exception):
    """The part cannot be read further; the text says why."""


class Told(NamedTuple):
    """What a row says: digests of its line, and of its other columns (empty where a part has none)."""

    line: bytes
    columns: bytes


class Claim(NamedTuple):
    """That a line of a received file (its key in the ledger, and the line's number from 1) says this."""

    file: int
    line_no: int
    told: Told


@dataclass(frozen=True, slots=True)
class Part:
    """A part as `chain.json` names it. places: the list of where its lines were received; empty where there is none."""

    name: str
    lines: int
    places: str = ""

    @property
    def files(self) -> tuple[str, ...]:
        """The names of what it consists of."""
        return (self.name, self.places) if self.places else (self.name,)

    @property
    def is_table(self) -> bool:
        """Whether it is a CSV, which names each row's place itself."""
        return self.name.endswith(".csv")


@dataclass(frozen=True, slots=True)
class Shape:
    """Which columns a part has besides the places and the line. None: it has lines only."""

    columns: tuple[str, ...] | None

    def read(self, event: Event) -> Told:
        """What a row of such a part says of an event."""
        if self.columns is None:
            return Told(_digest([event.line]), _NO_COLUMNS)
        texts = map(_as_read, cells_of({"frame": "", **event._asdict()}))
        return self.told(dict(zip(HEADINGS, texts, strict=True)))

    def told(self, cells: dict[str, str]) -> Told:
        """Digests of a row's cells by their headings."""
        others = [cells[heading] for heading in self.columns or ()]
        return Told(_digest([cells[LINE_HEADING]]), _digest(others))


@contextmanager
def reading(folder: Folder, part: Part) -> Generator[tuple[Shape, Iterator[Claim]]]:
    """The shape of a part and its claims, in its order. What is read afterwards may raise BadPart too.

    Lines without a list of places claim to be of NO_FILE.
    """
    csv.field_size_limit(_LONGEST)
    with ExitStack() as opened:

        def text(name: str, encoding: str, newline: str) -> io.TextIOWrapper:
            return opened.enter_context(io.TextIOWrapper((folder / name).open("rb"), encoding, newline=newline))

        if part.is_table:
            yield _table(text(part.name, *_AS_TABLE))
        elif part.places:
            yield Shape(None), _lines(text(part.name, *_AS_LINES), text(part.places, *_AS_TABLE))
        else:
            yield Shape(None), _unplaced(text(part.name, *_AS_LINES))


def _table(text: io.TextIOWrapper) -> tuple[Shape, Iterator[Claim]]:
    rows = _rows(text)
    headings = next(rows, [])
    columns = tuple(heading for heading in headings if heading not in (*PLACE_HEADINGS, LINE_HEADING))
    if len(set(headings)) != len(headings) or not {*PLACE_HEADINGS, LINE_HEADING} <= set(headings):
        raise BadPart("its headings are not those of a table of ours")
    if unknown := set(columns) - set(HEADINGS):
        raise BadPart(f"this version does not know its column {min(unknown)}")
    return Shape(columns), _claims(rows, headings, Shape(columns))


def _claims(rows: Iterator[list[str]], headings: Sequence[str], shape: Shape) -> Iterator[Claim]:
    for number, row in enumerate(rows, start=1):
        if len(row) != len(headings):
            raise BadPart(f"row {number} has {len(row)} columns, not {len(headings)}")
        cells = dict(zip(headings, row, strict=True))
        yield Claim(*_place([cells[heading] for heading in PLACE_HEADINGS], number), shape.told(cells))


def _lines(text: io.TextIOWrapper, places: io.TextIOWrapper) -> Iterator[Claim]:
    rows = _rows(places)
    if next(rows, []) != list(PLACE_HEADINGS):
        raise BadPart("its list of places has other headings than ours")
    for number, line in enumerate(_bounded(text), start=1):
        place = next(rows, None)
        if place is None:
            raise BadPart(f"its list of places ends before line {number}")
        yield Claim(*_place(place, number), Told(_digest([line.removesuffix("\n")]), _NO_COLUMNS))
    if next(rows, None) is not None:
        raise BadPart("its list of places is longer than it")


def _unplaced(text: io.TextIOWrapper) -> Iterator[Claim]:
    for number, _ in enumerate(_bounded(text), start=1):
        yield Claim(NO_FILE, number, Told(_NO_COLUMNS, _NO_COLUMNS))


def _place(cells: Sequence[str], number: int) -> tuple[int, int]:
    try:
        file, line_no = map(int, cells)
    except ValueError:
        raise BadPart(f"row {number} does not say where it was received") from None
    if not (0 < file <= _LARGEST_NUMBER and 0 < line_no <= _LARGEST_NUMBER):
        raise BadPart(f"row {number} does not say where it was received")
    return file, line_no


def _rows(text: io.TextIOWrapper) -> Iterator[list[str]]:
    rows = csv.reader(_bounded(text), strict=True)
    while True:
        try:
            row = next(rows)
        except StopIteration:
            return
        except csv.Error as error:
            raise BadPart(f"it is no CSV ({error})") from error
        yield row


def _bounded(text: io.TextIOWrapper) -> Generator[str]:
    """Its lines with their ends. Raises BadPart for one that is too long, or is not UTF-8."""
    try:
        while line := text.readline(_LONGEST):
            if len(line) == _LONGEST:
                raise BadPart("it has a line that is too long")
            yield line
    except UnicodeDecodeError as error:
        raise BadPart("it is not UTF-8") from error


def _as_read(cell: str | float) -> str:
    """A cell as it is read back from a CSV."""
    return cell if isinstance(cell, str) else repr(cell)


def _digest(texts: Sequence[str]) -> bytes:
    return hashlib.blake2b(json.dumps(texts).encode(), digest_size=_DIGEST_BYTES).digest()
