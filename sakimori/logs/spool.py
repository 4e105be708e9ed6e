"""The spool: a folder in which everything that arrives becomes a file first, whichever door it came through.

`put` returns only when content and name are durable (fsync of file and folder). Names are random: nothing of the
sender's text ever becomes a path.
"""

import hashlib
import os
import secrets
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from sakimori.lib.crypto import sync_folder
from sakimori.lib.disk import Floor


class TooLarge(Exception):
    """What arrives is larger than the spool takes for one file."""


@dataclass(frozen=True, slots=True)
class SpooledFile:
    """A file that lies in the spool for good."""

    name: str
    sha256: str
    size_bytes: int


class Spool:
    """Files under one folder, in a flat layout. `floor_bytes`: so much of its disk stays free, whatever arrives."""

    def __init__(self, folder: Path, *, floor_bytes: int = 0) -> None:
        self._folder = folder
        self.floor = Floor(folder, floor_bytes)
        folder.mkdir(parents=True, exist_ok=True)

    def put(self, chunks: Iterable[bytes], *, limit_bytes: int) -> SpooledFile:
        """Store the chunks as one file, durably. After TooLarge, or OSError when the disk is full, nothing stays."""
        self.floor.insist()
        name = f"{secrets.token_hex(16)}.log"
        partial = self._folder / f".{name}"
        try:
            digest, size = _write(partial, chunks, limit_bytes)
            partial.rename(self._folder / name)
            sync_folder(self._folder)
        except BaseException:
            partial.unlink(missing_ok=True)
            self.remove(name)
            raise
        return SpooledFile(name, digest, size)

    def check_writable(self) -> None:
        """Write and remove a small file. Raises OSError when the folder does not take it."""
        self.remove(self.put([b"check"], limit_bytes=16).name)

    def open(self, name: str) -> BinaryIO:
        """Open a spooled file for reading. The caller closes it. Raises FileNotFoundError."""
        return (self._folder / name).open("rb")

    def path(self, name: str) -> Path:
        """Where a spooled file lies."""
        return self._folder / name

    def remove(self, name: str) -> None:
        """Remove a file; one that is gone already is no error."""
        (self._folder / name).unlink(missing_ok=True)

    def names_older_than(self, moment_epoch: float) -> Iterator[str]:
        """Names of files, finished or not, that were last written before `moment_epoch` (seconds)."""
        for entry in os.scandir(self._folder):
            # Files come and go meanwhile: another worker clears, a file under way gets its finished name.
            with suppress(FileNotFoundError):
                if entry.is_file() and entry.stat().st_mtime < moment_epoch:
                    yield entry.name


def _write(path: Path, chunks: Iterable[bytes], limit_bytes: int) -> tuple[str, int]:
    digest, size = hashlib.sha256(), 0
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        for chunk in chunks:
            size += len(chunk)
            if size > limit_bytes:
                raise TooLarge(f"more than {limit_bytes} bytes")
            digest.update(chunk)
            file.write(chunk)
        file.flush()
        os.fsync(file.fileno())
    return digest.hexdigest(), size
