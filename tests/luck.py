"""Invented examples are the same in every run of the suite: it never fails by luck. `./run hunt` looks for new ones."""

import os
import random

from hypothesis import settings

HUNTING = os.environ.get("SAKIMORI_TEST_HUNT") == "1"
SEED = random.SystemRandom().randrange(1 << 32) if HUNTING else 2026


def choose_examples() -> None:
    """Before any test module is read: their settings build on this profile."""
    settings.register_profile("same", derandomize=True, database=None)
    settings.register_profile("hunt", print_blob=True)
    settings.load_profile("hunt" if HUNTING else "same")
