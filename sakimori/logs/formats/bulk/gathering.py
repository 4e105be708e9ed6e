"""From places in a buffer to columns: the texts there, or the whole numbers that they are."""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow.lib as pa

from sakimori.lib.compiled import compiled
from sakimori.logs.formats.bulk.lines import Bytes, Flags, Places
from sakimori.logs.formats.bulk.scanning import Cut
from sakimori.logs.formats.bulk.words import copy_text

Pairs = npt.NDArray[np.int32]
Offsets = npt.NDArray[np.int32]
_ZERO, _NINE = ord("0"), ord("9")
ABSENT, GIVEN, ODD = range(3)


class Spans(NamedTuple):
    """Pairs of some lines: of each line the first and the one behind the last. column_of: for each spelling the column
    that is wanted of it, or -1; of several pairs of one column a line's last one counts.
    """

    first: Places
    last: Places
    cut: Cut
    column_of: Pairs


@dataclass(frozen=True, slots=True)
class Gathered:
    """Texts of several columns: of each its offsets, where it begins in `text`, and which texts hold a backslash."""

    offsets: Offsets
    bases: Places
    text: Bytes
    has_backslash: Flags

    def column(self, number: int) -> pa.StringArray:
        """Give one of the columns, "" where a line has no value."""
        offsets, base = self.offsets[number], self.bases[number]
        text = pa.py_buffer(self.text[base : base + offsets[-1]])
        return pa.Array.from_buffers(pa.string(), len(offsets) - 1, [None, pa.py_buffer(offsets), text])


def gather(buffer: Bytes, spans: Spans, columns: int) -> Gathered:
    """Copy the texts of many columns, line by line: a line that is at hand is read once, not once for each column."""
    offsets = np.zeros((columns, len(spans.first) + 1), np.int32)
    has_backslash = np.zeros((columns, len(spans.first)), np.bool_)
    holder = np.full(has_backslash.shape, -1, np.int32)
    _measure_all(spans, offsets, has_backslash, holder)
    np.cumsum(offsets, axis=1, out=offsets)
    sizes = offsets[:, -1].astype(np.int64)
    bases = np.cumsum(sizes) - sizes
    text = np.empty(int(sizes.sum()), np.uint8)
    _copy_all(buffer, spans, holder, offsets, bases, text)
    return Gathered(offsets, bases, text, has_backslash)


@compiled
def _measure_all(spans: Spans, offsets: Offsets, has_backslash: Flags, holder: npt.NDArray[np.int32]) -> None:
    first, last, cut, column_of = spans
    codes, begin, end, slashes = cut.code, cut.begin, cut.end, cut.has_backslash
    for line in range(len(first)):
        for pair in range(first[line], last[line]):
            number = column_of[codes[pair]]
            if number >= 0:
                offsets[number, line + 1] = end[pair] - begin[pair]
                has_backslash[number, line] = slashes[pair]
                holder[number, line] = pair


@compiled
def _copy_all(
    buffer: Bytes, spans: Spans, holder: npt.NDArray[np.int32], offsets: Offsets, bases: Places, text: Bytes
) -> None:
    first, last, cut, column_of = spans
    codes, begin, end = cut.code, cut.begin, cut.end
    for line in range(len(first)):
        for pair in range(first[line], last[line]):
            number = column_of[codes[pair]]
            if number >= 0 and holder[number, line] == pair:
                target = bases[number] + offsets[number, line] - begin[pair]
                for place in range(begin[pair], end[pair]):
                    text[target + place] = buffer[place]


def texts_at(buffer: Bytes, begin: Places, end: Places, pairs: Pairs) -> pa.StringArray:
    """Give the text of each pair, "" for -1. Together they must be shorter than 2 GiB."""
    offsets = np.empty(len(pairs) + 1, np.int32)
    _measure(begin, end, pairs, offsets)
    text = np.empty(offsets[-1], np.uint8)
    _copy(buffer, begin, pairs, offsets, text)
    return pa.Array.from_buffers(pa.string(), len(pairs), [None, pa.py_buffer(offsets), pa.py_buffer(text)])


class WholeNumbers(NamedTuple):
    """The whole numbers of a column. `found`: whether a line has one, has none, or has a text that is none."""

    values: Places
    found: Bytes


def numbers_at(
    buffer: Bytes, begin: Places, end: Places, pairs: Pairs, is_none: Flags, *, most: int, digits: int
) -> WholeNumbers:
    """Read the whole number of each pair; there is none for -1, for an empty text, and for a pair that is None.

    Odd are signs and letters, more digits than may be (18 at most), and more than `most`.
    """
    numbers = WholeNumbers(np.empty(len(pairs), np.int64), np.empty(len(pairs), np.uint8))
    _read(buffer, begin, end, pairs, is_none, most, digits, numbers.values, numbers.found)
    return numbers


@compiled
def _measure(begin: Places, end: Places, pairs: Pairs, offsets: Offsets) -> None:
    length = 0
    offsets[0] = 0
    for number in range(len(pairs)):
        pair = pairs[number]
        if pair >= 0:
            length += end[pair] - begin[pair]
        offsets[number + 1] = length


@compiled
def _copy(buffer: Bytes, begin: Places, pairs: Pairs, offsets: Offsets, text: Bytes) -> None:
    for number in range(len(pairs)):
        pair = pairs[number]
        if pair >= 0:
            length = offsets[number + 1] - offsets[number]
            copy_text(buffer, begin[pair], text, offsets[number], length)


@compiled
def _read(
    buffer: Bytes,
    begin: Places,
    end: Places,
    pairs: Pairs,
    is_none: Flags,
    most: int,
    digits: int,
    numbers: Places,
    found: Bytes,
) -> None:
    for number in range(len(pairs)):
        pair = pairs[number]
        numbers[number], found[number] = 0, ABSENT
        if pair < 0 or begin[pair] == end[pair] or is_none[pair]:
            continue
        found[number] = GIVEN if end[pair] - begin[pair] <= digits else ODD
        if found[number] == ODD:
            continue
        value = np.int64(0)
        for place in range(begin[pair], end[pair]):
            if not _ZERO <= buffer[place] <= _NINE:
                found[number] = ODD
            value = value * 10 + (np.int64(buffer[place]) - _ZERO)
        if value > most:
            found[number] = ODD
        numbers[number] = value
