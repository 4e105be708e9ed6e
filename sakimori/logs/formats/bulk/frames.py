"""Frames of a block's lines (see `original.py`): what is left of each when its columns are taken out.

A value is taken out only where its column is certain to give the same letters back; any other stays in the frame.
"""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

from sakimori.lib.compiled import compiled
from sakimori.logs.fields import FIELDS, Kind
from sakimori.logs.formats.bulk.cutting import Pairs
from sakimori.logs.formats.bulk.keys import WHOLE_NUMBERS
from sakimori.logs.formats.bulk.lines import BACKSLASH, SIGN, Bytes, Flags, Lines, Places
from sakimori.logs.formats.bulk.scanning import Cut
from sakimori.logs.formats.bulk.words import copy_text
from sakimori.logs.original import AS_IS, ESCAPED, MARKS

_MARK_BYTES = 2
_ZERO, _NINE = b"09"
_AS_IS, _ESCAPED = ord(AS_IS), ord(ESCAPED)
_LETTERS = np.array([ord(MARKS.get(field.name, "\0")) for field in FIELDS], np.uint8)
_IS_WHOLE = np.array([field.kind in WHOLE_NUMBERS for field in FIELDS], np.bool_)
_IS_DECIMAL = np.array([field.kind is Kind.FLOAT for field in FIELDS], np.bool_)


class _Rules(NamedTuple):
    """For each key its letter (0: stays), and whether it is a whole or a decimal number; for each pair of the latter,
    whether `original.py` writes it alike.
    """

    letters: Bytes
    is_whole: Flags
    is_decimal: Flags
    is_alike: Flags


def frames(lines: Lines, pairs: Pairs, chosen: Places, decimals: Mapping[int, Flags]) -> tuple[Bytes, Places]:
    """Give the frames of the chosen lines, all of whose values have been read into their columns: letters, and where
    the first begins, where it ends and the next begins, and so on.

    decimals: for each column of decimal numbers (by its position) whether `written` gives each line's text back.
    """
    slots = pairs.keys.tables.slots
    known = np.minimum(slots, len(FIELDS) - 1)
    letters = np.where(slots < len(FIELDS), _LETTERS[known], np.uint8(0))
    is_alike = np.zeros(len(pairs.cut.line), np.bool_)
    for slot, alike in decimals.items():
        held = pairs.holder[slot][chosen]
        is_alike[held[held >= 0]] = alike[held >= 0]
    rules = _Rules(letters, _IS_WHOLE[known], _IS_DECIMAL[known], is_alike)
    first, last = pairs.spans_of(chosen)
    starts, ends = lines.starts[chosen], lines.ends[chosen]
    text = np.empty(int((ends - starts).sum()), np.uint8)
    bounds = np.zeros(len(chosen) + 1, np.int64)
    _write(lines.buffer, pairs.cut, rules, (first, last, starts, ends), text, bounds)
    return text, bounds


@compiled
def _write(
    buffer: Bytes,
    cut: Cut,
    rules: _Rules,
    spans: tuple[Places, Places, Places, Places],
    text: Bytes,
    bounds: Places,
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
            if (is_whole[code] and not _ZERO < buffer[begin] <= _NINE) or (is_decimal[code] and not is_alike[pair]):
                continue
            if has_backslash[pair] and not _are_only_signs_escaped(buffer, begin, end):
                continue
            copy_text(buffer, source, text, length, begin - source)
            length += begin - source
            text[length] = _ESCAPED if has_backslash[pair] else _AS_IS
            text[length + 1] = letters[code]
            length += _MARK_BYTES
            source = end
        copy_text(buffer, source, text, length, ends[line] - source)
        length += ends[line] - source
        bounds[line + 1] = length


@compiled
def _are_only_signs_escaped(buffer: Bytes, begin: int, end: int) -> bool:
    """Say whether each `=` has a backslash before it, and nothing else has one."""
    is_escaped = False
    for place in range(begin, end):
        if is_escaped != (buffer[place] == SIGN):
            return False
        is_escaped = buffer[place] == BACKSLASH
    return not is_escaped
