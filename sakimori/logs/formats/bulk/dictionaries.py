"""Texts that come again and again, numbered as they are met: a column of them is numbers, and its texts once each.

So the texts of a line are looked at, but copied only where they are new. One hash table serves all columns.
"""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow.lib as pa

from sakimori.lib.compiled import compiled
from sakimori.logs.formats.bulk.gathering import texts_at
from sakimori.logs.formats.bulk.known import (
    BEGIN,
    COLUMNS,
    KIND,
    LENGTH_BITS,
    LETTERS,
    NUMBER,
    TEXTS,
    Known,
    Numbers,
    empty,
    enter,
    enter_again,
    find,
    kind_of,
)
from sakimori.logs.formats.bulk.lines import BACKSLASH, PIPE, SIGN, Bytes, Flags, Places, Whole
from sakimori.logs.formats.bulk.scanning import Cut
from sakimori.logs.formats.bulk.words import hash_of

_LEAST_BYTES = 1 << 16
_LEAST_TEXTS = 1 << 10
_ESCAPED = (BACKSLASH, SIGN, PIPE)


class Wanted(NamedTuple):
    """Which pairs are numbered. row_of: for each line where it stands among those that count, or -1. column_of: for
    each spelling the column that is wanted of it, or -1; of several pairs of one column a line's last one counts.
    is_escaped: for each column whether its escapes are undone.
    """

    row_of: Numbers
    column_of: Numbers
    is_escaped: Flags


class Dictionaries:
    """The texts of some columns. In each the text "" has the number 0."""

    def __init__(self, columns: int) -> None:
        self._columns = columns
        self._known = empty(columns, _LEAST_TEXTS, _LEAST_BYTES)
        nothing, zero = np.zeros(1, np.uint8), np.zeros(1, np.int64)
        for column in range(columns):
            self.number(nothing, zero, zero, column)

    @property
    def nbytes(self) -> int:
        """About what the texts take as Arrow arrays."""
        return int(self._known.counts[LETTERS] + self._known.counts[TEXTS] * 4)

    def count(self, column: int) -> int:
        """How many texts a column has."""
        return int(self._known.counts[COLUMNS + column])

    def texts(self, column: int, *, since: int = 0) -> pa.StringArray:
        """Give the texts of a column in the order of their numbers, from a number on."""
        known = self._known.texts[: self._known.counts[TEXTS]]
        kinds = known[:, KIND].astype(np.int64)
        begins = known[:, BEGIN].astype(np.int64)
        ends = begins + (kinds & ((1 << LENGTH_BITS) - 1))
        chosen = np.flatnonzero(kinds >> LENGTH_BITS == column)[since:]
        return texts_at(self._known.letters, begins, ends, chosen.astype(np.int32))

    def number(self, buffer: Bytes, begins: Places, ends: Places, column: int) -> Numbers:
        """Give the numbers of texts of one column."""
        numbers, done = np.empty(len(begins), np.int32), 0
        while (done := _number_texts(buffer, begins, ends, column, self._known, numbers, done)) < len(begins):
            self._make_room(1, int(ends[done] - begins[done]))
        return numbers

    def number_pairs(self, buffer: Bytes, cut: Cut, wanted: Wanted, rows: int) -> npt.NDArray[np.int32]:
        """Give the numbers of the texts of lines, for each column and line that counts."""
        numbers, scratch, done = np.zeros((self._columns, rows), np.int32), np.empty(_LEAST_BYTES, np.uint8), 0
        while (done := _number_pairs(buffer, cut, wanted, self._known, scratch, numbers, done)) < len(cut.line):
            length = int(cut.end[done] - cut.begin[done])
            self._make_room(2, 2 * length)
            if length > len(scratch):
                scratch = np.empty(length, np.uint8)
        return numbers

    def _make_room(self, texts: int, letters: int) -> None:
        """For at least so many more, and at least twice as many as now."""
        old = self._known
        known, used = (int(count) for count in old.counts[:COLUMNS])
        room, space = len(old.texts), len(old.letters)
        new = empty(
            self._columns,
            room if known + texts <= room else 1 << (max(2 * room, known + texts) - 1).bit_length(),
            space if used + letters <= space else max(2 * space, used + letters),
        )
        new.texts[:known], new.letters[:used], new.counts[:] = old.texts[:known], old.letters[:used], old.counts
        enter_again(new)
        self._known = new


@compiled
def _number_texts(
    buffer: Bytes, begins: Places, ends: Places, column: Whole, known: Known, numbers: Numbers, done: int
) -> int:
    """Number texts as long as there is room. Returns which is the first that is not."""
    slots, texts, letters, counts = known.slots, known.texts, known.letters, known.counts
    for place in range(done, len(begins)):
        begin, end = begins[place], ends[place]
        if counts[TEXTS] == len(texts) or counts[LETTERS] + end - begin > len(letters):
            return place
        kind = kind_of(column, end - begin, False)  # noqa: FBT003
        mark = hash_of(buffer, begin, end, kind, known.secret, known.mark)
        slot = find(buffer, begin, kind, mark, slots, texts, letters)
        if not slots[slot]:
            enter(buffer, begin, kind, mark, slot, counts[COLUMNS + column], known)
            counts[COLUMNS + column] += 1
        numbers[place] = texts[slots[slot] - 1, NUMBER]
    return len(begins)


@compiled
def _number_pairs(
    buffer: Bytes,
    cut: Cut,
    wanted: Wanted,
    known: Known,
    scratch: Bytes,
    numbers: npt.NDArray[np.int32],
    done: int,
) -> int:
    """Number the texts of pairs as long as there is room. Returns the first pair whose text has none."""
    counts, pair = known.counts, done
    while True:
        pair = _look_up(buffer, cut, wanted, known, numbers, pair)
        if pair == len(cut.line):
            return pair
        length = cut.end[pair] - cut.begin[pair]
        # A text may be entered twice: as it was sent, and without its escapes.
        has_room = counts[TEXTS] + 2 <= len(known.texts) and length <= len(scratch)
        if not has_room or counts[LETTERS] + 2 * length > len(known.letters):
            return pair
        column = np.int64(wanted.column_of[cut.code[pair]])
        is_as_sent = cut.has_backslash[pair] and wanted.is_escaped[column]
        _enter_new(buffer, cut.begin[pair], length, column, is_as_sent, scratch, known)


@compiled
def _look_up(buffer: Bytes, cut: Cut, wanted: Wanted, known: Known, numbers: npt.NDArray[np.int32], first: int) -> int:
    """Number the texts of pairs that are known. Returns the first that is not. Whatever is done rarely is done
    elsewhere: this loop is the fastest without it.
    """
    lines, codes, begins, ends, slashes = cut
    row_of, column_of, is_escaped = wanted
    slots, texts, letters, secret, mark = known.slots, known.texts, known.letters, known.secret, known.mark
    for pair in range(first, len(lines)):
        row, column = row_of[lines[pair]], np.int64(column_of[codes[pair]])
        if row < 0 or column < 0:
            continue
        begin, end = begins[pair], ends[pair]
        kind = kind_of(column, end - begin, slashes[pair] and is_escaped[column])
        slot = find(buffer, begin, kind, hash_of(buffer, begin, end, kind, secret, mark), slots, texts, letters)
        if not slots[slot]:
            return pair
        numbers[column, row] = texts[slots[slot] - 1, NUMBER]
    return len(lines)


@compiled
def _enter_new(
    buffer: Bytes,
    begin: Whole,
    length: Whole,
    column: Whole,
    is_as_sent: bool,  # noqa: FBT001 - compiled code knows no keywords
    scratch: Bytes,
    known: Known,
) -> None:
    """Enter a text that a line has; if it has escapes, with the number of the text without them."""
    slots, texts, letters, counts = known.slots, known.texts, known.letters, known.counts
    number = counts[COLUMNS + column]
    if is_as_sent:
        end = _unescaped(buffer, begin, begin + length, scratch)
        kind = kind_of(column, end, False)  # noqa: FBT003
        mark = hash_of(scratch, 0, end, kind, known.secret, known.mark)
        slot = find(scratch, 0, kind, mark, slots, texts, letters)
        if slots[slot]:
            number = np.int64(texts[slots[slot] - 1, NUMBER])
        else:
            enter(scratch, 0, kind, mark, slot, number, known)
    kind = kind_of(column, length, is_as_sent)
    mark = hash_of(buffer, begin, begin + length, kind, known.secret, known.mark)
    enter(buffer, begin, kind, mark, find(buffer, begin, kind, mark, slots, texts, letters), number, known)
    counts[COLUMNS + column] = max(counts[COLUMNS + column], number + 1)


@compiled
def _unescaped(buffer: Bytes, begin: Whole, end: Whole, target: Bytes) -> int:
    """Undo the escapes that `read_text` undoes. Returns how long the text is then."""
    place, length = begin, 0
    while place < end:
        if buffer[place] == BACKSLASH and place + 1 < end and buffer[place + 1] in _ESCAPED:
            place += 1
        target[length] = buffer[place]
        place, length = place + 1, length + 1
    return length
