"""How much a file may cost us."""

from dataclasses import dataclass

_MIB = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds for one file.

    max_bytes: content after decompression.
    max_ratio: content per delivered byte, looked at only beyond `free_bytes`. Deflate itself cannot exceed 1032:1.
        A real line of 1.2 kB holds at least ten bytes that no other line holds (ids, times), so real files stay
        below 150:1 even in a monotonous flood; a bomb stops at `free_bytes`.
    max_line_bytes: what is kept of one line.
    max_bad_lines: lines that are no events. Each is read the careful way, and the shortest cost the sender two bytes
        before compression. The largest file of real lines (1.8 million) stays below with one bad line in twenty; what
        has more of them is hardly a log, and lies in the spool as a whole.
    """

    max_bytes: int = 2048 * _MIB
    max_ratio: int = 400
    free_bytes: int = 64 * _MIB
    max_line_bytes: int = 256 * 1024
    max_bad_lines: int = 100_000

    def are_exceeded(self, *, content_bytes: int, delivered_bytes: int) -> bool:
        """Say whether reading must stop."""
        if content_bytes > self.max_bytes:
            return True
        return content_bytes > self.free_bytes and content_bytes > self.max_ratio * delivered_bytes
