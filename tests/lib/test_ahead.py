"""An iterator that runs ahead gives the same, fails where it fails, and leaves no thread behind."""

from collections.abc import Iterator
from threading import active_count

import pytest

from sakimori.lib.ahead import ahead


def test_items_come_in_order() -> None:
    with ahead(range(100), most=3) as items:
        assert list(items) == list(range(100))


def test_nothing_is_an_end_too() -> None:
    with ahead([]) as items:
        assert list(items) == []


def test_an_error_comes_after_the_items_before_it() -> None:
    def failing() -> Iterator[int]:
        yield 1
        raise KeyError("here")

    with ahead(failing()) as items:
        assert next(items) == 1
        with pytest.raises(KeyError, match="here"):
            next(items)


def test_only_a_few_items_are_made_ahead_and_breaking_off_ends_the_thread() -> None:
    before, made = active_count(), []

    def counting() -> Iterator[int]:
        for number in range(1_000_000):
            made.append(number)
            yield number

    with ahead(counting(), most=2) as items:
        assert next(items) == 0
    assert active_count() == before
    assert len(made) <= 5


def test_one_may_run_ahead_of_another() -> None:
    before = active_count()
    with ahead(range(10)) as numbers, ahead(number * 2 for number in numbers) as doubled:
        assert next(doubled) == 0
    assert active_count() == before


def test_an_error_of_the_reader_passes_through() -> None:
    def read() -> None:
        with ahead(range(1_000)) as items:
            next(items)
            raise RuntimeError

    before = active_count()
    with pytest.raises(RuntimeError):
        read()
    assert active_count() == before


def test_what_waits_weighs_no_more_than_it_may_unless_it_is_one_item() -> None:
    made: list[int] = []

    def counting() -> Iterator[int]:
        for number in (3, 4, 2, 50, 1):
            made.append(number)
            yield number

    with ahead(counting(), most=9, weight=int) as items:
        taken = [next(items)]
        assert sum(made[:-1]) - sum(taken) <= 9
        taken += items
    assert taken == made == [3, 4, 2, 50, 1]
