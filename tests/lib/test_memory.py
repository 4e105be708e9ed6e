"""A process that settles in, in a process of its own: what is set stays set until its end."""

import ctypes
import gc
import subprocess
import sys

import pytest

from sakimori.lib import memory


def test_what_was_loaded_is_no_longer_counted() -> None:
    program = "import gc; from sakimori.lib.memory import settle_in; settle_in(); print(gc.get_freeze_count())"
    found = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True, text=True)
    assert int(found.stdout) > 1_000


@pytest.mark.parametrize("has_it", [True, False])
def test_heaps_are_limited_where_the_system_can(monkeypatch: pytest.MonkeyPatch, has_it: bool) -> None:
    asked: list[tuple[int, int]] = []

    class Library:
        def __init__(self, _name: None) -> None:
            if has_it:
                self.mallopt = lambda what, value: asked.append((what, value))

    monkeypatch.setattr(ctypes, "CDLL", Library)
    monkeypatch.setattr(gc, "freeze", lambda: asked.append((0, 0)))
    memory.settle_in()
    assert asked == ([(-8, 2), (0, 0)] if has_it else [(0, 0)])
