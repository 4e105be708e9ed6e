"""Large files are read while those before them are stored: neither alone keeps two processors busy.

What is read ahead lies in memory, and there alone: the ledger and the store learn of it when the file's turn has come.
"""

from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import ExitStack
from functools import partial
from typing import TypeAlias, TypeVar

import pyarrow.lib as pa

from sakimori.lib.crypto import CannotOpen
from sakimori.logs.fields import Event
from sakimori.logs.read_file import BadLine, reading_blocks
from sakimori.logs.unpack import UnpackedFile, UnreadableFile

File = TypeVar("File")
Read: TypeAlias = pa.Table | tuple[int, Event | BadLine]


class Reading:
    """A file that is being read. As a context it gives what `tables_and_events` gives, and whatever went wrong when the
    file was opened is raised there: that is the matter of whoever stores it.
    """

    def __init__(self, open_file: Callable[[], UnpackedFile]) -> None:
        self._opened = ExitStack()
        self._error: Exception | None = None
        try:
            unpacked = self._opened.enter_context(open_file())
            self._read = self._opened.enter_context(reading_blocks(unpacked))
        except (UnreadableFile, OSError, CannotOpen) as error:
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


def one_ahead(files: Iterable[File], open_file: Callable[[File], UnpackedFile]) -> Generator[tuple[File, Reading]]:
    """Give each file with its reading, for the caller to close, when that of the one behind it has begun.

    To break off, close the generator.
    """
    waiting: tuple[File, Reading] | None = None
    try:
        for file in files:
            current, waiting = waiting, (file, Reading(partial(open_file, file)))
            if current is not None:
                yield current
        if waiting is not None:
            current, waiting = waiting, None
            yield current
    finally:
        if waiting is not None:
            waiting[1].close()
