"""From blocks of bytes to lines, in memory bounded by the longest line that is kept."""

from collections.abc import Iterable, Iterator


class CutLine(bytes):
    """The beginning of a line that is longer than may be kept. It is one byte longer than the limit, so that
    a parser with the same limit refuses it as too long."""

    __slots__ = ()


def split_lines(blocks: Iterable[bytes], *, max_line_bytes: int) -> Iterator[bytes]:
    """Give the lines without LF or CR LF. A last line without LF is a line; nothing after the last LF is none."""
    rest, skipping = b"", False
    for block in blocks:
        if skipping:
            _, found, block = block.partition(b"\n")  # noqa: PLW2901  The rest of the block is the block.
            if not found:
                continue
            skipping = False
        *lines, rest = (rest + block if rest else block).split(b"\n")
        for line in lines:
            yield _bounded(line, max_line_bytes)
        if len(rest) > max_line_bytes + 1:
            yield CutLine(rest[: max_line_bytes + 1])
            rest, skipping = b"", True
    if rest:
        yield _bounded(rest, max_line_bytes)


def _bounded(line: bytes, max_line_bytes: int) -> bytes:
    line = line.removesuffix(b"\r")
    return line if len(line) <= max_line_bytes else CutLine(line[: max_line_bytes + 1])
