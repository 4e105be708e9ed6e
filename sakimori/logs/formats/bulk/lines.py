"""Where the lines of a block begin and end, and which of them have a plain CEF header."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from sakimori.lib.compiled import compiled
from sakimori.logs.formats.bulk.marking import Marks, mark, places_of
from sakimori.logs.original import AS_IS, ESCAPED

Places = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]
Bytes = npt.NDArray[np.uint8]
# A number in compiled code.
Whole = int | np.int64

LF, CR, NUL, TAB, BLANK, SIGN, PIPE, BACKSLASH = b"\n\r\0\t =|\\"
_MARKS = (ord(AS_IS), ord(ESCAPED))
_HEADER_PIPES = 7
_MARK = np.frombuffer(b"CEF:", np.uint8)
_ZERO, _NINE = b"09"
_FIRST_NON_ASCII = 0x80


@dataclass(frozen=True, slots=True)
class Lines:
    """The lines of a block. `buffer` ends with a line feed.

    headers: for lines that may be regular, where the pipe at the end of the header is. may_be_regular: the others hold
    something that only the careful parser looks at. signs: where blanks, equal signs and backslashes are.
    """

    buffer: Bytes
    starts: Places
    ends: Places
    headers: Places
    may_be_regular: Flags
    signs: Marks


def find_lines(block: bytes, *, max_line_bytes: int) -> Lines:
    """Find the lines, each of which ends with a line feed, and sort out those that cannot be regular."""
    buffer = np.frombuffer(block, np.uint8)
    signs, feed_marks = mark(buffer)
    feeds = places_of(feed_marks)
    starts = np.concatenate((np.zeros(1, np.int64), feeds[:-1] + 1))
    ends = feeds - ((feeds > starts) & (buffer[feeds - 1] == CR))
    headers, regular = np.zeros(len(starts), np.int64), np.zeros(len(starts), np.bool_)
    _find_headers(buffer, starts, ends, headers, regular)
    regular &= ends - starts <= max_line_bytes
    for refused in (NUL, TAB, *_MARKS):
        # Looking for one byte in bytes takes next to nothing.
        if refused in block:
            _refuse(regular, starts, np.flatnonzero(buffer == refused))
    _refuse_broken_text(regular, buffer, starts, ends)
    return Lines(buffer, starts, ends, headers, regular, signs)


@compiled
def _find_headers(buffer: Bytes, starts: Places, ends: Places, headers: Places, regular: Flags) -> None:
    """Say where headers end, and which lines begin with `CEF:`, one digit and a pipe and have seven pipes."""
    for line in range(len(starts)):
        start = starts[line]
        # The first pipe is looked for where it must be: there may be none before it.
        place = start + len(_MARK) + 1
        if place >= ends[line] or buffer[place] != PIPE or not _ZERO <= buffer[place - 1] <= _NINE:
            continue
        is_marked = True
        for offset in range(len(_MARK)):
            is_marked &= buffer[start + offset] == _MARK[offset]
        pipes = 1
        while is_marked and pipes < _HEADER_PIPES and place + 1 < ends[line]:
            place += 1
            pipes += buffer[place] == PIPE
        if is_marked and pipes == _HEADER_PIPES:
            headers[line], regular[line] = place, True


def _refuse(regular: Flags, starts: Places, places: Places) -> None:
    if len(places):
        regular[np.searchsorted(starts, places, side="right") - 1] = False


def _refuse_broken_text(regular: Flags, buffer: Bytes, starts: Places, ends: Places) -> None:
    """Refuse lines that are not UTF-8. A line feed stands in no longer character, so lines can be looked at alone."""
    if buffer.max() < _FIRST_NON_ASCII or _is_text(buffer):
        return
    beyond = np.flatnonzero(buffer >= _FIRST_NON_ASCII)
    for line in np.unique(np.searchsorted(starts, beyond, side="right") - 1).tolist():
        if not _is_text(buffer[starts[line] : ends[line]]):
            regular[line] = False


def _is_text(buffer: Bytes) -> bool:
    try:
        str(buffer.data, "utf-8")
    except UnicodeDecodeError:
        return False
    return True
