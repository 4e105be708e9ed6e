"""Compiled functions, with and without a folder to keep the machine code in."""

import numpy as np
import pytest
from numba.core import caching

from sakimori.lib.compiled import compiled


def test_a_function_is_compiled_and_does_what_it_says() -> None:
    @compiled
    def total(numbers: np.ndarray[tuple[int], np.dtype[np.int64]]) -> int:
        found = 0
        for number in numbers:
            found += number
        return found

    assert total(np.arange(5)) == 10


def test_without_a_folder_for_machine_code_functions_are_compiled_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(caching.CacheImpl, "_locator_classes", [])

    @compiled
    def double(number: int) -> int:
        return number * 2

    assert double(21) == 42
