"""Lines whose keys are irregular in ways that live lines often are, and that still have one meaning only.

A key may come twice with the same text, a label may stand apart from its slot, a number may be None, and columns may
follow JSON, if all JSON in the line is closed where its value ends, and no label runs into the text before it: then the
careful parser cuts at the same places and sorts by the same labels. What is None instead of a number it keeps in
`extra`.
"""

import numpy as np
import numpy.typing as npt

from sakimori.lib.compiled import compiled
from sakimori.logs.fields import FIELDS
from sakimori.logs.formats.bulk.json_texts import is_closed
from sakimori.logs.formats.bulk.judging import Verdict
from sakimori.logs.formats.bulk.keys import Keys, KeyTables
from sakimori.logs.formats.bulk.lines import Bytes, Flags, Lines, Places
from sakimori.logs.formats.bulk.scanning import Cut

_LABEL = np.frombuffer(b"Label=", np.uint8)
_COLUMNS = len(FIELDS)


def settle(lines: Lines, keys: Keys, doubtful: Flags, cut: Cut, verdict: Verdict) -> Flags:
    """Say which of the doubtful lines have one meaning."""
    settled = doubtful.copy()
    bits = keys.label_bit, keys.needed_bit, keys.ends_as_label
    found = verdict.holder, verdict.is_none
    _settle(lines.buffer, lines.headers, lines.ends, cut, keys.tables, bits, found, settled)
    return settled


@compiled
def _settle(
    buffer: Bytes,
    headers: Places,
    line_ends: Places,
    cut: Cut,
    tables: KeyTables,
    bits: tuple[Places, Places, Flags],
    found: tuple[npt.NDArray[np.int32], Flags],
    settled: Flags,
) -> None:
    lines, codes, slots, is_json = cut.line, cut.code, tables.slots, tables.is_json
    label_bit, needed_bit, ends_as_label = bits
    holder, is_none = found
    given, needed, labels = np.int64(0), np.int64(0), 0
    for pair in range(len(lines)):
        line, code = lines[pair], codes[pair]
        if not settled[line]:
            continue
        if pair == 0 or lines[pair - 1] != line:
            given, needed, labels = np.int64(0), np.int64(0), 0
        given |= label_bit[code]
        needed |= needed_bit[code]
        labels += ends_as_label[code]
        other = holder[slots[code], line]
        is_again = other != pair
        is_ambiguous = is_again and (slots[code] >= _COLUMNS or is_none[pair] or not _same(buffer, cut, pair, other))
        if is_ambiguous or (is_json[code] and not is_closed(buffer, cut.begin[pair], cut.end[pair])):
            settled[line] = False
        elif pair + 1 == len(lines) or lines[pair + 1] != line:
            settled[line] = given == needed and labels == _count_labels(buffer, headers[line], line_ends[line])


@compiled
def _same(buffer: Bytes, cut: Cut, one: int, other: int) -> bool:
    begins, ends = cut.begin, cut.end
    begin, length = begins[one], ends[one] - begins[one]
    if ends[other] - begins[other] != length:
        return False
    for offset in range(length):  # noqa: SIM110 - `all` is slow when compiled
        if buffer[begin + offset] != buffer[begins[other] + offset]:
            return False
    return True


@compiled
def _count_labels(buffer: Bytes, begin: int, end: int) -> int:
    """How often `Label=` stands between two places."""
    count = 0
    for place in range(begin, end - len(_LABEL) + 1):
        count += buffer[place] == _LABEL[0] and _is_label(buffer, place)
    return count


@compiled
def _is_label(buffer: Bytes, place: int) -> bool:
    for offset in range(len(_LABEL)):  # noqa: SIM110
        if buffer[place + offset] != _LABEL[offset]:
            return False
    return True
