"""Where the keys and values of all lines of a block are, and which lines are regular in their keys."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from sakimori.logs.formats.bulk.doubtful import settle
from sakimori.logs.formats.bulk.judging import judge
from sakimori.logs.formats.bulk.keys import Keys, understand
from sakimori.logs.formats.bulk.lines import Flags, Lines, Places
from sakimori.logs.formats.bulk.mending import mend
from sakimori.logs.formats.bulk.scanning import Cut, scan
from sakimori.logs.formats.cutting import Vocabulary


@dataclass(frozen=True, slots=True)
class Pairs:
    """All keys with their values, stripped: `code` is an entry of `keys`.

    regular: the lines that hold nothing odd so far. holder: for each slot and line which pair it is, or -1.
    is_none: pairs that say None instead of a number. bounds: of each line the first pair, and behind these how many
    pairs there are.
    """

    keys: Keys
    cut: Cut
    regular: Flags
    holder: npt.NDArray[np.int32]
    is_none: Flags
    bounds: Places

    def spans_of(self, lines: Places) -> tuple[Places, Places]:
        """For each of some lines its first pair, and the one behind its last."""
        return self.bounds[lines], self.bounds[lines + 1]


def cut_pairs(lines: Lines, vocabulary: Vocabulary) -> Pairs | None:
    """Find all pairs; None if there are none."""
    found = scan(lines)
    if not len(found.cut.line):
        return None
    keys = understand(found.names, vocabulary)
    cut, mended = mend(lines.buffer, keys, vocabulary, found.cut)
    verdict = judge(lines, cut, keys.tables, keys.slot_count, found.may_be_regular)
    doubtful = verdict.doubtful.copy()
    doubtful[mended] |= verdict.regular[mended]
    regular = verdict.regular & ~doubtful | settle(lines, keys, doubtful, cut, verdict)
    bounds = np.searchsorted(cut.line, np.arange(len(lines.starts) + 1))
    return Pairs(keys, cut, regular, verdict.holder, verdict.is_none, bounds)
