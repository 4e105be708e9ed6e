"""The events of a stored file once more: from the file as it was received, or from the lines that the store keeps.

A line that the store gives back is letter by letter the one that came, and every format but W3C shows by itself how a
line is to be read; so reading it again is sound. What the store does not have (lines in quarantine, access lines that
were not kept) is not read, and stays what it was.
"""

from collections.abc import Generator, Iterable, Iterator
from contextlib import closing
from datetime import date
from enum import StrEnum
from itertools import pairwise

import pyarrow.compute as pc
import pyarrow.lib as pa
import structlog

from sakimori.lib.crypto import CannotOpen
from sakimori.lib.jst import day_of
from sakimori.logs.access_lines import is_access_line, without_access_lines
from sakimori.logs.fields import FIELDS, Event
from sakimori.logs.formats.detect import LineParser, LogFormat, format_of
from sakimori.logs.formats.unreadable import MAX_LINE_BYTES, UnreadableLine
from sakimori.logs.ingest import open_spooled
from sakimori.logs.models import LogFile
from sakimori.logs.original import original_line
from sakimori.logs.read_ahead import Read
from sakimori.logs.read_file import tables_and_events
from sakimori.logs.spool import Spool
from sakimori.logs.store.blocks import blocks
from sakimori.logs.store.interface import LogStore, Row, StoreError
from sakimori.logs.unpack import UnreadableFile

_log = structlog.get_logger()
_LINES_AT_ONCE = 1000  # They may all be as long as a line may be.
_LAST = 2**32 - 1
_BEGINNING = date(1970, 1, 1)
_OF_FILE = "contract_id = {contract_id:UInt32} AND file_id = {file_id:UInt64} AND day >= {oldest:Date}"
_ENDS = f"""
SELECT line_no FROM (SELECT line_no, row_number() OVER (ORDER BY line_no) AS place FROM events WHERE {_OF_FILE})
WHERE place % {_LINES_AT_ONCE} = 0 ORDER BY line_no
"""  # noqa: S608 - parts of this file
_LINES = f"""
SELECT line_no, frame, {", ".join(field.name for field in FIELDS)} FROM events
WHERE {_OF_FILE} AND line_no > {{above:UInt32}} AND line_no <= {{until:UInt32}} ORDER BY line_no
"""  # noqa: S608 - likewise


class LeftAlone(StrEnum):
    """Why the rows of a file stay as they are."""

    NO_FILE = "w3c"  # The order of its columns stood in the received file, which is gone.
    UNREADABLE = "unreadable"
    OTHER_LINES = "other_lines"


class CannotReread(Exception):
    """The file cannot be read again."""

    def __init__(self, reason: LeftAlone) -> None:
        super().__init__(reason.value)
        self.reason = reason


def read_again(file: LogFile, *, store: LogStore, spool: Spool) -> Iterator[pa.Table]:
    """The events of a file that are to be rows, in tables that fit into memory. Raises StoreError, and CannotReread, at
    the end at the latest; then nothing of it counts. One odd file must never hold up the others.
    """
    try:
        with closing(_read(file, store, spool)) as read:
            for tables in blocks(_kept(read, keeps_access_lines=file.keeps_access_lines is not False)):
                yield from tables
    except (CannotReread, StoreError):
        raise
    except Exception as error:
        _log.warning("reparse.unreadable", file=file.pk, error=f"{type(error).__name__}: {error}"[:300])
        raise CannotReread(LeftAlone.UNREADABLE) from error


def _read(file: LogFile, store: LogStore, spool: Spool) -> Generator[Read]:
    """What was received, if it is there and can be opened."""
    try:
        unpacked = open_spooled(file, spool)
    except (UnreadableFile, CannotOpen, FileNotFoundError):
        yield from _from_store(file, store)
        return
    with unpacked, closing(tables_and_events(unpacked)) as read:
        yield from read


def _kept(read: Iterable[Read], *, keeps_access_lines: bool) -> Iterator[Row | pa.Table]:
    for item in read:
        if isinstance(item, pa.Table):
            yield item if keeps_access_lines else without_access_lines(item)
        elif isinstance(item[1], Event) and (keeps_access_lines or not is_access_line(item[1])):
            yield item[0], item[1]


def _from_store(file: LogFile, store: LogStore) -> Generator[Read]:
    """Page by page, by the lines' numbers."""
    oldest = day_of(file.first_at) if file.first_at else _BEGINNING
    of_file = {"contract_id": file.contract_id, "file_id": file.pk, "oldest": oldest}
    ends = [row["line_no"] for row in store.query(_ENDS, of_file)] if file.rows > _LINES_AT_ONCE else []
    for above, until in pairwise([0, *ends, _LAST]):
        rows = store.query(_LINES, {**of_file, "above": above, "until": until})
        if rows:
            yield from _parsed([row["line_no"] for row in rows], [original_line(row).encode() for row in rows])


def _parsed(numbers: list[int], lines: list[bytes]) -> Iterator[pa.Table | Row]:
    # Compiled code, which takes its time to load.
    from sakimori.logs.formats.bulk import TableReader  # noqa: PLC0415

    reader, parser = TableReader(), LineParser()
    for place, line in list(reader.read(b"\n".join(lines), max_line_bytes=MAX_LINE_BYTES)):
        if format_of(line) in (None, LogFormat.W3C):
            raise CannotReread(LeftAlone.NO_FILE)
        try:
            yield numbers[place - 1], parser.parse(line)
        except UnreadableLine as error:
            raise CannotReread(LeftAlone.UNREADABLE) from error
    table = reader.take()
    places = pa.array(numbers, pa.uint32()).take(pc.subtract(table["line_no"].combine_chunks(), 1))
    yield table.set_column(table.schema.get_field_index("line_no"), "line_no", places)
