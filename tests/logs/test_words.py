"""Eight bytes at once: what is the same, what is hashed alike, and what is copied, wherever a text stands."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from sakimori.logs.formats.bulk.words import are_same, copy_text, hash_of

TEXTS = st.binary(max_size=40)
KIND, SECRET, MARK = np.uint64(3), np.uint64(0x9E3779B97F4A7C15), np.uint64(12345)


def placed(text: bytes, *, before: int, behind: int = 0) -> np.ndarray[tuple[int], np.dtype[np.uint8]]:
    """A text in a buffer that may not be written to, other bytes around it."""
    return np.frombuffer(b"\xaa" * before + text + b"\x55" * behind, np.uint8)


def hashed(text: bytes, *, before: int = 0, behind: int = 0, kind: np.uint64 = KIND, secret: np.uint64 = SECRET) -> int:
    buffer = placed(text, before=before, behind=behind)
    return int(hash_of(buffer, before, before + len(text), kind, secret, MARK))


@given(TEXTS, st.integers(0, 9), st.integers(0, 9))
def test_a_text_has_one_hash_wherever_it_stands(text: bytes, before: int, behind: int) -> None:
    assert hashed(text, before=before, behind=behind) == hashed(text)


@given(TEXTS, st.data())
def test_every_byte_counts(text: bytes, data: st.DataObject) -> None:
    other = data.draw(
        st.binary(min_size=len(text), max_size=len(text)).filter(lambda other: other != text) if text else st.just(b"x")
    )
    assert hashed(other) != hashed(text)


@given(TEXTS)
def test_kind_and_secret_count(text: bytes) -> None:
    assert len({hashed(text), hashed(text, kind=np.uint64(4)), hashed(text, secret=np.uint64(7))}) == 3


def test_texts_that_begin_alike_or_are_blank_have_hashes_of_their_own() -> None:
    texts = [b"a" * length for length in range(70)] + [b"\0" * length for length in range(1, 70)]
    # The length is part of the kind, as it is for whoever numbers texts.
    assert len({hashed(text, kind=np.uint64(len(text))) for text in texts}) == len(texts)


@given(TEXTS, st.integers(0, 9), st.integers(0, 9), st.data())
def test_texts_are_the_same_if_all_their_bytes_are(
    text: bytes, before: int, other_before: int, data: st.DataObject
) -> None:
    one = placed(text, before=before)
    assert are_same(one, before, placed(text, before=other_before), other_before, len(text))
    if text:
        place = data.draw(st.integers(0, len(text) - 1))
        other = placed(text[:place] + bytes([text[place] ^ 1]) + text[place + 1 :], before=other_before)
        assert not are_same(one, before, other, other_before, len(text))


@given(TEXTS, st.integers(0, 9), st.integers(0, 20), st.integers(0, 9), st.integers(0, 20))
def test_a_text_is_copied_and_nothing_before_it_touched(
    text: bytes, before: int, behind: int, target_before: int, room: int
) -> None:
    source = placed(text, before=before, behind=behind)
    target = np.full(target_before + len(text) + room, 0x77, np.uint8)
    copy_text(source, before, target, target_before, len(text))
    assert target[:target_before].tolist() == [0x77] * target_before
    assert target[target_before : target_before + len(text)].tobytes() == text
    assert target[target_before + len(text) + 7 :].tolist() == [0x77] * max(0, room - 7)
