"""The columns of `fields.py` as Arrow columns: what many events at once look like.

A table of events has a column `line_no` (the line's number in its file), `frame` (see `original.py`; "" where `line`
holds the whole line) and one for each of `FIELDS`, in that order. Texts that come again and again are dictionaries: on
their way to the store they are copied once, not row by row.
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
TEXT_KINDS = frozenset({Kind.TEXT, Kind.WORD, Kind.JSON})
DICTIONARY = pa.dictionary(pa.int32(), pa.string())
# Texts that are hardly ever twice the same.
_UNIQUE = frozenset({"request_id", "session_id", "post_body", "line"})
REPEATED = (
    "frame",
    *(field.name for field in FIELDS if field.kind in TEXT_KINDS - {Kind.JSON} and field.name not in _UNIQUE),
)
EVENT_TABLE = pa.schema(
    [
        ("line_no", pa.uint32()),
        ("frame", DICTIONARY),
        *((field.name, DICTIONARY if field.name in REPEATED else ARROW_TYPES[field.kind]) for field in FIELDS),
    ],
)

MAPPED_PREFIX = bytes(10) + b"\xff\xff"


def packed_address(text: str) -> bytes:
    """Give the 16 bytes of an address; IPv4 becomes the mapped IPv6 address."""
    if ":" in text:
        return socket.inet_pton(socket.AF_INET6, text)
    return MAPPED_PREFIX + socket.inet_pton(socket.AF_INET, text)
