"""Bytes as bits: what is marked in a block is what stands there, wherever the block ends."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from sakimori.logs.formats.bulk.marking import BITS, mark, places_of

_BLOCKS = st.integers(0, 3 * BITS).flatmap(
    lambda length: st.lists(st.sampled_from(b"\n =\\|a\0\xff"), min_size=length, max_size=length).map(bytes)
)


def places(block: bytes, wanted: bytes) -> list[int]:
    return [place for place, byte in enumerate(block) if byte in wanted]


@given(_BLOCKS)
def test_the_marked_places_are_those_of_the_bytes(block: bytes) -> None:
    signs, feeds = mark(np.frombuffer(block, np.uint8))
    assert places_of(signs).tolist() == places(block, b" =\\")
    assert places_of(feeds).tolist() == places(block, b"\n")


def test_every_byte_of_a_number_may_be_marked() -> None:
    for length in (BITS - 1, BITS, BITS + 1):
        signs, feeds = mark(np.frombuffer(b"=" * length, np.uint8))
        assert places_of(signs).tolist() == list(range(length))
        assert not len(places_of(feeds))
