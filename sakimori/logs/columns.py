"""The columns of `fields.py` as Arrow columns: what many events at once look like.

A table of events has a column `line_no` (the line's number in its file), `frame` (see `original.py`; "" where `line`
holds the whole line) and one for each of `FIELDS`, in that order.
"""

import socket

import pyarrow.lib as pa

from sakimori.logs.fields import FIELDS, Kind

ARROW_TYPES: dict[Kind, pa.DataType] = {
    Kind.TEXT: pa.string(),
    Kind.WORD: pa.string(),
    Kind.JSON: pa.string(),
    Kind.INT: pa.int64(),
    Kind.PORT: pa.uint16(),
    Kind.FLOAT: pa.float64(),
    Kind.TIME: pa.timestamp("ms", tz="UTC"),
    Kind.ADDRESS: pa.binary(16),
    Kind.LIST: pa.list_(pa.string()),
    Kind.MAP: pa.map_(pa.string(), pa.string()),
}
EVENT_TABLE = pa.schema(
    [("line_no", pa.uint32()), ("frame", pa.string()), *((field.name, ARROW_TYPES[field.kind]) for field in FIELDS)],
)

MAPPED_PREFIX = bytes(10) + b"\xff\xff"


def packed_address(text: str) -> bytes:
    """Give the 16 bytes of an address; IPv4 becomes the mapped IPv6 address."""
    if ":" in text:
        return socket.inet_pton(socket.AF_INET6, text)
    return MAPPED_PREFIX + socket.inet_pton(socket.AF_INET, text)
