"""From blocks of bytes to lines, in memory bounded by the longest line that is kept."""

from collections.abc import Iterable, Iterator

# Reading a block costs something, whatever is in it: below two MiB that tells.
BLOCK_BYTES = 4 * 1024 * 1024


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


def whole_lines(
    blocks: Iterable[bytes], *, max_line_bytes: int, block_bytes: int | None = None
) -> Iterator[bytes | CutLine]:
    """Give the same lines in blocks: of several whole lines with their line ends, or one line that is cut.

    Lines within a block may be longer than the limit, but no block is longer than `block_bytes` and one block more.
    """
    block_bytes = max(block_bytes or BLOCK_BYTES, max_line_bytes + 2)
    waiting, length, skipping = [b""], 0, False
    for block in blocks:
        if skipping:
            _, found, block = block.partition(b"\n")  # noqa: PLW2901
            if not found:
                continue
            skipping = False
        waiting.append(block)
        length += len(block)
        if length < block_bytes:
            continue
        if end := block.rfind(b"\n") + 1:
            waiting[-1], rest = block[:end], block[end:]
            yield b"".join(waiting)
        else:
            content, rest = b"".join(waiting), b""
            if end := content.rfind(b"\n") + 1:
                yield content[:end]
                rest = content[end:]
            else:
                yield CutLine(content[: max_line_bytes + 1])
                skipping = True
        waiting, length = [rest], len(rest)
    if rest := b"".join(waiting):
        yield rest


def _bounded(line: bytes, max_line_bytes: int) -> bytes:
    line = line.removesuffix(b"\r")
    return line if len(line) <= max_line_bytes else CutLine(line[: max_line_bytes + 1])
