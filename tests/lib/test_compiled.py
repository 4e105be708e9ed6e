"""Compiled functions, with and without a folder to keep the machine code in."""

import importlib
import pickle
import sys
from collections.abc import Callable
from pathlib import Path
from typing import cast

import numba
import numpy as np
import pytest
from numba.core import caching

from sakimori.lib import compiled as kept
from sakimori.lib.compiled import compiled

CALLER = """
from sakimori.lib.compiled import compiled
from invented_step import step

@compiled
def twice(number):
    return step(step(number))
"""
STEP = """
from sakimori.lib.compiled import compiled

@compiled
def step(number):
    return number + {by}
"""


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


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.syspath_prepend(tmp_path)
    (tmp_path / "invented_caller.py").write_text(CALLER)
    return tmp_path


def twice(folder: Path, *, by: int) -> Callable[[int], int]:
    """What a new process finds in the folder: a function that calls one of another file."""
    (folder / "invented_step.py").write_text(STEP.format(by=by))
    for name in ("invented_caller", "invented_step"):
        sys.modules.pop(name, None)
    importlib.invalidate_caches()
    kept._sources.cache_clear()
    return cast("Callable[[int], int]", importlib.import_module("invented_caller").twice)


def test_what_a_called_function_of_another_file_did_before_is_forgotten(folder: Path) -> None:
    assert twice(folder, by=1)(0) == 2
    assert list(folder.rglob("*.nbc"))
    assert twice(folder, by=20)(0) == 40


def test_an_index_that_cannot_be_read_any_more_is_written_anew(folder: Path) -> None:
    assert twice(folder, by=1)(0) == 2
    for index in folder.rglob("*.nbi"):
        index.write_bytes(pickle.dumps(numba.__version__) + b"cno_such_module\nGone\n.")
    assert twice(folder, by=1)(0) == 2
