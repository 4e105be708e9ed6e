"""IPv4 addresses in plain notation, packed for a whole column at once; others are left to the system's functions."""

import numpy as np
import numpy.typing as npt
import pyarrow.lib as pa

from sakimori.logs.columns import MAPPED_PREFIX, packed_address
from sakimori.logs.formats.bulk.lines import Flags
from sakimori.logs.formats.values import canonical_address

_LONGEST = 15
_OCTETS = 4
_DOT, _ZERO = b".0"
_TEN = 10
_MOST = 255
_BYTES = 16


def pack_addresses(texts: pa.StringArray) -> pa.Array:
    """Give the 16 bytes of each address (see `packed_address`); None for what is no address."""
    packed, is_address = _pack_plain(texts)
    for place in np.flatnonzero(~is_address).tolist():
        address = canonical_address(texts[place].as_py())
        if address is not None:
            packed[place] = np.frombuffer(packed_address(address), np.uint8)
            is_address[place] = True
    validity = pa.py_buffer(np.packbits(is_address, bitorder="little"))
    return pa.Array.from_buffers(pa.binary(_BYTES), len(packed), [validity, pa.py_buffer(packed)])


def _pack_plain(texts: pa.StringArray) -> tuple[npt.NDArray[np.uint8], Flags]:
    """Pack what is four numbers up to 255 without leading zeros, and say which texts are."""
    _, offsets, data = texts.buffers()
    bounds = np.frombuffer(offsets, np.int32)[: len(texts) + 1]
    # Behind the last text there must be something to look at.
    letters = np.append(np.frombuffer(data or b"", np.uint8)[: bounds[-1]], np.zeros(_LONGEST, np.uint8))
    lengths = np.diff(bounds)
    good = lengths <= _LONGEST
    octets = np.zeros((len(texts), _OCTETS), np.int32)
    number, digits, octet = (np.zeros(len(texts), np.int32) for _ in range(3))
    rows = np.arange(len(texts))
    for offset in range(_LONGEST + 1):
        letter = letters[np.minimum(bounds[:-1] + offset, len(letters) - 1)].astype(np.int32)
        ends = (offset == lengths) | ((offset < lengths) & (letter == _DOT))
        inside = (offset < lengths) & ~ends
        # A number that is over: it had digits, and no zero before others (then it had fewer digits than written).
        good &= ~ends | ((digits > 0) & (number <= _MOST) & (octet < _OCTETS))
        octets[rows[ends], np.minimum(octet[ends], _OCTETS - 1)] = number[ends] & _MOST
        octet += ends
        digit = letter - _ZERO
        good &= ~inside | ((digit >= 0) & (digit < _TEN) & ((digits == 0) | (number > 0)))
        number = np.where(inside, np.minimum(number, _MOST + 1) * _TEN + digit, 0)
        digits = np.where(inside, digits + 1, 0)
    good &= octet == _OCTETS
    packed = np.zeros((len(texts), _BYTES), np.uint8)
    packed[:, :-_OCTETS] = np.frombuffer(MAPPED_PREFIX, np.uint8)
    packed[:, -_OCTETS:] = octets
    return packed, good
