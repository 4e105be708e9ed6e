"""Lines whose keys are irregular in ways that live lines often are, and that still have one meaning only.

A key may come twice with the same text, and a label may stand apart from its slot, if the line holds no JSON and no
label that runs into the text before it: then the careful parser cuts at the same places and sorts by the same labels.
"""

import numpy as np

from sakimori.logs.fields import FIELDS
from sakimori.logs.formats.bulk.keys import Keys
from sakimori.logs.formats.bulk.lines import Bytes, Flags, Lines, Places

_LABEL = b"Label="


def settle(
    lines: Lines, keys: Keys, doubtful: Flags, line: Places, code: Places, begin: Places, end: Places, holder: Places
) -> Flags:
    """Say which of the doubtful lines have one meaning. `holder`: for each pair the last one of the same slot."""
    chosen = np.flatnonzero(doubtful[line])
    if not len(chosen):
        return doubtful
    settled = doubtful.copy()
    settled[line[chosen[keys.is_json[code[chosen]]]]] = False
    repeated = chosen[holder[chosen] != chosen]
    settled[line[repeated[keys.slots[code[repeated]] >= len(FIELDS)]]] = False
    for pair in repeated.tolist():
        if not _same(lines.buffer, begin, end, pair, int(holder[pair])):
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


def _same(buffer: Bytes, begin: Places, end: Places, one: int, other: int) -> bool:
    return buffer[begin[one] : end[one]].tobytes() == buffer[begin[other] : end[other]].tobytes()
