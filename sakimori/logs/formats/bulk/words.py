"""Compiled functions that look at eight bytes at once: whether texts are alike, and hashes of them.

Nothing here reads a byte that is not part of a text.
"""

from collections.abc import Callable
from typing import Any, cast

import numpy as np
from llvmlite import ir
from numba import types
from numba.extending import intrinsic

from sakimori.lib.compiled import compiled
from sakimori.logs.formats.bulk.lines import Bytes, Whole

_WORD = 8
_TWO_WORDS = 16
_BYTE = np.uint64(8)


def _make_word_at(_context: Any, buffer: Any, _place: Any) -> Any:
    """Eight bytes of an array as one number, wherever they begin."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        array = context.make_array(signature.args[0])(context, builder, arguments[0])
        place = builder.gep(array.data, [arguments[1]])
        return builder.load(builder.bitcast(place, ir.IntType(64).as_pointer()), align=1)

    return types.uint64(buffer, types.int64), generate


def _make_put_word(_context: Any, buffer: Any, _place: Any, _word: Any) -> Any:
    """Write a number as eight bytes of an array."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        array = context.make_array(signature.args[0])(context, builder, arguments[0])
        place = builder.gep(array.data, [arguments[1]])
        builder.store(arguments[2], builder.bitcast(place, ir.IntType(64).as_pointer()), align=1)
        return context.get_dummy_value()

    return types.void(buffer, types.int64, types.uint64), generate


def _make_folded(_context: Any, _one: Any, _other: Any) -> Any:
    """Both halves of a product of 128 bits, laid over each other."""

    def generate(_context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
        wide = ir.IntType(128)
        product = builder.mul(*(builder.zext(number, wide) for number in arguments))
        high = builder.lshr(product, ir.Constant(wide, 64))
        return builder.trunc(builder.xor(product, high), ir.IntType(64))

    return types.uint64(types.uint64, types.uint64), generate


_word_at = cast("Callable[[Bytes, Whole], np.uint64]", intrinsic(_make_word_at))
_put_word = cast("Callable[[Bytes, Whole, np.uint64], None]", intrinsic(_make_put_word))
_folded = cast("Callable[[np.uint64, np.uint64], np.uint64]", intrinsic(_make_folded))


@compiled
def hash_of(buffer: Bytes, begin: Whole, end: Whole, kind: np.uint64, secret: np.uint64, mark: np.uint64) -> np.uint64:
    """Hash a text and a number that says what kind of text it is and how long. `secret`, `mark`: two random numbers;
    whoever does not know them cannot make texts that are hashed alike.

    Words are multiplied two by two and folded, as in the family of wyhash.
    """
    place = begin
    while place + _TWO_WORDS < end:
        mark = _folded(_word_at(buffer, place) ^ secret, _word_at(buffer, place + _WORD) ^ mark)
        place += _TWO_WORDS
    low, high = np.uint64(0), np.uint64(0)
    if end - place >= _WORD:
        low, high = _word_at(buffer, place), _word_at(buffer, end - _WORD)
    else:
        while place < end:
            low = low << _BYTE | np.uint64(buffer[place])
            place += 1
    mark = _folded(low ^ secret, high ^ mark)
    return _folded(mark ^ kind, secret)


@compiled
def are_same(one: Bytes, begin: Whole, other: Bytes, other_begin: Whole, length: Whole) -> bool:
    """Say whether two texts of one length are the same."""
    place = 0
    while place + _WORD <= length:
        if _word_at(one, begin + place) != _word_at(other, other_begin + place):
            return False
        place += _WORD
    if place == length:
        return True
    if length >= _WORD:
        last = length - _WORD
        return bool(_word_at(one, begin + last) == _word_at(other, other_begin + last))
    while place < length:
        if one[begin + place] != other[other_begin + place]:
            return False
        place += 1
    return True


@compiled
def copy_text(source: Bytes, begin: Whole, target: Bytes, place: Whole, length: Whole) -> None:
    """Copy a text. What lies behind it in the target, up to seven bytes, may be overwritten."""
    if begin + length + _WORD > len(source) or place + length + _WORD > len(target):
        for offset in range(length):
            target[place + offset] = source[begin + offset]
        return
    for offset in range(0, length, _WORD):
        _put_word(target, place + offset, _word_at(source, begin + offset))
