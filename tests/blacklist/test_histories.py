"""Random histories against the simulated vendor end with its lists being our ledger and other people's entries."""

import pytest

from bench.histories import play
from sakimori.simulators.spec import BlacklistMode

pytestmark = pytest.mark.django_db

_HISTORIES = 15
# Each ended wrong while ownership was one flag for all lists: somebody's entry on one site's list came off with ours.
_REMEMBERED = {BlacklistMode.POLICY: (), BlacklistMode.LEGACY: (20, 24)}


@pytest.mark.parametrize("mode", BlacklistMode)
def test_the_lists_are_right_in_the_end_whatever_happened(mode: BlacklistMode) -> None:
    for seed in (*_REMEMBERED[mode], *range(_HISTORIES)):
        play(seed, mode)
