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
from sakimori.logs.fields import Event
from sakimori.logs.formats.detect import LineParser
from sakimori.logs.formats.unreadable import MAX_LINE_BYTES, Reason, UnreadableLine
from sakimori.logs.unpack import CutLine, Limits, UnpackedFile, read_log_file

# What is read while the store is busy: about as much as it takes at once.
_MOST_BYTES_AHEAD = 32 << 20
_BYTES_OF_EVENT = 16 << 10  # Rather too much than too little.


@dataclass(frozen=True, slots=True)
class BadLine:
    """A line that is no event: its number in the file (from 1), why, and its bytes (the beginning, if too long)."""

    line_no: int
    reason: Reason
    raw: bytes


_Read = tuple[pa.Table, list[tuple[int, Event | BadLine]]]


def numbered_events(
    file: UnpackedFile, *, max_line_bytes: int = MAX_LINE_BYTES
) -> Iterator[tuple[int, Event | BadLine]]:
    """Give every line that is meant to be an event, with its number. Blank lines and `#` directives are none.

    The lines are provisional until the end (see `UnpackedFile`), which is where `UnreadableFile` may come.
    """
    parser = _parser(file, max_line_bytes)
    for line_no, line in enumerate(file, start=1):
        yield from _read_line(parser, line_no, line)


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
        yield from _one_by_one(_read_blocks(file.blocks(), _parser(file, max_line_bytes), max_line_bytes))


@contextmanager
def reading_blocks(
    file: UnpackedFile, *, max_line_bytes: int = MAX_LINE_BYTES
) -> Generator[Iterator[pa.Table | tuple[int, Event | BadLine]]]:
    """Read the file in threads from now on, as far ahead as may lie in memory, and give the tables and events."""
    parser = _parser(file, max_line_bytes)
    with (
        ahead(file.blocks()) as blocks,
        ahead(_read_blocks(blocks, parser, max_line_bytes), most=_MOST_BYTES_AHEAD, weight=_weight) as read,
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


def _read_blocks(blocks: Iterable[bytes | CutLine], parser: LineParser, max_line_bytes: int) -> Iterator[_Read]:
    """Read odd lines here too: in a thread of their own they would keep Python's lock from the reading of blocks."""
    # Compiled code, which takes its time to load: only whoever reads log files waits for it.
    from sakimori.logs.formats.bulk import read_block  # noqa: PLC0415

    line_no = 1
    for content in blocks:
        block = read_block(content, first_line_no=line_no, max_line_bytes=max_line_bytes)
        line_no += block.line_count
        yield block.table, [item for odd in block.odd for item in _read_line(parser, *odd)]


def _parser(file: UnpackedFile, max_line_bytes: int) -> LineParser:
    return LineParser(file_format=file.header.format, w3c_fields=file.header.w3c_fields, max_line_bytes=max_line_bytes)


def _read_line(parser: LineParser, line_no: int, line: bytes) -> Iterator[tuple[int, Event | BadLine]]:
    if parser.is_no_event(line):
        return
    try:
        yield line_no, parser.parse(line)
    except UnreadableLine as error:
        yield line_no, BadLine(line_no, error.reason, bytes(line))


def read_events(path: Path, *, private_keys: Mapping[int, RSAPrivateKey]) -> Iterator[Event | BadLine]:
    """Read a vendor's log file, or bare lines in any format. Raises `UnreadableFile`, at the end at the latest."""
    with read_log_file(path, private_keys=private_keys, limits=Limits()) as file:
        for _, event in numbered_events(file):
            yield event
