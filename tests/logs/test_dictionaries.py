"""Texts by number: what is numbered can be looked up, once each, in the order in which it came."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sakimori.logs.formats.bulk import known
from sakimori.logs.formats.bulk.dictionaries import Dictionaries, Wanted
from sakimori.logs.formats.bulk.lines import find_lines
from sakimori.logs.formats.bulk.memory import Memory
from sakimori.logs.formats.bulk.scanning import scan
from sakimori.logs.formats.values import read_int, read_text

COLUMNS = 3
WORDS = st.text(st.sampled_from("ab\\=|日"), max_size=12)


def number(dictionaries: Dictionaries, texts: list[str], column: int) -> list[int]:
    encoded = [text.encode() for text in texts]
    ends = np.cumsum([len(text) for text in encoded], dtype=np.int64)
    begins = ends - np.array([len(text) for text in encoded], np.int64)
    buffer = np.frombuffer(b"".join(encoded) or b"\0", np.uint8)
    return dictionaries.number(buffer, begins, ends, column).tolist()


def texts_of(dictionaries: Dictionaries, column: int) -> list[str]:
    return [str(text) for text in dictionaries.texts(column)]


@given(st.lists(st.tuples(st.integers(0, COLUMNS - 1), st.lists(WORDS, max_size=5)), max_size=8))
def test_texts_come_back_by_their_numbers(groups: list[tuple[int, list[str]]]) -> None:
    dictionaries, expected = Dictionaries(COLUMNS), [[""] for _ in range(COLUMNS)]
    for column, texts in groups:
        expected[column] = list(dict.fromkeys([*expected[column], *texts]))
        assert number(dictionaries, texts, column) == [expected[column].index(text) for text in texts]
    assert [texts_of(dictionaries, column) for column in range(COLUMNS)] == expected
    assert [dictionaries.count(column) for column in range(COLUMNS)] == list(map(len, expected))


def test_there_is_room_for_many_and_for_long_texts() -> None:
    dictionaries = Dictionaries(2)
    texts = [*(str(number) for number in range(20_000)), "x" * 300_000, "y" * 1_000_000]
    assert number(dictionaries, texts, 1) == list(range(1, len(texts) + 1))
    assert number(dictionaries, texts[::-1], 1) == list(range(len(texts), 0, -1))
    assert texts_of(dictionaries, 1) == ["", *texts]
    assert texts_of(dictionaries, 0) == [""]
    assert dictionaries.nbytes > 1_300_000


def test_texts_on_one_place_of_the_table_are_told_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(known, "_SLOTS_FOR_TEXT", 1)  # No slot is left empty when the table is full but for one.
    dictionaries = Dictionaries(1)
    texts = [f"{number:04}" for number in range(1_500)]
    assert number(dictionaries, texts, 0) == number(dictionaries, texts, 0) == list(range(1, 1_501))


@given(st.lists(st.tuples(WORDS, WORDS), min_size=1, max_size=6))
def test_pairs_of_lines_are_numbered_with_and_without_their_escapes(rows: list[tuple[str, str]]) -> None:
    lines = [f"CEF:0|a|b|1|1|N|0| one={one}. two={two}. start=1" for one, two in rows]
    found = find_lines("".join(f"{line}\n" for line in lines).encode(), max_line_bytes=10_000)
    pairs = scan(found)
    column_of = np.array([{"one": 0, "two": 1}.get(name, -1) for name in pairs.names], np.int32)
    # The second line does not count.
    row_of = np.array([0, -1, *range(1, len(rows))][: len(rows)], np.int32)
    wanted = Wanted(row_of, column_of, np.array([True, False]))
    dictionaries = Dictionaries(2)
    numbers = dictionaries.number_pairs(found.buffer, pairs.cut, wanted, max(len(rows) - 1, 1))
    counted = [rows[0], *rows[2:]]
    for row, (one, two) in enumerate(counted):
        if "=" in one.replace("\\=", "") or "=" in two.replace("\\=", ""):
            continue  # Cut at other places.
        assert texts_of(dictionaries, 0)[numbers[0, row]] == read_text(f"{one}.")
        assert texts_of(dictionaries, 1)[numbers[1, row]] == f"{two}."
    for column in range(2):
        assert len(set(texts_of(dictionaries, column))) == dictionaries.count(column)


def test_each_text_is_read_once() -> None:
    dictionaries, asked = Dictionaries(1), list[str]()
    memory = Memory(lambda text: (asked.append(text), read_int(text))[1], dictionaries, 0)
    number(dictionaries, ["7", "x", "7"], 0)
    assert memory.catch_up()
    assert not memory.catch_up()
    number(dictionaries, ["8", "7"], 0)
    assert memory.catch_up()
    assert asked == ["", "7", "x", "8"]
    assert memory.values == [None, 7, None, 8]
    assert memory.refused.tolist() == [False, False, True, False]
