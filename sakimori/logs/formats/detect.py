"""Which format a line is in, and one parser for a whole file whose lines may differ."""

import re
from collections.abc import Sequence
from enum import StrEnum

from sakimori.logs.fields import Event
from sakimori.logs.formats.cef import parse_cef
from sakimori.logs.formats.given_time import BEFORE
from sakimori.logs.formats.json_lines import parse_json
from sakimori.logs.formats.json_places import WRAPPERS
from sakimori.logs.formats.leef import parse_leef
from sakimori.logs.formats.unreadable import MAX_LINE_BYTES, Reason, UnreadableLine, decode_line
from sakimori.logs.formats.w3c import W3cParser, field_names

_BOM = b"\xef\xbb\xbf"
# A sender may have put a syslog header in front. It holds no pipe; the vendor's header is full of them.
_MARK = re.compile(rb"[^|{]{0,200}?\b(CEF|LEEF):")
# A list that is never closed is what is left of a document that was cut off, see `unpack/documents.py`.
_JSON = re.compile(rb"(?:%s)?\s*(?:\{|\[\s*\Z)" % BEFORE)
_WRAPS_NOTHING = re.compile(rb'\s*\{\s*"(?:%s)"\s*:\s*\[\s*\]\s*\}\s*' % "|".join(WRAPPERS).encode())
_FIELDS = re.compile(rb"#\s*fields\s*:", re.IGNORECASE)


class LogFormat(StrEnum):
    """The formats, by the names that the header of a log file has for them."""

    CEF = "CEF"
    LEEF = "LEEF"
    W3C = "W3C"
    JSON = "JSON"


_BY_NAME = {known.value: known for known in LogFormat}


def format_named(name: str) -> LogFormat | None:
    """Give the format that a file's header names; None for an unknown name."""
    return _BY_NAME.get(name.strip().upper())


def format_of(line: bytes) -> LogFormat | None:
    """Say which format a line shows by itself. A W3C line shows nothing."""
    match = _MARK.match(line)
    if match:
        return LogFormat(match[1].decode())
    if _JSON.match(line):
        return LogFormat.JSON
    return LogFormat.W3C if _FIELDS.match(line) else None


class LineParser:
    """Reads the lines of one file in order. What a line shows by itself wins over what the file's header says.

    Not for several threads: a `#Fields:` line sets the order for the lines after it.
    """

    def __init__(
        self,
        *,
        file_format: LogFormat | None = None,
        w3c_fields: Sequence[str] = (),
        max_line_bytes: int = MAX_LINE_BYTES,
    ) -> None:
        self._file_format = file_format
        self._max_line_bytes = max_line_bytes
        self._w3c = W3cParser(tuple(w3c_fields), max_line_bytes)

    def is_no_event(self, line: bytes) -> bool:
        """Say whether a line is blank, a `#` directive or an object that wraps no events, and take note of a
        `#Fields:` order.
        """
        line = line.removeprefix(_BOM)
        if _FIELDS.match(line):
            try:
                names = field_names(decode_line(line, max_line_bytes=self._max_line_bytes))
            except UnreadableLine:
                return False
            self._w3c = W3cParser(names, self._max_line_bytes)
        return line[:1] == b"#" or not line.strip() or _WRAPS_NOTHING.fullmatch(line) is not None

    def parse(self, line: bytes) -> Event:
        """Read one line that is an event. Raises UnreadableLine and nothing else."""
        line = line.removeprefix(_BOM)
        shown = format_of(line)
        if shown is LogFormat.CEF:
            return parse_cef(line, max_line_bytes=self._max_line_bytes)
        if shown is LogFormat.LEEF:
            return parse_leef(line, max_line_bytes=self._max_line_bytes)
        if shown is LogFormat.JSON:
            return parse_json(line, max_line_bytes=self._max_line_bytes)
        if self._w3c.names or self._file_format is LogFormat.W3C:
            return self._w3c(line)
        decode_line(line, max_line_bytes=self._max_line_bytes)
        broken = self._file_format in (LogFormat.CEF, LogFormat.LEEF)
        raise UnreadableLine(Reason.NO_HEADER if broken else Reason.UNKNOWN_FORMAT)
