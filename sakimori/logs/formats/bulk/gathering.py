"""From places in a buffer to columns: the texts there, or the whole numbers that they are."""

import numpy as np
import numpy.typing as npt
import pyarrow.lib as pa

from sakimori.lib.compiled import compiled
from sakimori.logs.formats.bulk.lines import Bytes, Flags, Places

Pairs = npt.NDArray[np.int32]
_ZERO, _NINE = ord("0"), ord("9")
_ABSENT, _GIVEN, _ODD = range(3)


def texts_at(buffer: Bytes, begin: Places, end: Places, pairs: Pairs) -> pa.StringArray:
    """Give the text of each pair, "" for -1. Together they must be shorter than 2 GiB."""
    offsets = np.empty(len(pairs) + 1, np.int32)
    _measure(begin, end, pairs, offsets)
    text = np.empty(offsets[-1], np.uint8)
    _copy(buffer, begin, pairs, offsets, text)
    return pa.Array.from_buffers(pa.string(), len(pairs), [None, pa.py_buffer(offsets), pa.py_buffer(text)])


def numbers_at(
    buffer: Bytes, begin: Places, end: Places, pairs: Pairs, *, most: int, digits: int
) -> tuple[pa.Int64Array, Flags]:
    """Give the whole number of each pair, null for -1 and for an empty text; and which texts are none.

    Those are signs and letters, more digits than may be (18 at most), or more than `most`.
    """
    numbers = np.empty(len(pairs), np.int64)
    found = np.empty(len(pairs), np.uint8)
    _read(buffer, begin, end, pairs, most, digits, numbers, found)
    validity = pa.py_buffer(np.packbits(found == _GIVEN, bitorder="little"))
    odd: Flags = found == _ODD
    return pa.Array.from_buffers(pa.int64(), len(pairs), [validity, pa.py_buffer(numbers)]), odd


@compiled
def _measure(begin: Places, end: Places, pairs: Pairs, offsets: npt.NDArray[np.int32]) -> None:
    length = 0
    offsets[0] = 0
    for number in range(len(pairs)):
        pair = pairs[number]
        if pair >= 0:
            length += end[pair] - begin[pair]
        offsets[number + 1] = length


@compiled
def _copy(buffer: Bytes, begin: Places, pairs: Pairs, offsets: npt.NDArray[np.int32], text: Bytes) -> None:
    for number in range(len(pairs)):
        pair = pairs[number]
        if pair >= 0:
            source = begin[pair] - offsets[number]
            for place in range(offsets[number], offsets[number + 1]):
                text[place] = buffer[source + place]


@compiled
def _read(
    buffer: Bytes,
    begin: Places,
    end: Places,
    pairs: Pairs,
    most: int,
    digits: int,
    numbers: Places,
    found: npt.NDArray[np.uint8],
) -> None:
    for number in range(len(pairs)):
        pair = pairs[number]
        numbers[number], found[number] = 0, _ABSENT
        if pair < 0 or begin[pair] == end[pair]:
            continue
        found[number] = _GIVEN if end[pair] - begin[pair] <= digits else _ODD
        if found[number] == _ODD:
            continue
        value = np.int64(0)
        for place in range(begin[pair], end[pair]):
            if not _ZERO <= buffer[place] <= _NINE:
                found[number] = _ODD
            value = value * 10 + (np.int64(buffer[place]) - _ZERO)
        if value > most:
            found[number] = _ODD
        numbers[number] = value
