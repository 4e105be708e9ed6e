"""The four test people for every page test."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import settings
from django.core.cache import cache

from tests.people import People, make_people


@pytest.fixture(autouse=True)
def _fresh_door() -> Iterator[None]:
    """Rate limits are counted in the cache, which tests of one process share.

    WhiteNoise warns when the folder of collected files is missing, and warnings are errors.
    """
    Path(settings.STATIC_ROOT).mkdir(parents=True, exist_ok=True)
    cache.clear()
    yield
    cache.clear()


@pytest.fixture
def people(db: None) -> People:
    """Alice, Bob, Charlie and Dana with their customers."""
    return make_people()
