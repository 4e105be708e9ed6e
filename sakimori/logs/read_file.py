"""From a file to numbered events and bad lines: what ingestion and `sakimori logs parse` both read."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

from sakimori.logs.fields import Event
from sakimori.logs.formats.detect import LineParser
from sakimori.logs.formats.unreadable import MAX_LINE_BYTES, Reason, UnreadableLine
from sakimori.logs.unpack import Limits, UnpackedFile, read_log_file


@dataclass(frozen=True, slots=True)
class BadLine:
    """A line that is no event: its number in the file (from 1), why, and its bytes (the beginning, if too long)."""

    line_no: int
    reason: Reason
    raw: bytes


def numbered_events(
    file: UnpackedFile, *, max_line_bytes: int = MAX_LINE_BYTES
) -> Iterator[tuple[int, Event | BadLine]]:
    """Give every line that is meant to be an event, with its number. Blank lines and `#` directives are none.

    The lines are provisional until the end (see `UnpackedFile`), which is where `UnreadableFile` may come.
    """
    parser = LineParser(
        file_format=file.header.format, w3c_fields=file.header.w3c_fields, max_line_bytes=max_line_bytes
    )
    for line_no, line in enumerate(file, start=1):
        if parser.is_no_event(line):
            continue
        try:
            yield line_no, parser.parse(line)
        except UnreadableLine as error:
            yield line_no, BadLine(line_no, error.reason, bytes(line))


def read_events(path: Path, *, private_keys: Mapping[int, RSAPrivateKey]) -> Iterator[Event | BadLine]:
    """Read a vendor's log file, or bare lines in any format. Raises `UnreadableFile`, at the end at the latest."""
    with read_log_file(path, private_keys=private_keys, limits=Limits()) as file:
        for _, event in numbered_events(file):
            yield event
