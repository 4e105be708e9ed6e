"""Lines whose keys are irregular in ways that live lines often are, and that still have one meaning only.

A key may come twice with the same text, and a label may stand apart from its slot, if the line holds no JSON and no
label that runs into the text before it: then the careful parser cuts at the same places and sorts by the same labels.
"""

import numpy as np
import numpy.typing as npt

from sakimori.logs.fields import FIELDS
from sakimori.logs.formats.bulk.keys import Keys
from sakimori.logs.formats.bulk.lines import Bytes, Flags, Lines
from sakimori.logs.formats.bulk.scanning import Cut

_LABEL = b"Label="


def settle(lines: Lines, keys: Keys, doubtful: Flags, cut: Cut, holder: npt.NDArray[np.int32]) -> Flags:
    """Say which of the doubtful lines have one meaning. `holder`: for each slot and line the last pair of it."""
    line, code, slots = cut.line, cut.code, keys.tables.slots
    chosen = np.flatnonzero(doubtful[line])
    if not len(chosen):
        return doubtful
    settled = doubtful.copy()
    settled[line[chosen[keys.tables.is_json[code[chosen]]]]] = False
    last = holder[slots[code[chosen]], line[chosen]]
    for pair, other in zip(chosen[last != chosen].tolist(), last[last != chosen].tolist(), strict=True):
        if slots[code[pair]] >= len(FIELDS) or not _same(lines.buffer, cut, pair, other):
            settled[line[pair]] = False
    starts = np.flatnonzero(np.append(True, line[chosen][1:] != line[chosen][:-1]))
    numbers = line[chosen[starts]]
    needed = np.bitwise_or.reduceat(keys.needed_bit[code[chosen]], starts)
    given = np.bitwise_or.reduceat(keys.label_bit[code[chosen]], starts)
    settled[numbers[needed != given]] = False
    labels = np.add.reduceat(keys.ends_as_label[code[chosen]].astype(np.int64), starts)
    for number, count in zip(numbers.tolist(), labels.tolist(), strict=True):
        if settled[number]:
            text = lines.buffer[lines.headers[number] : lines.ends[number]].tobytes()
            settled[number] = text.count(_LABEL) == count
    return settled


def _same(buffer: Bytes, cut: Cut, one: int, other: int) -> bool:
    texts = [buffer[cut.begin[pair] : cut.end[pair]].tobytes() for pair in (one, other)]
    return texts[0] == texts[1]
