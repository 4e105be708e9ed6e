"""The texts of a block's values, one column at a time."""

import numpy as np
import pyarrow.compute as pc
import pyarrow.lib as pa

from sakimori.logs.columns import ARROW_TYPES
from sakimori.logs.fields import FIELDS, POSITION, Kind
from sakimori.logs.formats.bulk import gathering
from sakimori.logs.formats.bulk.cutting import Pairs
from sakimori.logs.formats.bulk.lines import Bytes, Flags, Places

_ESCAPED = r"\\([=|\\])"
_ESCAPED_IN_JSON = r"\\([=|])"
TEXT_KINDS = frozenset({Kind.TEXT, Kind.WORD, Kind.JSON})
_TEXT_FIELDS = [field for field in FIELDS if field.kind in TEXT_KINDS and field.cef]


class Texts:
    """Texts of the given lines of a block. Nothing is copied until a column is asked for."""

    def __init__(self, buffer: Bytes, pairs: Pairs, lines: Places) -> None:
        self._buffer = buffer
        self._pairs = pairs
        self._lines = lines

    def only(self, kept: Flags) -> "Texts":
        """Give the texts of some of these lines."""
        return Texts(self._buffer, self._pairs, self._lines[kept])

    def has_any(self, slot: int) -> bool:
        """Say whether any line has a value there, even an empty one."""
        return bool((self._pairs_at(slot) >= 0).any())

    def _pairs_at(self, slot: int) -> gathering.Pairs:
        pairs: gathering.Pairs = self._pairs.holder[slot][self._lines]
        return pairs

    def as_sent(self, slot: int) -> pa.StringArray:
        """Give a column with its escapes; "" where there is no value."""
        return self._texts(self._pairs_at(slot))

    def columns(self) -> dict[str, pa.StringArray]:
        """Give all columns of text that any line has, without the escapes that their kinds have."""
        given = [field for field in _TEXT_FIELDS if self.has_any(POSITION[field.name])]
        gathered = gathering.gather(self._buffer, self._spans([POSITION[field.name] for field in given]), len(given))
        return {
            field.name: _unescaped(gathered.column(number), gathered.has_backslash[number], field.kind)
            for number, field in enumerate(given)
        }

    def _spans(self, slots: list[int]) -> gathering.Spans:
        column_of = np.full(self._pairs.keys.slot_count, -1, np.int32)
        column_of[slots] = np.arange(len(slots))
        first, last = self._pairs.spans_of(self._lines)
        return gathering.Spans(first, last, self._pairs.cut, column_of[self._pairs.keys.tables.slots])

    def numbers(self, slot: int, *, most: int, digits: int) -> tuple[pa.Int64Array, Flags]:
        """Give a column of whole numbers, and which texts are none (see `gathering.py`)."""
        cut = self._pairs.cut
        return gathering.numbers_at(self._buffer, cut.begin, cut.end, self._pairs_at(slot), most=most, digits=digits)

    def extras(self) -> pa.MapArray:
        """Give the values of unknown keys by their keys as sent."""
        cut, keys = self._pairs.cut, self._pairs.keys
        place = np.full(len(self._pairs.regular), -1)
        place[self._lines] = np.arange(len(self._lines))
        extra = np.flatnonzero(keys.tables.is_extra[cut.code]) if keys.tables.is_extra.any() else np.empty(0, np.int64)
        chosen = extra[place[cut.line[extra]] >= 0]
        counts = np.bincount(place[cut.line[chosen]], minlength=len(self._lines))
        offsets = np.append(0, np.cumsum(counts)).astype(np.int32)
        names = pa.array(keys.names, pa.string()).take(pa.array(cut.code[chosen]))
        values = _unescaped(self._texts(chosen.astype(np.int32)), cut.has_backslash[chosen], Kind.TEXT)
        return pa.MapArray.from_arrays(pa.array(offsets), names, values, ARROW_TYPES[Kind.MAP])

    def _texts(self, pairs: gathering.Pairs) -> pa.StringArray:
        return gathering.texts_at(self._buffer, self._pairs.cut.begin, self._pairs.cut.end, pairs)


def _unescaped(texts: pa.StringArray, with_backslash: Flags, kind: Kind) -> pa.StringArray:
    """Do what `read_text` and `read_json_text` do, to the texts that hold a backslash."""
    chosen = np.flatnonzero(with_backslash)
    if not len(chosen):
        return texts
    pattern = _ESCAPED_IN_JSON if kind is Kind.JSON else _ESCAPED
    changed = pc.replace_substring_regex(texts.take(pa.array(chosen)), pattern, r"\1")
    return pc.replace_with_mask(texts, pa.array(with_backslash), changed)
