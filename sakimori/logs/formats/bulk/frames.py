"""Frames of a block's lines (see `original.py`): what is left of each when its columns are taken out.

A value is taken out only where its column is certain to give the same letters back; any other stays in the frame.
"""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow.lib as pa

from sakimori.lib.compiled import compiled
from sakimori.logs.fields import FIELDS, Kind
from sakimori.logs.formats.bulk.cutting import Pairs
from sakimori.logs.formats.bulk.gathering import texts_at
from sakimori.logs.formats.bulk.lines import BACKSLASH, SIGN, Bytes, Flags, Lines, Places
from sakimori.logs.formats.bulk.scanning import Cut
from sakimori.logs.original import AS_IS, ESCAPED, MARKS, written

_MARK_BYTES = 2
_ZERO = ord("0")
_WHOLE_NUMBERS = frozenset({Kind.INT, Kind.PORT, Kind.TIME})
_AS_IS, _ESCAPED = ord(AS_IS), ord(ESCAPED)
_LETTERS = np.array([ord(MARKS.get(field.name, "\0")) for field in FIELDS], np.uint8)
_IS_WHOLE = np.array([field.kind in _WHOLE_NUMBERS for field in FIELDS], np.bool_)
_IS_DECIMAL = np.array([field.kind is Kind.FLOAT for field in FIELDS], np.bool_)


class _Rules(NamedTuple):
    """For each key its letter (0: stays), and whether it is a whole or a decimal number; for each pair of the latter,
    whether `original.py` writes it alike.
    """

    letters: Bytes
    is_whole: Flags
    is_decimal: Flags
    is_alike: Flags


def frames(lines: Lines, pairs: Pairs, chosen: Places) -> pa.StringArray:
    """Give the frames of the chosen lines, all of whose values have been read into their columns."""
    slots = pairs.keys.tables.slots
    known = np.minimum(slots, len(FIELDS) - 1)
    letters = np.where(slots < len(FIELDS), _LETTERS[known], np.uint8(0))
    rules = _Rules(letters, _IS_WHOLE[known], _IS_DECIMAL[known], _are_alike(lines, pairs, chosen))
    first, last = pairs.spans_of(chosen)
    starts, ends = lines.starts[chosen], lines.ends[chosen]
    text = np.empty(int((ends - starts).sum()), np.uint8)
    offsets = np.zeros(len(chosen) + 1, np.int32)
    _write(lines.buffer, pairs.cut, rules, (first, last, starts, ends), text, offsets)
    return pa.Array.from_buffers(pa.string(), len(chosen), [None, pa.py_buffer(offsets), pa.py_buffer(text)])


def _are_alike(lines: Lines, pairs: Pairs, chosen: Places) -> Flags:
    """Look at the decimal numbers that columns hold. They are few different ones: places on earth."""
    alike = np.zeros(len(pairs.cut.line), np.bool_)
    for slot in np.flatnonzero(_IS_DECIMAL).tolist():
        held = pairs.holder[slot][chosen]
        held = held[held >= 0]
        texts = texts_at(lines.buffer, pairs.cut.begin, pairs.cut.end, held).dictionary_encode()
        by_text = np.array(
            [bool(text) and text == written(float(text)) for text in texts.dictionary.to_pylist()], np.bool_
        )
        alike[held] = by_text[texts.indices.to_numpy()]
    return alike


@compiled
def _write(
    buffer: Bytes,
    cut: Cut,
    rules: _Rules,
    spans: tuple[Places, Places, Places, Places],
    text: Bytes,
    offsets: npt.NDArray[np.int32],
) -> None:
    first, last, starts, ends = spans
    _, codes, begins, value_ends, has_backslash = cut
    letters, is_whole, is_decimal, is_alike = rules
    length = 0
    for line in range(len(starts)):
        source = starts[line]
        for pair in range(first[line], last[line]):
            begin, end, code = begins[pair], value_ends[pair], codes[pair]
            if letters[code] == 0 or end - begin < _MARK_BYTES:
                continue
            if (is_whole[code] and buffer[begin] == _ZERO) or (is_decimal[code] and not is_alike[pair]):
                continue
            if has_backslash[pair] and not _are_only_signs_escaped(buffer, begin, end):
                continue
            for place in range(source, begin):
                text[length] = buffer[place]
                length += 1
            text[length] = _ESCAPED if has_backslash[pair] else _AS_IS
            text[length + 1] = letters[code]
            length += _MARK_BYTES
            source = end
        for place in range(source, ends[line]):
            text[length] = buffer[place]
            length += 1
        offsets[line + 1] = length


@compiled
def _are_only_signs_escaped(buffer: Bytes, begin: int, end: int) -> bool:
    """Say whether each `=` has a backslash before it, and nothing else has one."""
    is_escaped = False
    for place in range(begin, end):
        if is_escaped != (buffer[place] == SIGN):
            return False
        is_escaped = buffer[place] == BACKSLASH
    return not is_escaped
