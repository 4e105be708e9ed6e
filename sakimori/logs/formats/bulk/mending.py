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
from sakimori.logs.formats.cutting import Vocabulary, glued_pair


def mend(buffer: Bytes, keys: Keys, vocabulary: Vocabulary, cut: Cut) -> tuple[Cut, Places]:
    """Give the pairs with these faults mended, and the lines that had them (they may still turn out odd)."""
    cut, split = _split_glued_labels(buffer, keys, vocabulary, cut)
    # Only now is it known which slots a line has.
    return cut, np.concatenate((split, _mend_wrong_slots(keys, cut)))


def _split_glued_labels(buffer: Bytes, keys: Keys, vocabulary: Vocabulary, cut: Cut) -> tuple[Cut, Places]:
    places = np.empty(len(cut.line), np.int64)
    longer = places[: _find_longer(cut, keys.tables.label_length, places)]
    codes = {name: code for code, name in enumerate(keys.names)}
    glued, code, begin, end = [], [], [], []
    for place in longer.tolist():
        text = buffer[cut.begin[place] : cut.end[place]].tobytes()
        found = glued_pair(text.strip(b" ").decode("ascii"), vocabulary) if text.isascii() else None
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
    behind = np.array(glued) + 1
    lines = cut.line[glued]
    values = (lines, np.array(code), np.array(begin), np.array(end), np.zeros(len(glued), np.bool_))
    return Cut(*(np.insert(old, behind, new) for old, new in zip(cut, values, strict=True))), lines


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


@compiled
def _find_wrong(cut: Cut, label: Places, needs_label: Places, slot_number: Places, places: Places) -> int:
    """Find labels that stand behind a slot of another number. Returns how many."""
    lines, codes = cut.line, cut.code
    count = 0
    for pair in range(1, len(codes)):
        given, before = label[codes[pair]], codes[pair - 1]
        if given and needs_label[before] != given and slot_number[before] and lines[pair - 1] == lines[pair]:
            places[count] = pair
            count += 1
    return count


def _mend_wrong_slots(keys: Keys, cut: Cut) -> Places:
    """Give the slot the number that its label has. Changes `cut.code`."""
    places = np.empty(len(cut.line), np.int64)
    wrong = places[: _find_wrong(cut, keys.tables.label, keys.tables.needs_label, keys.slot_number, places)]
    mended = []
    for place in wrong.tolist():
        right = _right_slot(keys, cut, place)
        if right is not None:
            cut.code[place - 1] = right
            mended.append(cut.line[place])
    return np.array(mended, np.int64)


def _right_slot(keys: Keys, cut: Cut, place: int) -> int | None:
    """The code of the slot that the label at a place has; None if that, or the slot before it, is in the line as well
    or comes with a label of its own."""
    number = cut.line[place]
    codes = cut.code[np.searchsorted(cut.line, number) : np.searchsorted(cut.line, number, side="right")]
    label, slot = cut.code[place], cut.code[place - 1]
    tables = keys.tables
    right = keys.slot_of_label.get(int(tables.label[label]))
    if right is None:
        return None
    labels, slots = tables.label[codes], tables.slots[codes]
    is_clear = (
        np.count_nonzero(labels == tables.label[label]) == 1
        and np.count_nonzero(slots == tables.slots[slot]) == 1
        and not np.any(slots == tables.slots[right])
        and not np.any(labels == keys.slot_number[slot])
    )
    return right if is_clear else None
