"""The stage that most tests of the simulators play on."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.simulators.stage import Stage


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    made = Stage(tmp_path)
    yield made
    made.state.close()
