"""Find every `key=` of a block in one pass over its bytes, and number the spellings of keys.

A key is a word between a blank (or the end of the header) and the next `=`; its value runs to the blank before the
next key. The rules are those of `formats/keyed.py`.
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from sakimori.lib.compiled import compiled
from sakimori.logs.formats.bulk.lines import BACKSLASH, BLANK, Bytes, Flags, Lines, Places
from sakimori.logs.formats.bulk.marking import BITS, Marks, lowest
from sakimori.logs.formats.bulk.words import are_same, hash_of

_ONE = np.uint64(1)
_NO_LETTER, _INNER_LETTER, _ANY_LETTER = range(3)
_LETTERS = np.zeros(256, np.uint8)
_LETTERS[list(b"0123456789.-")] = _INNER_LETTER
_LETTERS[list(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_")] = _ANY_LETTER
_MAX_KEY_BYTES = 64
# Spellings that a block may have; a line with another one is odd. Nor may many of them fall on one place of the table.
_MAX_SPELLINGS = 1 << 14
_TABLE_SIZE = _MAX_SPELLINGS * 4
_MOST_PROBES = 32
# Any two numbers: whoever makes many words with one hash only makes his lines odd (see `_MOST_PROBES`).
_ONE_SEED, _OTHER_SEED = np.uint64(0xCBF29CE484222325), np.uint64(0x9E3779B97F4A7C15)
_NOT_NUMBERED, _NO_ROOM = -1, -2


class Cut(NamedTuple):
    """Pairs in order: the line of each, the number of its key's spelling, where its value is (with blanks around it),
    and whether that holds a backslash.
    """

    line: Places
    code: Places
    begin: Places
    end: Places
    has_backslash: Flags


@dataclass(frozen=True, slots=True)
class Scan:
    """All pairs of the lines that may be regular, and the spellings by number. may_be_regular: those that are left."""

    cut: Cut
    names: list[str]
    may_be_regular: Flags


class _Spellings(NamedTuple):
    """A hash table of the spellings seen so far: `table` holds number + 1."""

    table: npt.NDArray[np.int32]
    hashes: npt.NDArray[np.uint64]
    begins: Places
    lengths: Places


def scan(lines: Lines) -> Scan:
    """Find all pairs."""
    most = int(np.bitwise_count(lines.signs).sum()) + len(lines.starts)
    line, code, begin, end = (np.empty(most, np.int64) for _ in range(4))
    cut = Cut(line, code, begin, end, np.empty(most, np.bool_))
    spellings = _Spellings(
        np.zeros(_TABLE_SIZE, np.int32),
        np.empty(_MAX_SPELLINGS, np.uint64),
        np.empty(_MAX_SPELLINGS, np.int64),
        np.empty(_MAX_SPELLINGS, np.int64),
    )
    may_be_regular = lines.may_be_regular.copy()
    words = _find_words(lines.buffer, lines.signs, lines.ends, lines.headers, may_be_regular, cut)
    count, known = _number_keys(lines.buffer, lines.ends, may_be_regular, spellings, cut, words)
    spans = zip(spellings.begins[:known].tolist(), spellings.lengths[:known].tolist(), strict=True)
    names = [lines.buffer[begin : begin + length].tobytes().decode("ascii") for begin, length in spans]
    cut = Cut(line[:count], code[:count], begin[:count], end[:count], cut.has_backslash[:count])
    return Scan(cut, names, may_be_regular)


@compiled
def _find_words(buffer: Bytes, signs: Marks, ends: Places, headers: Places, may_be_regular: Flags, cut: Cut) -> int:
    """Find what stands between a blank and the next sign: as `code` where it begins, as `begin` what is behind the
    sign; `has_backslash` tells of what lies before it. Returns how many there are.
    """
    lines, word_begins, value_begins, _, slashes = cut
    count = 0
    for line in range(len(ends)):
        if not may_be_regular[line]:
            continue
        begin, end = headers[line] + 1, ends[line]
        blank, backslash = headers[line], False
        for number in range(begin // BITS, (end - 1) // BITS + 1):
            bits = signs[number]
            while bits:
                place = number * BITS + lowest(bits)
                bits &= bits - _ONE
                if place < begin or place >= end:
                    continue
                if buffer[place] == BLANK:
                    blank = place
                elif buffer[place] == BACKSLASH:
                    backslash = True
                else:
                    if blank >= 0:
                        lines[count], word_begins[count], value_begins[count] = line, blank + 1, place + 1
                        slashes[count] = backslash
                        count, backslash = count + 1, False
                    blank = -1
        if backslash:  # An empty word, which is no key, brings the news.
            lines[count], word_begins[count], value_begins[count] = line, end, end
            slashes[count] = True
            count += 1
    return count


@compiled
def _is_key(buffer: Bytes, begin: int, end: int) -> bool:
    if end == begin or _LETTERS[buffer[begin]] != _ANY_LETTER:
        return False
    for place in range(begin, end):  # noqa: SIM110 - `all` is slow when compiled
        if _LETTERS[buffer[place]] == _NO_LETTER:
            return False
    return True


@compiled
def _number_keys(
    buffer: Bytes, line_ends: Places, may_be_regular: Flags, spellings: _Spellings, cut: Cut, words: int
) -> tuple[int, int]:
    """Number the words that are keys, and close up over all others. Returns how many pairs and spellings there are."""
    table, hashes, key_begins, key_lengths = spellings
    lines, codes, begins, ends, slashes = cut
    count, known = 0, 0
    for word in range(words):
        line, begin, end = lines[word], codes[word], begins[word] - 1
        is_inside = count > 0 and lines[count - 1] == line
        if is_inside:
            slashes[count - 1] |= slashes[word]
        code, slot, mark = _NOT_NUMBERED, np.int64(0), np.uint64(0)
        if end > begin:
            mark = hash_of(buffer, begin, end, _ONE, _ONE_SEED, _OTHER_SEED)
            slot = np.int64(mark) & (_TABLE_SIZE - 1)
        for _ in range(_MOST_PROBES if end > begin else 0):
            code = table[slot] - 1
            # Whoever wants to can make two words with one hash.
            is_alike = hashes[code] == mark and key_lengths[code] == end - begin
            if code < 0 or (is_alike and are_same(buffer, begin, buffer, key_begins[code], end - begin)):
                break
            code, slot = _NO_ROOM, (slot + 1) & (_TABLE_SIZE - 1)
        if code < 0:
            # What is numbered is a key; whatever else stands before a sign is looked at each time.
            if not _is_key(buffer, begin, end):
                continue
            if code == _NOT_NUMBERED and known < _MAX_SPELLINGS and end - begin <= _MAX_KEY_BYTES:
                code, known = known, known + 1
                table[slot], hashes[code], key_begins[code], key_lengths[code] = known, mark, begin, end - begin
            else:
                may_be_regular[line] = False
                continue
        if is_inside:
            ends[count - 1] = begin - 1
        lines[count], codes[count], begins[count], ends[count] = line, code, end + 1, line_ends[line]
        slashes[count] = False
        count += 1
    return count, known
