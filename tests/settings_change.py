"""Settings that hold for one block of a test."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

from django.conf import settings
from django.test import override_settings


@contextmanager
def with_config(**changes: object) -> Iterator[None]:
    """The settings with these fields changed."""
    with override_settings(CONFIG=replace(settings.CONFIG, **changes)):  # type: ignore[arg-type]
        yield
