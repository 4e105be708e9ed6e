"""Where the keys and values of all lines of a block are, and which lines are regular in their keys.

The rules are those of `formats/keyed.py` and `formats/cutting.py`; here they work on whole arrays of places.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow.lib as pa

from sakimori.logs.formats.bulk.doubtful import settle
from sakimori.logs.formats.bulk.keys import Keys, understand
from sakimori.logs.formats.bulk.lines import BACKSLASH, BLANK, SIGN, Bytes, Flags, Lines, Places
from sakimori.logs.formats.bulk.mending import Cut, mend
from sakimori.logs.formats.bulk.white import white_edges
from sakimori.logs.formats.cutting import Vocabulary

_MAX_KEYS = 100
_MOST_BLANKS = 4
_JSON_ENDS = tuple(b"]},")


@dataclass(frozen=True, slots=True)
class Pairs:
    """All keys with their values: `line` and `code` (an entry of `keys`) of each, and where its value is.

    regular: the lines that hold nothing odd so far. holder: for each slot and line which pair it is, or -1.
    """

    keys: Keys
    regular: Flags
    line: Places
    code: Places
    begin: Places
    end: Places
    has_backslash: Flags
    holder: npt.NDArray[np.int32]


def cut_pairs(lines: Lines, vocabulary: Vocabulary) -> Pairs | None:
    """Find all pairs; None if there are none."""
    line, key, sign = _candidates(lines)
    encoded = slices(lines.buffer, key, sign).dictionary_encode()
    keys = understand(encoded.dictionary.to_pylist(), vocabulary)
    code = encoded.indices.to_numpy().astype(np.int64)
    real = keys.is_key[code]
    if not real.all():
        line, key, sign, code = line[real], key[real], sign[real], code[real]
    if not len(line):
        return None
    begin, end = sign + 1, np.append(key[1:] - 1, 0)
    last = np.append(line[1:] != line[:-1], True)
    end[last] = lines.ends[line[last]]
    (line, code, begin, end), mended = mend(lines.buffer, keys, vocabulary, Cut(line, code, begin, end))
    first = np.append(True, line[1:] != line[:-1])
    last = np.append(first[1:], True)
    _strip(lines.buffer, begin, end)
    holder = np.full((keys.slot_count, len(lines.starts)), -1, np.int32)
    order = np.arange(len(line), dtype=np.int32)
    cell = keys.slots[code] * len(lines.starts) + line
    holder.reshape(-1)[cell] = order
    last_alike = holder.reshape(-1)[cell]
    regular = lines.may_be_regular & (np.bincount(line, minlength=len(lines.starts)) - 1 < _MAX_KEYS)
    regular[line[_is_odd(keys, code, first)]] = False
    doubtful = np.zeros(len(regular), np.bool_)
    doubtful[line[_has_lost_label(keys, code, first, last) | (last_alike != order)]] = True
    doubtful[mended] = True
    doubtful &= regular
    regular &= ~doubtful | settle(lines, keys, doubtful, line, code, begin, end, last_alike)
    _refuse_odd_edges(lines.buffer, keys.is_json[code], line, begin, end, regular)
    return Pairs(keys, regular, line, code, begin, end, _has_any(lines.buffer, begin, end), holder)


def slices(buffer: Bytes, begin: Places, end: Places) -> pa.StringArray:
    """Give parts of the buffer as texts. They come in order and do not overlap."""
    offsets = np.empty(2 * len(begin) + 1, np.int32)
    offsets[0:-1:2] = begin
    offsets[1::2] = end
    offsets[-1] = end[-1] if len(end) else 0
    parts = pa.Array.from_buffers(pa.string(), 2 * len(begin), [None, pa.py_buffer(offsets), pa.py_buffer(buffer)])
    return parts.take(pa.array(np.arange(0, 2 * len(begin), 2)))


def _candidates(lines: Lines) -> tuple[Places, Places, Places]:
    """Give line, beginning and sign of everything between a blank and the next `=` in lines that may be regular.

    The end of the header counts as a blank.
    """
    buffer = lines.buffer
    may_be = np.flatnonzero(lines.may_be_regular)
    is_mark = (buffer == BLANK) | (buffer == SIGN)
    is_mark[lines.headers[may_be]] = True
    marks = np.flatnonzero(is_mark)
    is_sign = buffer[marks] == SIGN
    places = np.flatnonzero(is_sign[1:] & ~is_sign[:-1])
    before, sign = marks[places], marks[places + 1]
    # From places to lines: how many there are before the end of each.
    upto = np.searchsorted(sign, lines.ends)
    line = np.repeat(np.arange(len(upto)), np.diff(upto, prepend=0))
    before, sign = before[: len(line)], sign[: len(line)]
    real = lines.may_be_regular[line] & (before >= lines.headers[line])
    return line[real], before[real] + 1, sign[real]


def _has_lost_label(keys: Keys, code: Places, first: Flags, last: Flags) -> Flags:
    """Say which pairs are a label that does not follow its slot, or stand where a label should."""
    before = np.append(code[:1], code[:-1])
    lost: Flags = keys.label[code] != np.where(first, 0, keys.needs_label[before])
    lost |= last & (keys.needs_label[code] != 0)
    return lost


def _is_odd(keys: Keys, code: Places, first: Flags) -> Flags:
    """Say of which pairs the line is odd: unknown keys after a visitor's text, columns after JSON."""
    before = np.append(code[:1], code[:-1])
    odd: Flags = keys.is_refused[code]
    odd |= keys.is_extra[code] & keys.is_free[before] & ~first
    if keys.is_json.any():
        places = np.arange(len(code))
        begins = np.flatnonzero(first)
        earliest = np.minimum.reduceat(np.where(keys.is_json[code], places, len(code)), begins)
        odd |= keys.is_refused_after_json[code] & (places > np.repeat(earliest, np.diff(np.append(begins, len(code)))))
    return odd


def _strip(buffer: Bytes, begin: Places, end: Places) -> None:
    """Strip blanks, up to a few on each side."""
    for _ in range(_MOST_BLANKS):
        some = np.flatnonzero((buffer[begin] == BLANK) & (begin < end))
        if not len(some):
            break
        begin[some] += 1
    for _ in range(_MOST_BLANKS):
        some = np.flatnonzero((buffer[end - 1] == BLANK) & (begin < end))
        if not len(some):
            break
        end[some] -= 1


def _refuse_odd_edges(buffer: Bytes, is_json: Flags, line: Places, begin: Places, end: Places, regular: Flags) -> None:
    """Refuse lines in which other white space remains at an edge, or JSON does not end like JSON."""
    edge = white_edges(buffer, begin, end)
    regular[line[edge]] = False
    json = np.flatnonzero(is_json & (begin < end))
    open_json = json[~np.isin(buffer[end[json] - 1], _JSON_ENDS)]
    regular[line[open_json]] = False


def _has_any(buffer: Bytes, begin: Places, end: Places) -> Flags:
    """Say which values hold a backslash."""
    found = np.zeros(len(begin), np.bool_)
    slashes = np.flatnonzero(buffer == BACKSLASH)
    owner = np.searchsorted(begin, slashes, side="right") - 1
    inside = (owner >= 0) & (slashes < end[np.maximum(owner, 0)])
    found[owner[inside]] = True
    return found
