"""Which lines are regular in their keys, and where each column's value is, in one pass over the pairs.

The rules are those of `formats/keyed.py`, `formats/cutting.py` and `str.strip`.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from sakimori.lib.compiled import compiled
from sakimori.logs.formats.bulk.keys import KeyTables
from sakimori.logs.formats.bulk.lines import BLANK, Bytes, Flags, Lines, Places
from sakimori.logs.formats.bulk.scanning import Cut

_MAX_KEYS = 100
_JSON_ENDS = np.zeros(256, np.bool_)
_JSON_ENDS[list(b"]},")] = True
_ASCII = 0x80
_WHITE_ASCII = np.array([chr(number).isspace() for number in range(_ASCII)])
_LAST_WHITE = 0x3000  # Nothing beyond it is white, as a test makes sure.
_WHITE = np.array([number for number in range(_ASCII, _LAST_WHITE + 1) if chr(number).isspace()])
_NONE = np.frombuffer(b"None", np.uint8)
_FINE, _DOUBTFUL, _ODD = range(3)


@dataclass(frozen=True, slots=True)
class Verdict:
    """regular, doubtful: lines without a fault, and those whose keys need a second look; all others are odd.

    holder: for each slot and line the last pair of it, or -1. is_none: pairs that say None instead of a number.
    """

    regular: Flags
    doubtful: Flags
    holder: npt.NDArray[np.int32]
    is_none: Flags


def judge(lines: Lines, cut: Cut, tables: KeyTables, slot_count: int, may_be_regular: Flags) -> Verdict:
    """Judge every line that may be regular. Takes the white space off the values of `cut`."""
    holder = np.full((slot_count, len(lines.starts)), -1, np.int32)
    verdicts = np.where(may_be_regular, np.uint8(_FINE), np.uint8(_ODD))
    is_none = np.zeros(len(cut.line), np.bool_)
    _judge(lines.buffer, cut, tables, holder, verdicts, is_none)
    return Verdict(verdicts == _FINE, verdicts == _DOUBTFUL, holder, is_none)


@compiled
def _judge(
    buffer: Bytes,
    cut: Cut,
    tables: KeyTables,
    holder: npt.NDArray[np.int32],
    verdicts: npt.NDArray[np.uint8],
    is_none: Flags,
) -> None:
    lines, codes, begins, ends, slots = cut.line, cut.code, cut.begin, cut.end, tables.slots
    is_json, may_be_none, texts = tables.is_json, tables.may_be_none, tables.expected_texts
    expected, lengths = tables.expected_begin, tables.label_length
    _judge_keys(lines, codes, tables, verdicts)
    for pair in range(len(lines)):
        line, code = lines[pair], codes[pair]
        begin, end = begins[pair], ends[pair]
        is_plain = begin < end and BLANK < buffer[begin] < _ASCII and BLANK < buffer[end - 1] < _ASCII
        if not is_plain:
            begin, end = _stripped(buffer, begin, end)
            begins[pair], ends[pair] = begin, end
        slot = slots[code]
        if holder[slot, line] >= 0:
            verdicts[line] = max(verdicts[line], _DOUBTFUL)
        holder[slot, line] = pair
        if may_be_none[code] and begin < end and buffer[begin] == _NONE[0]:
            is_none[pair] = _is_text(buffer, begin, end, _NONE, 0, len(_NONE))
            verdicts[line] = max(verdicts[line], _DOUBTFUL)
        if expected[code] >= 0 and not _is_text(buffer, begin, end, texts, expected[code], lengths[code]):
            verdicts[line] = _ODD
        if begin < end and is_json[code] and not _JSON_ENDS[buffer[end - 1]]:
            verdicts[line] = _ODD
        if not is_plain and begin < end and (_begins_white(buffer, begin) or _ends_white(buffer, begin, end)):
            verdicts[line] = _ODD


@compiled
def _judge_keys(lines: Places, codes: Places, tables: KeyTables, verdicts: npt.NDArray[np.uint8]) -> None:
    """Unknown keys after a visitor's text are odd; a column after JSON, or a label apart from its slot, is doubtful."""
    label, needs_label, is_extra, is_free = tables.label, tables.needs_label, tables.is_extra, tables.is_free
    is_json, is_refused, is_refused_after_json = tables.is_json, tables.is_refused, tables.is_refused_after_json
    first, wanted, after_free, after_json = 0, 0, False, False
    for pair in range(len(lines)):
        line, code = lines[pair], codes[pair]
        if pair > 0 and lines[pair - 1] != line:
            if wanted:
                verdicts[lines[pair - 1]] = max(verdicts[lines[pair - 1]], _DOUBTFUL)
            first, wanted, after_free, after_json = pair, 0, False, False
        if label[code] != wanted or (after_json and is_refused_after_json[code]):
            verdicts[line] = max(verdicts[line], _DOUBTFUL)
        if is_refused[code] or (after_free and is_extra[code]) or pair - first >= _MAX_KEYS:
            verdicts[line] = _ODD
        wanted, after_free, after_json = needs_label[code], is_free[code], after_json or is_json[code]
    if wanted:
        verdicts[lines[-1]] = max(verdicts[lines[-1]], _DOUBTFUL)


@compiled
def _stripped(buffer: Bytes, begin: int, end: int) -> tuple[int, int]:
    while begin < end and buffer[begin] == BLANK:
        begin += 1
    while begin < end and buffer[end - 1] == BLANK:
        end -= 1
    return begin, end


@compiled
def _is_text(buffer: Bytes, begin: int, end: int, texts: Bytes, expected: int, length: int) -> bool:
    if end - begin != length:
        return False
    for offset in range(length):  # noqa: SIM110 - `all` is slow when compiled
        if buffer[begin + offset] != texts[expected + offset]:
            return False
    return True


@compiled
def _begins_white(buffer: Bytes, begin: int) -> bool:
    byte = buffer[begin]
    return _WHITE_ASCII[byte] if byte < _ASCII else _is_white(_character(buffer, begin))


@compiled
def _ends_white(buffer: Bytes, begin: int, end: int) -> bool:
    last = end - 1
    if buffer[last] < _ASCII:
        return bool(_WHITE_ASCII[buffer[last]])
    while last > begin and buffer[last] & 0xC0 == _ASCII:
        last -= 1
    return _is_white(_character(buffer, last))


@compiled
def _character(buffer: Bytes, place: int) -> np.int64:
    """The number of a character of two or three bytes; 0 for longer ones, none of which is white."""
    byte = np.int64(buffer[place])
    if byte >> 5 == 0b110:
        return (byte & 0x1F) << 6 | np.int64(buffer[place + 1]) & 0x3F
    if byte >> 4 == 0b1110:
        return (byte & 0x0F) << 12 | (np.int64(buffer[place + 1]) & 0x3F) << 6 | np.int64(buffer[place + 2]) & 0x3F
    return np.int64(0)


@compiled
def _is_white(character: np.int64) -> bool:
    for white in _WHITE:  # noqa: SIM110
        if white == character:
            return True
    return False
