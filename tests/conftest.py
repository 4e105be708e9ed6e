"""Fixtures that every test may use, and which file comes first."""

import pytest

from tests.fixtures_logstore import any_log_store, log_store
from tests.luck import choose_examples

__all__ = ["any_log_store", "log_store"]

_LONGEST = "test_demo.py"

choose_examples()


@pytest.hookimpl(trylast=True)  # After the order has been shuffled.
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The file that waits most begins first, so that others run beside it and not before it."""
    items.sort(key=lambda item: item.path.name != _LONGEST)
