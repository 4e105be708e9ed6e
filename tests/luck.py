"""Invented examples are the same in every run of the suite, and none of them has to be quick: the suite fails neither
by luck nor because the machine is busy. `./run hunt` looks for new ones.
"""

import os
import random

from hypothesis import HealthCheck, settings

HUNTING = os.environ.get("SAKIMORI_TEST_HUNT") == "1"
SEED = random.SystemRandom().randrange(1 << 32) if HUNTING else 2026


def choose_examples() -> None:
    """Before any test module is read: their settings build on this profile."""
    # A fixture that a test's examples share is what most of ours want: a database, a folder.
    patient = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture])
    settings.register_profile("same", patient, derandomize=True, database=None)
    settings.register_profile("hunt", patient, print_blob=True)
    settings.load_profile("hunt" if HUNTING else "same")
