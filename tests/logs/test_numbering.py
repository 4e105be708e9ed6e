"""Which numbers an index has passed over: tables of cases."""

import pytest

from sakimori.logs.receive.numbering import (
    Missing,
    missing_since,
    numbers_of,
    runs,
    settled_until,
    unsettled,
    without,
)


def test_names_are_read_as_numbers_and_others_are_passed_over() -> None:
    names = [
        "7_3.log",
        "7_1.log",
        "8_5.log",
        "7_3.log",
        "MD5.txt",
        "7_x.log",
        "_1.log",
        f"7_{'9' * 19}.log",
        "7_3.log\n",
    ]
    assert numbers_of(names) == {"7": [1, 3], "8": [5]}


@pytest.mark.parametrize(
    ("newest", "listed", "expected"),
    [
        ({}, [], []),
        ({}, [5, 6, 7], []),
        ({}, [5, 8], [(6, 7)]),
        ({"7": 7}, [5, 6, 7], []),
        ({"7": 7}, [7, 8, 9], []),
        ({"7": 7}, [9], [(8, 8)]),
        ({"7": 7}, [9, 12], [(8, 8), (10, 11)]),
        ({"7": 7}, [5, 9], [(8, 8)]),
        ({"7": 7}, [1, 2], []),
        ({"7": 7}, [1, 3], []),
        ({"8": 7}, [1, 3], [(2, 2)]),
        ({"7": 7}, [10**17], [(8, 10**17 - 1)]),
    ],
)
def test_what_was_passed_over_since_the_last_look(
    newest: dict[str, int], listed: list[int], expected: list[tuple[int, int]]
) -> None:
    found = missing_since(newest, {"7": listed} if listed else {})
    assert [(hole.first, hole.last) for hole in found] == expected


@pytest.mark.parametrize(
    ("known", "expected"),
    [
        ([], [(5, 9)]),
        ([1, 4, 10], [(5, 9)]),
        ([5], [(6, 9)]),
        ([9], [(5, 8)]),
        ([7], [(5, 6), (8, 9)]),
        ([8, 6, 6], [(5, 5), (7, 7), (9, 9)]),
        ([5, 6, 7, 8, 9], []),
    ],
)
def test_what_is_there_after_all_is_not_missing(known: list[int], expected: list[tuple[int, int]]) -> None:
    assert [(hole.first, hole.last) for hole in without(Missing("7", 5, 9), known)] == expected


@pytest.mark.parametrize(
    ("newest", "listed", "settled", "expected"),
    [
        ({}, [], [], {}),
        ({"7": 4}, [], [], {"7": 4}),
        ({}, [5, 6, 8], [5, 6, 8], {"7": 8}),
        ({}, [5, 6, 8], [], {"7": 4}),
        ({"7": 4}, [5, 6, 8], [5], {"7": 5}),
        ({"7": 4}, [5, 6, 8], [5, 8], {"7": 5}),
        ({"7": 9, "8": 3}, [1, 2], [1, 2], {"7": 2, "8": 3}),
    ],
)
def test_nothing_is_seen_beyond_what_could_not_be_taken(
    newest: dict[str, int], listed: list[int], settled: list[int], expected: dict[str, int]
) -> None:
    names = [f"7_{number}.log" for number in listed]
    assert settled_until(newest, names, {f"7_{number}.log" for number in settled}) == expected


@pytest.mark.parametrize(
    ("newest", "settled", "expected"),
    [
        ({"7": 3, "8": 1}, {"7_3.log"}, {"7": [4, 6]}),
        ({"7": 3, "8": 0}, {"7_3.log", "7_6.log"}, {"7": [4], "8": [1]}),
        ({"7": 6, "8": 1}, set(), {}),
    ],
)
def test_what_is_listed_and_not_settled_is_remembered(
    newest: dict[str, int], settled: set[str], expected: dict[str, list[int]]
) -> None:
    names = ["7_3.log", "7_4.log", "7_6.log", "8_1.log", "MD5.txt"]
    assert unsettled(newest, names, settled) == expected


@pytest.mark.parametrize(("numbers", "expected"), [([], []), ([4], [(4, 4)]), ([9, 4, 5, 4, 7, 8], [(4, 5), (7, 9)])])
def test_numbers_without_a_hole_between_them_are_one_span(numbers: list[int], expected: list[tuple[int, int]]) -> None:
    assert runs("7", numbers) == [Missing("7", *span) for span in expected]
