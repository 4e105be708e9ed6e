"""Frames of a block's lines (see `original.py`): what is left of each when its columns are taken out.

A value is taken out only where its column is certain to give the same letters back; any other stays in the frame.
"""

import numpy as np
import numpy.typing as npt
import pyarrow.compute as pc
import pyarrow.lib as pa

from sakimori.logs.fields import FIELDS, Kind
from sakimori.logs.formats.bulk.cutting import Pairs, slices
from sakimori.logs.formats.bulk.lines import Bytes, Flags, Lines, Places
from sakimori.logs.original import AS_IS, ESCAPED, MARKS, written

_MARK_BYTES = 2
_ZERO = ord("0")
_ONLY_SIGNS_ESCAPED = r"^(?:[^\\=]|\\=)*$"
_TEXTS = frozenset({Kind.TEXT, Kind.WORD, Kind.JSON})
_WHOLE_NUMBERS = frozenset({Kind.INT, Kind.PORT, Kind.TIME})


def frames(lines: Lines, pairs: Pairs, chosen: Places) -> pa.StringArray:
    """Give the frames of the chosen lines, all of whose values have been read into their columns."""
    if not len(chosen):
        return pa.array([], pa.string())
    rank = np.full(len(lines.starts), -1)
    rank[chosen] = np.arange(len(chosen))
    letters = _letters(pairs)
    long_enough = pairs.end - pairs.begin >= _MARK_BYTES
    taken = np.flatnonzero((letters[pairs.code] > 0) & long_enough & (rank[pairs.line] >= 0))
    marks = _marks(lines.buffer, pairs, taken)
    taken, marks = taken[marks > 0], marks[marks > 0]
    buffer = lines.buffer.copy()
    buffer[pairs.begin[taken]] = marks
    buffer[pairs.begin[taken] + 1] = letters[pairs.code[taken]]
    gaps = pairs.begin[taken] + _MARK_BYTES, pairs.end[taken]
    return _without(buffer, lines.starts[chosen], lines.ends[chosen], gaps, rank[pairs.line[taken]])


def _letters(pairs: Pairs) -> npt.NDArray[np.uint8]:
    """For each key the letter of its column; 0 where none is taken out."""
    by_slot = np.zeros(pairs.keys.slot_count, np.uint8)
    for slot, field in enumerate(FIELDS):
        by_slot[slot] = ord(MARKS.get(field.name, "\0"))
    letters: npt.NDArray[np.uint8] = by_slot[pairs.keys.slots]
    return letters


def _marks(buffer: Bytes, pairs: Pairs, taken: Places) -> npt.NDArray[np.uint8]:
    """For each value its mark; 0 where the column would give something else."""
    slots = pairs.keys.slots[pairs.code[taken]]
    begin, end = pairs.begin[taken], pairs.end[taken]
    marks = np.full(len(taken), ord(AS_IS), np.uint8)
    marks[_has_kind(slots, _WHOLE_NUMBERS) & (buffer[begin] == _ZERO)] = 0
    escaped = np.flatnonzero(pairs.has_backslash[taken])
    fits = pc.match_substring_regex(slices(buffer, begin[escaped], end[escaped]), _ONLY_SIGNS_ESCAPED)
    marks[escaped] = np.where(fits.to_numpy(zero_copy_only=False), ord(ESCAPED), 0)
    numbers = np.flatnonzero(_has_kind(slots, frozenset({Kind.FLOAT})))
    marks[numbers[~_are_written_alike(slices(buffer, begin[numbers], end[numbers]))]] = 0
    return marks


def _has_kind(slots: Places, kinds: frozenset[Kind]) -> Flags:
    by_slot = np.array([field.kind in kinds for field in FIELDS], np.bool_)
    return by_slot[slots]


def _are_written_alike(texts: pa.StringArray) -> Flags:
    """Say which decimal numbers have the text that `original.py` gives them."""
    unique = texts.dictionary_encode()
    alike: Flags = np.array([text == written(float(text)) for text in unique.dictionary.to_pylist()], np.bool_)
    by_text: Flags = alike[unique.indices.to_numpy()]
    return by_text


def _without(buffer: Bytes, starts: Places, ends: Places, gaps: tuple[Places, Places], owner: Places) -> pa.StringArray:
    """Give lines without their gaps. The gaps come in order; `owner` says which line each is in."""
    upto = np.cumsum(np.bincount(owner, minlength=len(starts)))
    number = np.arange(len(starts))
    # What is kept and what is not take turns: start of a line, (begin, end) of each gap, end of the line, next start.
    places = np.empty(2 * (len(owner) + len(starts)), np.int32)
    inner = 2 * (np.arange(len(owner)) + owner) + 1
    places[inner], places[inner + 1] = gaps
    places[2 * (np.append(0, upto[:-1]) + number)] = starts
    places[2 * (upto + number) + 1] = ends
    parts = pa.Array.from_buffers(pa.string(), len(places) - 1, [None, pa.py_buffer(places), pa.py_buffer(buffer)])
    kept = parts.take(pa.array(np.arange(0, len(places), 2)))
    _, offsets, text = kept.buffers()
    bounds = np.frombuffer(offsets, np.int32)[np.append(0, upto + number + 1)]
    return pa.Array.from_buffers(pa.string(), len(starts), [None, pa.py_buffer(bounds), text])
