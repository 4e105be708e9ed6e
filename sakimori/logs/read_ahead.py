"""Large files are read while those before them are stored: neither alone keeps two processors busy.

What is read ahead lies in memory, and there alone: the ledger and the store learn of it when the file's turn has come.
"""

from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import ExitStack
from functools import partial
from typing import TYPE_CHECKING, TypeAlias, TypeVar

import pyarrow.lib as pa

from sakimori.logs.fields import Event
from sakimori.logs.read_file import BadLine, reading_blocks
from sakimori.logs.unpack import UnpackedFile

if TYPE_CHECKING:
    from sakimori.logs.models import LogFile  # Whoever only reads files needs no database.

File = TypeVar("File")
Read: TypeAlias = pa.Table | tuple[int, Event | BadLine]
OnBytes: TypeAlias = Callable[[int], None]


class Reading:
    """A file that is being read. As a context it gives what `tables_and_events` gives, and whatever went wrong when the
    file was opened is raised there: that is the matter of whoever stores it.
    """

    def __init__(self, open_file: Callable[[], UnpackedFile], on_bytes: OnBytes | None = None) -> None:
        """on_bytes: is told by whoever stores the file how many of its bytes have been read, when it is more."""
        self._opened = ExitStack()
        self._error: Exception | None = None
        try:
            unpacked = self._opened.enter_context(open_file())
            read = self._opened.enter_context(reading_blocks(unpacked))
            self._read = _told(read, unpacked, on_bytes) if on_bytes else read
        except Exception as error:  # noqa: BLE001 - raised where it is stored
            self._error = error

    def __enter__(self) -> Iterator[Read]:
        if self._error is not None:
            raise self._error
        return self._read

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Read no further. May be called twice."""
        self._opened.close()


class Position:
    """How far the large file has been read that is being stored. For several threads."""

    def __init__(self) -> None:
        self._latest = (0, 0)

    def note(self, file: "LogFile", read_bytes: int) -> None:
        """The file that is stored now, and how many of its bytes have been read."""
        self._latest = (file.pk, read_bytes)

    def of(self, file_id: int) -> int:
        """How many bytes of a file have been read; 0 if another one is being stored."""
        latest, read_bytes = self._latest
        return read_bytes if latest == file_id else 0


def _told(read: Iterator[Read], unpacked: UnpackedFile, on_bytes: OnBytes) -> Iterator[Read]:
    told = 0
    for item in read:
        if unpacked.delivered_bytes > told:
            told = unpacked.delivered_bytes
            on_bytes(told)
        yield item


def one_ahead(
    files: Iterable[File],
    open_file: Callable[[File], UnpackedFile],
    on_bytes: Callable[[File, int], None] | None = None,
) -> Generator[tuple[File, Reading]]:
    """Give each file with its reading, for the caller to close, when that of the one behind it has begun.

    To break off, close the generator.
    """
    waiting: tuple[File, Reading] | None = None
    try:
        for file in files:
            told = partial(on_bytes, file) if on_bytes else None
            current, waiting = waiting, (file, Reading(partial(open_file, file), told))
            if current is not None:
                yield current
        if waiting is not None:
            current, waiting = waiting, None
            yield current
    finally:
        if waiting is not None:
            waiting[1].close()
