"""Where in a block the bytes are that lines and pairs are cut at, as bits: they are few, and the others are skipped."""

import numpy as np
import numpy.typing as npt

from sakimori.lib.compiled import compiled

Marks = npt.NDArray[np.uint64]
_LF, _BLANK, _SIGN, _BACKSLASH = b"\n =\\"
BITS = 64
_WORDS = BITS // 8
# Eight bytes of 0 or 1 times this are eight bits, in the highest byte of the product (the lowest byte comes first).
_GATHER = np.uint64(0x0102040810204080)
_HIGHEST = np.uint64(56)
# A number with one bit times this tells in its six highest bits which bit it is.
_DE_BRUIJN = np.uint64(0x03F79D71B4CB0A89)
_SIX_HIGHEST = np.uint64(58)
_PLACE_OF = np.zeros(BITS, np.int64)
_PLACE_OF[(_DE_BRUIJN << np.arange(BITS, dtype=np.uint64)) >> _SIX_HIGHEST] = np.arange(BITS)


def mark(buffer: npt.NDArray[np.uint8]) -> tuple[Marks, Marks]:
    """Give a bit for each byte of a buffer, 64 in a number, the first one lowest: which bytes are blanks, equal signs
    or backslashes; and which are line feeds.
    """
    signs, feeds = (np.empty((len(buffer) + BITS - 1) // BITS, np.uint64) for _ in range(2))
    whole = len(buffer) // BITS
    scratch = np.empty((2, BITS), np.uint8)
    eights = scratch.view(np.uint64)
    _mark(buffer, signs[:whole], feeds[:whole], scratch, eights)
    if whole < len(signs):
        rest = np.zeros(BITS, np.uint8)
        rest[: len(buffer) - whole * BITS] = buffer[whole * BITS :]
        rest.flags.writeable = False  # As blocks are: otherwise the pass would be compiled for both.
        _mark(rest, signs[whole:], feeds[whole:], scratch, eights)
    return signs, feeds


@compiled
def _mark(
    buffer: npt.NDArray[np.uint8], signs: Marks, feeds: Marks, scratch: npt.NDArray[np.uint8], eights: Marks
) -> None:
    """scratch, eights: a row of bytes for each result, and the same memory as numbers."""
    for number in range(len(signs)):
        for bit in range(BITS):
            byte = buffer[number * BITS + bit]
            scratch[0, bit] = (byte == _BLANK) | (byte == _SIGN) | (byte == _BACKSLASH)
            scratch[1, bit] = byte == _LF
        sign_bits, feed_bits = np.uint64(0), np.uint64(0)
        for eight in range(_WORDS):
            sign_bits |= (eights[0, eight] * _GATHER >> _HIGHEST) << np.uint64(8 * eight)
            feed_bits |= (eights[1, eight] * _GATHER >> _HIGHEST) << np.uint64(8 * eight)
        signs[number], feeds[number] = sign_bits, feed_bits


def places_of(marks: Marks) -> npt.NDArray[np.int64]:
    """Give the places of all bits, in order."""
    places = np.empty(int(np.bitwise_count(marks).sum()), np.int64)
    _list(marks, places)
    return places


@compiled
def _list(marks: Marks, places: npt.NDArray[np.int64]) -> None:
    count = 0
    for number in range(len(marks)):
        bits = marks[number]
        while bits:
            places[count] = number * BITS + lowest(bits)
            count += 1
            bits &= bits - np.uint64(1)


@compiled
def lowest(bits: np.uint64) -> np.int64:
    """Say which is the lowest bit of a number that has one."""
    one = bits & (~bits + np.uint64(1))
    place: np.int64 = _PLACE_OF[np.int64(one * _DE_BRUIJN >> _SIX_HIGHEST)]
    return place
