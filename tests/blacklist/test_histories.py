"""Random histories against the simulated vendor end with its lists being our ledger and other people's entries."""

import pytest

from bench.histories import play
from sakimori.simulators.spec import BlacklistMode

pytestmark = pytest.mark.django_db

_HISTORIES = 15


@pytest.mark.parametrize("mode", BlacklistMode)
def test_the_lists_are_right_in_the_end_whatever_happened(mode: BlacklistMode) -> None:
    for seed in range(_HISTORIES):
        play(seed, mode)
