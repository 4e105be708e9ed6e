"""JSON in a line: whether it ends within its value, or what seems to be the next key may stand inside it."""

from sakimori.lib.compiled import compiled
from sakimori.logs.formats.bulk.lines import BACKSLASH, BLANK, Bytes

_COMMA, _QUOTE = b',"'
_OPENING, _CLOSING = tuple(b"[{"), tuple(b"]}")


@compiled
def is_closed(buffer: Bytes, begin: int, end: int) -> bool:
    """Say whether a value begins with JSON whose last bracket is closed in it, and no text in that is left open.

    True only where `_end_of_json` of `formats/cutting.py` finds an end in the value.
    """
    place, depth = begin, 0
    while place < end and (buffer[place] == BLANK or buffer[place] == _COMMA):
        place += 1
    if place == end or buffer[place] not in _OPENING:
        return False
    while place < end:
        if buffer[place] == _QUOTE:
            place = _behind_text(buffer, place + 1, end)
            continue
        if buffer[place] in _OPENING:
            depth += 1
        elif buffer[place] in _CLOSING:
            depth -= 1
            if depth == 0:
                return True
        place += 1
    return False


@compiled
def _behind_text(buffer: Bytes, place: int, end: int) -> int:
    """Where a text goes on behind its closing quote; the end if it has none."""
    while place < end and buffer[place] != _QUOTE:
        place += 2 if buffer[place] == BACKSLASH else 1
    return min(place + 1, end)
