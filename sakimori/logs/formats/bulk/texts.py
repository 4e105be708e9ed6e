"""The texts of a block's values, one column at a time."""

import numpy as np
import numpy.typing as npt
import pyarrow.compute as pc
import pyarrow.lib as pa

from sakimori.logs.columns import ARROW_TYPES
from sakimori.logs.fields import Kind
from sakimori.logs.formats.bulk.cutting import Pairs
from sakimori.logs.formats.bulk.lines import Bytes, Flags, Places

_ESCAPED = r"\\([=|\\])"
_ESCAPED_IN_JSON = r"\\([=|])"


class Texts:
    """Texts of the given lines of a block. Nothing is copied until a column is asked for."""

    def __init__(self, buffer: Bytes, pairs: Pairs, lines: Places) -> None:
        self._pairs = pairs
        self._lines = lines
        count = len(pairs.begin)
        offsets = np.empty(2 * count + 2, np.int32)
        offsets[0:-2:2] = pairs.begin
        offsets[1:-2:2] = pairs.end
        offsets[-2:] = pairs.end[-1]
        # A value has an even number, what lies between two values an odd one, and the last is an empty text.
        self._parts = pa.Array.from_buffers(
            pa.string(), 2 * count + 1, [None, pa.py_buffer(offsets), pa.py_buffer(buffer)]
        )
        self._nothing = 2 * count

    def only(self, kept: Flags) -> "Texts":
        """Give the texts of some of these lines."""
        fewer = object.__new__(Texts)
        fewer._pairs, fewer._lines = self._pairs, self._lines[kept]
        fewer._parts, fewer._nothing = self._parts, self._nothing
        return fewer

    @property
    def count(self) -> int:
        return len(self._lines)

    def has_any(self, slot: int) -> bool:
        """Say whether any line has a value there."""
        return bool(self.has(slot).any())

    def has(self, slot: int) -> Flags:
        """Say which lines have a value there, even an empty one."""
        return self._pairs_at(slot) >= 0

    def _pairs_at(self, slot: int) -> npt.NDArray[np.int32]:
        pairs: npt.NDArray[np.int32] = self._pairs.holder[slot][self._lines]
        return pairs

    def as_sent(self, slot: int) -> pa.StringArray:
        """Give a column with its escapes; "" where there is no value."""
        pairs = self._pairs_at(slot)
        return self._parts.take(pa.array(np.where(pairs >= 0, pairs * 2, self._nothing)))

    def plain(self, slot: int, *, kind: Kind = Kind.TEXT) -> pa.StringArray:
        """Give a column without the escapes that its kind has."""
        pairs = self._pairs_at(slot)
        return _unescaped(self.as_sent(slot), (pairs >= 0) & self._pairs.has_backslash[pairs], kind)

    def extras(self) -> pa.MapArray:
        """Give the values of unknown keys by their keys as sent."""
        place = np.full(len(self._pairs.regular), -1)
        place[self._lines] = np.arange(len(self._lines))
        chosen = np.flatnonzero(self._pairs.keys.is_extra[self._pairs.code] & (place[self._pairs.line] >= 0))
        counts = np.bincount(place[self._pairs.line[chosen]], minlength=len(self._lines))
        offsets = np.append(0, np.cumsum(counts)).astype(np.int32)
        keys = pa.array(self._pairs.keys.names, pa.string()).take(pa.array(self._pairs.code[chosen]))
        values = _unescaped(self._parts.take(pa.array(chosen * 2)), self._pairs.has_backslash[chosen], Kind.TEXT)
        return pa.MapArray.from_arrays(pa.array(offsets), keys, values, ARROW_TYPES[Kind.MAP])


def _unescaped(texts: pa.StringArray, with_backslash: Flags, kind: Kind) -> pa.StringArray:
    """Do what `read_text` and `read_json_text` do, to the texts that hold a backslash."""
    chosen = np.flatnonzero(with_backslash)
    if not len(chosen):
        return texts
    pattern = _ESCAPED_IN_JSON if kind is Kind.JSON else _ESCAPED
    changed = pc.replace_substring_regex(texts.take(pa.array(chosen)), pattern, r"\1")
    return pc.replace_with_mask(texts, pa.array(with_backslash), changed)
