"""Random histories against the simulated vendor end with its lists being our ledger and other people's entries."""

import pytest

from bench.histories import play
from sakimori.simulators.spec import BlacklistMode

pytestmark = pytest.mark.django_db

_HISTORIES = 15
# Each ended wrong once: an entry that one list had taken and another refused, and that an old copy hid from us.
_REMEMBERED = {BlacklistMode.POLICY: (320,), BlacklistMode.LEGACY: (1005,)}


@pytest.mark.parametrize("mode", BlacklistMode)
def test_the_lists_are_right_in_the_end_whatever_happened(mode: BlacklistMode) -> None:
    for seed in (*_REMEMBERED[mode], *range(_HISTORIES)):
        play(seed, mode)
