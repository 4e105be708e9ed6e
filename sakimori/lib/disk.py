"""How much room a disk has left, and the floor below which nothing more may be taken in."""

import errno
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

MIB = 1 << 20


class NoRoom(OSError):
    """The disk has less room than must stay free. An OSError, for it is met as a full disk is."""

    def __init__(self, folder: Path) -> None:
        super().__init__(errno.ENOSPC, "less disk is free than must stay free", str(folder))


def free_bytes(folder: Path) -> int:
    """What may still be written on the disk of this folder. Raises OSError."""
    return shutil.disk_usage(folder).free


@dataclass(frozen=True, slots=True)
class Floor:
    """So much of a folder's disk must stay free. 0: nothing is asked for. `measure` as `free_bytes`."""

    folder: Path
    bytes: int
    measure: Callable[[Path], int] = free_bytes

    def is_reached(self) -> bool:
        """Whether less than that is free. A disk that cannot be asked is not called full: writing will tell."""
        if not self.bytes:
            return False
        try:
            return self.measure(self.folder) < self.bytes
        except OSError:
            return False

    def insist(self) -> None:
        """Raise NoRoom if it is reached."""
        if self.is_reached():
            raise NoRoom(self.folder)
