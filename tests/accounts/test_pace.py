"""A person may do something so many times in a window, whatever others do."""

from datetime import timedelta

import pytest
from django.core.cache import cache

from sakimori.accounts.models import User
from sakimori.accounts.pace import is_too_fast

WINDOW = timedelta(minutes=1)


def test_so_many_times_and_no_more() -> None:
    one, other = User(pk=1001), User(pk=1002)
    assert [is_too_fast("try", one, most=2, window=WINDOW) for _ in range(3)] == [False, False, True]
    assert not is_too_fast("try", other, most=2, window=WINDOW)
    assert not is_too_fast("else", one, most=2, window=WINDOW)
    assert is_too_fast("never", one, most=0, window=WINDOW)


def test_a_window_that_ends_just_then_begins_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    def ended(_: str) -> int:
        raise ValueError

    person = User(pk=1003)
    is_too_fast("try", person, most=1, window=WINDOW)
    with monkeypatch.context() as patch:
        patch.setattr(cache, "incr", ended)
        assert not is_too_fast("try", person, most=1, window=WINDOW)
    assert is_too_fast("try", person, most=1, window=WINDOW)
