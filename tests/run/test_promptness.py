"""The doors are not kept from answering by what computes beside them."""

import sys

from sakimori.run.promptness import answer_promptly


def test_threads_take_turns_ten_times_as_often() -> None:
    before = sys.getswitchinterval()
    try:
        sys.setswitchinterval(0.005)
        answer_promptly()
        assert sys.getswitchinterval() <= 0.0005
    finally:
        sys.setswitchinterval(before)
