"""A hash table of texts: which have been met, in which column, and what number each has there."""

import secrets
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from sakimori.lib.compiled import compiled
from sakimori.logs.formats.bulk.lines import Bytes, Places, Whole
from sakimori.logs.formats.bulk.words import are_same, copy_text

Numbers = npt.NDArray[np.int32]
# Which texts fall on one place of the table is nobody's business.
_SECRET, _SECRET_MARK = (np.uint64(secrets.randbits(64)) for _ in range(2))
_SLOTS_FOR_TEXT = 2
# What is known of a text: its hash, its column and its length (as one number), where its letters begin, its number.
_HASH, KIND, BEGIN, NUMBER = range(4)
_FACTS = 4
LENGTH_BITS = 40
_LENGTH = np.uint64((1 << LENGTH_BITS) - 1)
AS_SENT = 1 << 16  # Added to the column of a text whose escapes have not been undone.
TEXTS, LETTERS, COLUMNS = range(3)


class Known(NamedTuple):
    """A hash table (`slots` holds text + 1), the texts in the order in which they came (see `_HASH`), which is what a
    look-up reads together, and their letters. counts: how many texts there are, how many letters, and how many texts of
    each column. secret, mark: what the hashes are made with.
    """

    slots: Numbers
    texts: npt.NDArray[np.uint64]
    letters: Bytes
    counts: Places
    secret: np.uint64
    mark: np.uint64


def empty(columns: int, texts: int, letters: int) -> Known:
    return Known(
        slots=np.zeros(texts * _SLOTS_FOR_TEXT, np.int32),
        texts=np.empty((texts, _FACTS), np.uint64),
        letters=np.empty(letters, np.uint8),
        counts=np.zeros(COLUMNS + columns, np.int64),
        secret=_SECRET,
        mark=_SECRET_MARK,
    )


@compiled
def enter_again(known: Known) -> None:
    slots, texts, counts = known.slots, known.texts, known.counts
    last = len(slots) - 1
    for text in range(counts[TEXTS]):
        slot = np.int64(texts[text, _HASH]) & last
        while slots[slot]:
            slot = (slot + 1) & last
        slots[slot] = text + 1


@compiled
def find(
    buffer: Bytes,
    begin: Whole,
    kind: np.uint64,
    mark: np.uint64,
    slots: Numbers,
    texts: npt.NDArray[np.uint64],
    letters: Bytes,
) -> Whole:
    """Find a text of this kind (its column and its length) and hash: which slot holds it, or would."""
    last, length = len(slots) - 1, np.int64(kind & _LENGTH)
    slot = np.int64(mark) & last
    while slots[slot]:
        text = slots[slot] - 1
        is_alike = texts[text, _HASH] == mark and texts[text, KIND] == kind
        if is_alike and are_same(buffer, begin, letters, np.int64(texts[text, BEGIN]), length):
            break
        slot = (slot + 1) & last
    return slot


@compiled
def enter(
    buffer: Bytes, begin: Whole, kind: np.uint64, mark: np.uint64, slot: Whole, number: Whole, known: Known
) -> None:
    """Enter a new text with its number. There is room."""
    slots, texts, letters, counts = known.slots, known.texts, known.letters, known.counts
    text, start, length = counts[TEXTS], counts[LETTERS], np.int64(kind & _LENGTH)
    slots[slot] = text + 1
    texts[text, _HASH], texts[text, KIND] = mark, kind
    texts[text, BEGIN], texts[text, NUMBER] = np.uint64(start), np.uint64(number)
    copy_text(buffer, begin, letters, start, length)
    counts[TEXTS], counts[LETTERS] = text + 1, start + length


@compiled
def kind_of(column: Whole, length: Whole, is_as_sent: bool) -> np.uint64:  # noqa: FBT001 - compiled code knows no keywords
    return np.uint64((column | AS_SENT if is_as_sent else column) << LENGTH_BITS | length)
