"""White space at the edges of values: what `str.strip` takes off, found for whole arrays of values."""

import sys

import numpy as np

from sakimori.logs.formats.bulk.lines import Bytes, Places

_WHITE = [chr(number).encode() for number in range(sys.maxunicode) if chr(number).isspace()]
_FIRST_BYTES = np.zeros(256, np.bool_)
_LAST_BYTES = np.zeros(256, np.bool_)
for _character in _WHITE:
    _FIRST_BYTES[_character[0]] = _LAST_BYTES[_character[-1]] = True


def white_edges(buffer: Bytes, begin: Places, end: Places) -> Places:
    """Say which values begin or end with white space. `end - 1` must be a place of the buffer."""
    suspicious = _FIRST_BYTES[buffer[begin]] | _LAST_BYTES[buffer[end - 1]]
    suspicious &= begin < end
    found = np.flatnonzero(suspicious)
    if not len(found):
        return found
    begin, end = begin[found], end[found]
    white = np.zeros(len(found), np.bool_)
    for character in _WHITE:
        length = len(character)
        head, tail = begin + length <= end, begin + length <= end
        for offset, byte in enumerate(character):
            head &= buffer[np.minimum(begin + offset, len(buffer) - 1)] == byte
            tail &= buffer[end - length + offset] == byte
        white |= head | tail
    return found[white]
