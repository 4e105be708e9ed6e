"""What W3C lines need of the lines before them: the order of the fields, which a connection tells once.

The lines of a connection become many files, and each must be readable by itself. So a later file begins with the head
that came before, as it came, under a `#Remark` that says so: the format's own line for a comment. Lines with a `#` are
no events, so they count neither as lines nor as rows; being in the file they are under its hash, as everything in it.
Another connection has not told its order, so nothing is guessed for it.
"""

import re

_VERSION = re.compile(rb"\s*#\s*version\s*:", re.IGNORECASE)
_FIELDS = re.compile(rb"\s*#\s*fields\s*:", re.IGNORECASE)
_BOM = b"\xef\xbb\xbf"
# 500 fields, more than are read, of forty letters. What is longer would cost far more than the lines behind it.
LONGEST_BYTES = 20_000
_REMARK = b"#Remark: Sakimori repeats here the %d line(s) below, which came earlier through the same connection\n"


class CarriedHead:
    """The newest `#Version` and `#Fields` of one connection."""

    def __init__(self) -> None:
        self._version = self._fields = b""

    def note(self, line: bytes) -> None:
        """Take note of a line that has come, in its order."""
        if line[:1] not in (b"#", _BOM[:1]):
            return
        line = line.removeprefix(_BOM)
        kept = line if len(line) <= LONGEST_BYTES else b""
        if _FIELDS.match(line):
            self._fields = kept
        elif _VERSION.match(line):
            self._version = kept

    def lines(self) -> bytes:
        """What a file begins with, each line with its end; empty while no order has come, or one too long to carry."""
        if not self._fields:
            return b""
        carried = [line + b"\n" for line in (self._version, self._fields) if line]
        return _REMARK % len(carried) + b"".join(carried)
