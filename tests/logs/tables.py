"""Tables of the lines that are read in blocks."""

import pyarrow as pa

from sakimori.logs.formats.bulk import TableReader


def table_of(content: bytes, *, max_line_bytes: int = 100_000) -> pa.Table:
    """The regular lines of a block."""
    reader = TableReader()
    list(reader.read(content, max_line_bytes=max_line_bytes))
    return reader.take()
