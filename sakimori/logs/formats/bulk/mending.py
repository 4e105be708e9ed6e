"""Two faults that live lines have and that the careful parser mends: a label that runs into the next key
(`cs5Label=clappsigdproc=Browser`), and a slot under a wrong number (`cs10=139.7 cs8Label=longitude`).

They are mended here for the few lines that have them, one by one, as that parser does; what is not clear in every
respect is left as it is, and so to it.
"""

import numpy as np

from sakimori.lib.compiled import compiled
from sakimori.logs.formats.bulk.keys import Keys
from sakimori.logs.formats.bulk.lines import Bytes, Places
from sakimori.logs.formats.bulk.scanning import Cut
from sakimori.logs.formats.cutting import GluedPair, Vocabulary, glued_pair


def mend(buffer: Bytes, keys: Keys, vocabulary: Vocabulary, cut: Cut) -> tuple[Cut, Places]:
    """Give the pairs with these faults mended, and the lines that had them (they may still turn out odd)."""
    cut, split = _split_glued_labels(buffer, keys, vocabulary, cut)
    # Only now is it known which slots a line has.
    return cut, np.concatenate((split, _mend_wrong_slots(keys, cut)))


def _split_glued_labels(buffer: Bytes, keys: Keys, vocabulary: Vocabulary, cut: Cut) -> tuple[Cut, Places]:
    places = np.empty(len(cut.line), np.int64)
    longer = places[: _find_longer(cut, keys.tables.label_length, places)]
    codes = {name: code for code, name in enumerate(keys.names)}
    known: dict[bytes, GluedPair | None] = {}
    glued, code, begin, end = [], [], [], []
    for place in longer.tolist():
        text = buffer[cut.begin[place] : cut.end[place]].tobytes()
        if text not in known:
            known[text] = glued_pair(text.strip(b" ").decode("ascii"), vocabulary) if text.isascii() else None
        found = known[text]
        if found is None or found.key not in codes:
            continue
        start = cut.begin[place] + len(text) - len(text.lstrip(b" "))
        glued.append(place)
        code.append(codes[found.key])
        begin.append(start + found.value_place)
        end.append(cut.end[place])
        cut.end[place] = start + found.label_length
    if not glued:
        return cut, np.empty(0, np.int64)
    lines = cut.line[glued]
    more = Cut(lines, np.array(code), np.array(begin), np.array(end), np.zeros(len(glued), np.bool_))
    line_of, code_of, begin_of, end_of = (np.empty(len(cut.line) + len(glued), np.int64) for _ in range(4))
    whole = Cut(line_of, code_of, begin_of, end_of, np.empty(len(line_of), np.bool_))
    _insert(cut, np.array(glued), more, whole)
    return whole, lines


@compiled
def _insert(cut: Cut, places: Places, more: Cut, whole: Cut) -> None:
    """Fill `whole` with the pairs and, behind each of the places, one more."""
    target, number = 0, 0
    for pair in range(len(cut.line)):
        _copy(cut, pair, whole, target)
        target += 1
        if number < len(places) and places[number] == pair:
            _copy(more, number, whole, target)
            number, target = number + 1, target + 1


@compiled
def _copy(source: Cut, pair: int, target: Cut, place: int) -> None:
    line, code, begin, end, has_backslash = target
    line[place], code[place] = source.line[pair], source.code[pair]
    begin[place], end[place] = source.begin[pair], source.end[pair]
    has_backslash[place] = source.has_backslash[pair]


@compiled
def _find_longer(cut: Cut, label_length: Places, places: Places) -> int:
    """Find values that are longer than their label can be. Returns how many."""
    codes, begins, ends, has_backslash = cut.code, cut.begin, cut.end, cut.has_backslash
    count = 0
    for pair in range(len(codes)):
        if ends[pair] - begins[pair] > label_length[codes[pair]] and not has_backslash[pair]:
            places[count] = pair
            count += 1
    return count


def _mend_wrong_slots(keys: Keys, cut: Cut) -> Places:
    """Give the slot the number that its label has. Changes `cut.code`."""
    mended = np.empty(len(cut.line), np.int64)
    tables = keys.tables
    return mended[
        : _mend_slots(cut, tables.slots, tables.label, tables.needs_label, keys.slot_number, keys.slot_of_label, mended)
    ]


@compiled
def _mend_slots(
    cut: Cut,
    slots: Places,
    label: Places,
    needs_label: Places,
    slot_number: Places,
    slot_of_label: Places,
    mended: Places,
) -> int:
    """Mend the slots before labels of another number, and list their lines. Returns how many."""
    lines, codes = cut.line, cut.code
    count = 0
    for pair in range(1, len(codes)):
        given, before = label[codes[pair]], codes[pair - 1]
        if not given or needs_label[before] == given or not slot_number[before] or lines[pair - 1] != lines[pair]:
            continue
        right = slot_of_label[codes[pair]]
        if right >= 0 and _is_clear(cut, pair, slots, label, slots[right], slot_number[before]):
            codes[pair - 1] = right
            mended[count] = lines[pair]
            count += 1
    return count


@compiled
def _is_clear(cut: Cut, place: int, slots: Places, label: Places, right: int, own_label: int) -> bool:
    """Say whether neither the slot that the label at a place has, nor the slot before it, is in the line as well or
    comes with a label of its own.
    """
    lines, codes = cut.line, cut.code
    number = lines[place]
    slot, given = slots[codes[place - 1]], label[codes[place]]
    first = place
    while first > 0 and lines[first - 1] == number:
        first -= 1
    same_slots, same_labels = 0, 0
    for pair in range(first, len(lines)):
        if lines[pair] != number:
            break
        if slots[codes[pair]] == right or label[codes[pair]] == own_label:
            return False
        same_slots += slots[codes[pair]] == slot
        same_labels += label[codes[pair]] == given
    return same_slots == 1 and same_labels == 1
