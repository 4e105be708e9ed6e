"""From the bytes of a syslog connection to lines: framing (RFC 5425, or a newline) and what precedes the message.

A frame that begins with a number is counted, any other ends with a newline. Nobody can make us hold more than one
frame of the longest length.
"""

import re
from collections.abc import Iterator

_COUNT = re.compile(rb"([1-9][0-9]{0,8}) ")
_COUNT_BEGUN = re.compile(rb"[1-9][0-9]{0,8}\Z")
_PRIORITY = re.compile(rb"<[0-9]{1,3}>")
# RFC 5424: version, moment, host, program, process, message id, structured data.
_NEW = re.compile(
    rb"1 (?:\S{1,300} ){5}(?:-|(?:\[(?:[^\]\\\"]|\\.|\"(?:[^\"\\]|\\.)*+\")*+\])++)(?: (?:\xef\xbb\xbf)?|\Z)", re.DOTALL
)
# RFC 3164: moment, host; and then a program that is the vendor's own, or followed by a colon and a space.
_OLD = re.compile(
    rb"(?:[A-Z][a-z]{2} [ 0-9][0-9] [0-9]{2}:[0-9]{2}:[0-9]{2}|[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:.]{8,15}\S{1,6})"
    rb" \S{1,255} (?:cwaf |[\w./-]{1,48}(?:\[[0-9]{1,10}\])?: )?"
)
_BREAKS = bytes.maketrans(b"\r\n", b"  ")


class Frames:
    """One connection's bytes, cut into messages. `lost_lines`, `lost_bytes`: of messages that were too long."""

    def __init__(self, *, max_bytes: int) -> None:
        self.lost_lines = self.lost_bytes = 0
        self._max_bytes = max_bytes
        self._buffer = bytearray()
        self._octets_to_skip = 0
        self._skips_line = False

    @property
    def pending_bytes(self) -> int:
        """How much of a message has come whose end has not."""
        return len(self._buffer)

    @property
    def is_inside(self) -> bool:
        """Whether a message has begun and not ended."""
        return bool(self._buffer) or self._octets_to_skip > 0 or self._skips_line

    def feed(self, data: bytes) -> Iterator[bytes]:
        """Add what came, and give the messages that are whole now. Run through it to the end."""
        self._buffer += data
        position = 0
        while position < len(self._buffer):
            step = self._skipped(position) or self._counted(position) or self._line(position)
            if step is None:
                break
            message, position = step
            if message:
                yield message
        del self._buffer[:position]

    def _skipped(self, start: int) -> tuple[bytes, int] | None:
        if self._octets_to_skip:
            length = min(self._octets_to_skip, len(self._buffer) - start)
            self._octets_to_skip -= length
            return b"", start + length
        if self._skips_line:
            end = self._buffer.find(b"\n", start)
            self._skips_line = end < 0
            stop = len(self._buffer) if end < 0 else end + 1
            self.lost_bytes += stop - start
            return b"", stop
        return None

    def _counted(self, start: int) -> tuple[bytes, int] | None:
        found = _COUNT.match(self._buffer, start)
        if found is None:
            return None
        length, begin = int(found[1]), found.end()
        if length > self._max_bytes:
            self.lost_lines += 1
            self.lost_bytes += length
            self._octets_to_skip = length
            return b"", begin
        if len(self._buffer) - begin < length:
            return None
        return bytes(self._buffer[begin : begin + length]), begin + length

    def _line(self, start: int) -> tuple[bytes, int] | None:
        if _COUNT.match(self._buffer, start) or _COUNT_BEGUN.match(self._buffer, start):
            return None  # The rest of a counted message is still to come.
        end = self._buffer.find(b"\n", start)
        length = (len(self._buffer) if end < 0 else end) - start
        if length > self._max_bytes:
            self.lost_lines += 1
            self._skips_line = True
            return b"", start
        return None if end < 0 else (bytes(self._buffer[start:end]), end + 1)


def log_line(message: bytes) -> bytes:
    """The vendor's line in a message, in one line: without priority, moment, host and program."""
    begin = 0
    if priority := _PRIORITY.match(message):
        begin = priority.end()
        header = _NEW.match(message, begin) or _OLD.match(message, begin)
        begin = header.end() if header else begin
    return message[begin:].translate(_BREAKS).strip(b" \0")
