"""From a file to numbered events and bad lines: one by one, or as far as possible in tables of many.

Both ways give the same rows and bad lines. Reading in tables takes two threads ahead of the caller, which is who stores
them: inflating, reading and storing mostly happen outside of Python's lock (see `read_ahead.py` too). For a small file
they would cost more than they bring.
"""

from collections.abc import Generator, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pyarrow.lib as pa
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

from sakimori.lib.ahead import ahead
from sakimori.logs.columns import EVENT_TABLE
from sakimori.logs.fields import Event
from sakimori.logs.formats.detect import LineParser
from sakimori.logs.formats.unreadable import MAX_LINE_BYTES, Reason, UnreadableLine
from sakimori.logs.unpack import CutLine, FileReason, Limits, UnpackedFile, UnreadableFile, read_log_file

# What is read while the store is busy: about as much as it takes at once.
_MOST_BYTES_AHEAD = 32 << 20
_EMPTY_PER_BAD_LINE = 20  # Lines that are not even meant to be events cost only time: one for each of the largest file.
_BYTES_OF_EVENT = 16 << 10  # Rather too much than too little.


@dataclass(frozen=True, slots=True)
class BadLine:
    """A line that is no event: its number in the file (from 1), why, and its bytes (the beginning, if too long)."""

    line_no: int
    reason: Reason
    raw: bytes


_NO_EVENTS = EVENT_TABLE.empty_table()
_Read = tuple[pa.Table, list[tuple[int, Event | BadLine]]]


def numbered_events(
    file: UnpackedFile, *, max_line_bytes: int = MAX_LINE_BYTES
) -> Iterator[tuple[int, Event | BadLine]]:
    """Give every line that is meant to be an event, with its number. Blank lines and `#` directives are none.

    The lines are provisional until the end (see `UnpackedFile`), which is where `UnreadableFile` may come.
    """
    lines = _Lines(file, max_line_bytes)
    for line_no, line in enumerate(file, start=1):
        yield from lines.read(line_no, line)


def tables_and_events(
    file: UnpackedFile, *, max_line_bytes: int = MAX_LINE_BYTES, with_threads: bool = True
) -> Generator[pa.Table | tuple[int, Event | BadLine]]:
    """Give the same in tables of many events (see `columns.py`); what is left of a block follows its table.

    To break off, close the generator.
    """
    if with_threads:
        with reading_blocks(file, max_line_bytes=max_line_bytes) as read:
            yield from read
    else:
        yield from _one_by_one(_read_blocks(file.blocks(), _Lines(file, max_line_bytes), max_line_bytes))


@contextmanager
def reading_blocks(
    file: UnpackedFile, *, max_line_bytes: int = MAX_LINE_BYTES
) -> Generator[Iterator[pa.Table | tuple[int, Event | BadLine]]]:
    """Read the file in threads from now on, as far ahead as may lie in memory, and give the tables and events."""
    lines = _Lines(file, max_line_bytes)
    with (
        ahead(file.blocks()) as blocks,
        ahead(_read_blocks(blocks, lines, max_line_bytes), most=_MOST_BYTES_AHEAD, weight=_weight) as read,
    ):
        yield _one_by_one(read)


def _one_by_one(read: Iterable[_Read]) -> Iterator[pa.Table | tuple[int, Event | BadLine]]:
    for table, lines in read:
        if table.num_rows:
            yield table
        yield from lines


def _weight(read: _Read) -> int:
    table, lines = read
    return int(table.nbytes) + len(lines) * _BYTES_OF_EVENT


def _read_blocks(blocks: Iterable[bytes | CutLine], lines: "_Lines", max_line_bytes: int) -> Iterator[_Read]:
    """Read odd lines here too: in a thread of their own they would keep Python's lock from the reading of blocks."""
    # Compiled code, which takes its time to load: only whoever reads log files waits for it.
    from sakimori.logs.formats.bulk import TableReader  # noqa: PLC0415

    reader = TableReader()
    for content in blocks:
        odd: list[tuple[int, Event | BadLine]] = []
        try:
            for line in reader.read(content, max_line_bytes=max_line_bytes):
                odd.extend(lines.read(*line))
        except UnreadableFile:
            yield _NO_EVENTS, odd
            raise
        yield reader.take() if reader.is_full else _NO_EVENTS, odd
    yield reader.take(), []


class _Lines:
    """The careful way, line by line, for no more bad lines than a file may have."""

    def __init__(self, file: UnpackedFile, max_line_bytes: int) -> None:
        header = file.header
        self._parser = LineParser(
            file_format=header.format, w3c_fields=header.w3c_fields, max_line_bytes=max_line_bytes
        )
        self._bad_lines_left = file.max_bad_lines
        self._empty_lines_left = _EMPTY_PER_BAD_LINE * file.max_bad_lines

    def read(self, line_no: int, line: bytes) -> Iterator[tuple[int, Event | BadLine]]:
        """Give what the line is: nothing, an event, or a bad line. Raises `UnreadableFile` at one too many."""
        if self._parser.is_no_event(line):
            self._empty_lines_left -= 1
            if self._empty_lines_left < 0:
                raise UnreadableFile(FileReason.TOO_MANY_BAD_LINES)
            return
        try:
            yield line_no, self._parser.parse(line)
        except UnreadableLine as error:
            if not self._bad_lines_left:
                raise UnreadableFile(FileReason.TOO_MANY_BAD_LINES) from None
            self._bad_lines_left -= 1
            yield line_no, BadLine(line_no, error.reason, bytes(line))


def read_events(path: Path, *, private_keys: Mapping[int, RSAPrivateKey]) -> Iterator[Event | BadLine]:
    """Read a vendor's log file, or bare lines in any format. Raises `UnreadableFile`, at the end at the latest."""
    with read_log_file(path, private_keys=private_keys, limits=Limits()) as file:
        for _, event in numbered_events(file):
            yield event
