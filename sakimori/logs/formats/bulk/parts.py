"""Blocks of one file on their way to a table: what was found in each, and the dictionaries that they share."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow.compute as pc
import pyarrow.lib as pa

from sakimori.logs.columns import ARROW_TYPES, DICTIONARY, EVENT_TABLE, REPEATED
from sakimori.logs.fields import FIELD_BY_NAME, FIELDS, POSITION, Kind
from sakimori.logs.formats.bulk.addresses import pack_addresses
from sakimori.logs.formats.bulk.derived import Header, derive
from sakimori.logs.formats.bulk.dictionaries import Dictionaries
from sakimori.logs.formats.bulk.gathering import GIVEN, WholeNumbers
from sakimori.logs.formats.bulk.lines import Flags
from sakimori.logs.formats.bulk.memory import Memory
from sakimori.logs.formats.cef import plain_header
from sakimori.logs.formats.values import READERS
from sakimori.logs.original import written

_READ_ONCE = frozenset({Kind.FLOAT, Kind.LIST})
# Columns that a line's values are numbered for: its header, its frame, what careful readers read, and its texts.
HEADER, FRAME = 0, 1
_READ = tuple(field for field in FIELDS if field.kind in _READ_ONCE and field.cef)
_TEXTS = tuple(FIELD_BY_NAME[name] for name in REPEATED[1:] if FIELD_BY_NAME[name].cef)
_COLUMNS = {field.name: number for number, field in enumerate((*_READ, *_TEXTS), start=2)}
_COLUMN_COUNT = 2 + len(_COLUMNS)
# For each column of `FIELDS` the column of the dictionaries, and for each of these whether its escapes are undone.
COLUMN_OF = np.array([_COLUMNS.get(field.name, -1) for field in FIELDS], np.int32)
IS_ESCAPED = np.zeros(_COLUMN_COUNT, np.bool_)
IS_ESCAPED[[_COLUMNS[field.name] for field in _TEXTS]] = True
_NO_HEADER: Header = ("", None)
_DECIMALS = tuple(field.name for field in FIELDS if field.kind is Kind.FLOAT)
_BYTES_OF_ROW = 4 * len(REPEATED) + 128


@dataclass(frozen=True, slots=True)
class Piece:
    """The regular lines of a block. numbers: for each column of the dictionaries and line. whole: every column of whole
    numbers. texts: those columns that any of the lines has.
    """

    line_no: npt.NDArray[np.uint32]
    numbers: npt.NDArray[np.int32]
    whole: dict[str, WholeNumbers]
    texts: dict[str, pa.StringArray]
    extra: pa.MapArray


class Part:
    """Pieces that become one table."""

    def __init__(self) -> None:
        self.dictionaries = Dictionaries(_COLUMN_COUNT)
        self._headers = Memory[Header](_header, self.dictionaries, HEADER)
        self._read: dict[str, Memory[Any]] = {
            field.name: Memory(READERS[field.kind], self.dictionaries, _COLUMNS[field.name]) for field in _READ
        }
        self._decimals = {name: Memory(_is_written_alike, self.dictionaries, _COLUMNS[name]) for name in _DECIMALS}
        self._pieces: list[Piece] = []
        self.rows = 0
        self._text_bytes = 0

    @property
    def nbytes(self) -> int:
        """About how large the table will be."""
        return self.rows * _BYTES_OF_ROW + self._text_bytes + self.dictionaries.nbytes

    def add(self, piece: Piece) -> None:
        """Take a piece whose texts have been numbered with these dictionaries."""
        self._pieces.append(piece)
        self.rows += len(piece.line_no)
        self._text_bytes += sum(texts.nbytes for texts in piece.texts.values()) + piece.extra.nbytes

    def odd(self, numbers: npt.NDArray[np.int32]) -> Flags:
        """Say which lines have a header that is not plain, or a text that its reader refuses."""
        self._headers.catch_up()
        odd: Flags = self._headers.refused[numbers[HEADER]]
        for name, memory in self._read.items():
            memory.catch_up()
            if memory.refused.any():
                odd |= memory.refused[numbers[_COLUMNS[name]]]
        return odd

    def decimals(self, numbers: npt.NDArray[np.int32]) -> dict[int, Flags]:
        """For each column of decimal numbers, by its position: whether `written` gives each line's text back."""
        found = {}
        for name, memory in self._decimals.items():
            memory.catch_up()
            found[POSITION[name]] = ~memory.refused[numbers[_COLUMNS[name]]]
        return found

    def table(self) -> pa.Table:
        """Give all rows, at least one (see `columns.py`)."""
        columns = {"line_no": pa.array(np.concatenate([piece.line_no for piece in self._pieces]))}
        columns |= {"frame": self._texts(FRAME)}
        columns |= {field.name: self._texts(_COLUMNS[field.name]) for field in _TEXTS}
        columns |= {field.name: self._values(field.name, field.kind) for field in _READ}
        columns |= self._derived()
        addresses = columns["client_ip_text"]
        columns["client_ip"] = pack_addresses(addresses.dictionary).take(addresses.indices)
        columns["extra"] = pa.concat_arrays([piece.extra for piece in self._pieces])
        columns |= {name: self._whole(name) for name in self._pieces[0].whole}
        columns |= {name: self._copied(name) for name in {name for piece in self._pieces for name in piece.texts}}
        arrays = [columns[name] if name in columns else _blank(name, self.rows) for name in EVENT_TABLE.names]
        return pa.Table.from_arrays(arrays, schema=EVENT_TABLE)

    def _numbers(self, column: int) -> npt.NDArray[np.int32]:
        return np.concatenate([piece.numbers[column] for piece in self._pieces])

    def _texts(self, column: int) -> pa.DictionaryArray:
        return pa.DictionaryArray.from_arrays(self._numbers(column), self.dictionaries.texts(column))

    def _values(self, name: str, kind: Kind) -> pa.Array:
        return pa.array(self._read[name].values, ARROW_TYPES[kind]).take(pa.array(self._numbers(_COLUMNS[name])))

    def _derived(self) -> dict[str, pa.Array]:
        act, rules = _COLUMNS["act"], _COLUMNS["rule_names"]
        return derive(
            ([header or _NO_HEADER for header in self._headers.values], self._numbers(HEADER)),
            (self._read["rule_names"].values, self._numbers(rules)),
            (self.dictionaries.texts(act).to_pylist(), self._numbers(act)),
        )

    def _whole(self, name: str) -> pa.Array:
        pieces = [piece.whole[name] for piece in self._pieces]
        validity = np.packbits(np.concatenate([piece.found for piece in pieces]) == GIVEN, bitorder="little")
        values = pa.py_buffer(np.concatenate([piece.values for piece in pieces]))
        numbers = pa.Array.from_buffers(pa.int64(), self.rows, [pa.py_buffer(validity), values])
        return pc.cast(numbers, ARROW_TYPES[FIELD_BY_NAME[name].kind])

    def _copied(self, name: str) -> pa.Array:
        return pa.concat_arrays([piece.texts.get(name, _blank(name, len(piece.line_no))) for piece in self._pieces])


def _header(text: str) -> Header:
    header = plain_header(text)
    # The text that no line has need not be a header.
    if header is None and text:
        raise ValueError(text)
    return header or _NO_HEADER


def _is_written_alike(text: str) -> bool:
    if not text or written(float(text)) != text:
        raise ValueError(text)
    return True


def _blank(name: str, count: int) -> pa.Array:
    """A column that no line has."""
    kind = EVENT_TABLE.field(name).type
    if kind == DICTIONARY:
        return pa.DictionaryArray.from_arrays(np.zeros(count, np.int32), pa.array([""]))
    if kind == pa.string():
        return pa.repeat("", count)
    if isinstance(kind, pa.ListType):
        return pa.array([[]] * count, kind)
    return pa.nulls(count, kind)
