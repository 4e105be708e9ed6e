"""The floor of a disk: when it is reached, and that a disk that cannot be asked is not called full."""

import errno
from pathlib import Path

import pytest

from sakimori.lib.disk import Floor, NoRoom, free_bytes


@pytest.mark.parametrize(("floor", "free", "reached"), [(0, 0, False), (10, 9, True), (10, 10, False), (10, 11, False)])
def test_when_the_floor_is_reached(tmp_path: Path, floor: int, free: int, reached: bool) -> None:
    made = Floor(tmp_path, floor, lambda _: free)
    assert made.is_reached() == reached
    if reached:
        with pytest.raises(NoRoom, match="must stay free") as error:
            made.insist()
        assert error.value.errno == errno.ENOSPC
    else:
        made.insist()


def test_a_real_disk_is_measured(tmp_path: Path) -> None:
    assert free_bytes(tmp_path) > 0
    assert Floor(tmp_path, 1 << 60).is_reached()
    assert not Floor(tmp_path / "nowhere", 1 << 60).is_reached()
