"""From events to Arrow tables of bounded size, column by column."""

import socket
from collections.abc import Iterable, Iterator

import pyarrow.lib as pa

from sakimori.logs.fields import FIELDS, Event, Kind

_MAX_ROWS = 20_000
# 20,000 lines of the longest kind would be 5 GiB.
_MAX_LINE_CHARACTERS = 32 * 1024 * 1024
_MAPPED_PREFIX = bytes(10) + b"\xff\xff"
_TYPES = {
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

Row = tuple[int, Event]


def blocks(rows: Iterable[Row]) -> Iterator[list[Row]]:
    """Cut rows into lists that fit into memory, in order."""
    block: list[Row] = []
    characters = 0
    for row in rows:
        block.append(row)
        characters += len(row[1].line)
        if len(block) >= _MAX_ROWS or characters >= _MAX_LINE_CHARACTERS:
            yield block
            block, characters = [], 0
    if block:
        yield block


def as_table(block: list[Row], *, contract_id: int, file_id: int) -> pa.Table:
    """Turn a block into one Arrow table with the columns of the store."""
    columns = {
        "contract_id": pa.array([contract_id] * len(block), pa.uint32()),
        "file_id": pa.array([file_id] * len(block), pa.uint64()),
        "line_no": pa.array([line_no for line_no, _ in block], pa.uint32()),
    }
    by_column = zip(*(event for _, event in block), strict=True)
    for field, values in zip(FIELDS, by_column, strict=True):
        columns[field.name] = _array(field.kind, values)
    return pa.table(columns)


def _array(kind: Kind, values: tuple[object, ...]) -> pa.Array:
    if kind is Kind.ADDRESS:
        return pa.array([packed_address(text) if isinstance(text, str) else None for text in values], _TYPES[kind])
    if kind is Kind.MAP:
        return pa.array([list(texts.items()) if isinstance(texts, dict) else [] for texts in values], _TYPES[kind])
    return pa.array(values, _TYPES[kind])


def packed_address(text: str) -> bytes:
    """Give the 16 bytes of an address; IPv4 becomes the mapped IPv6 address."""
    if ":" in text:
        return socket.inet_pton(socket.AF_INET6, text)
    return _MAPPED_PREFIX + socket.inet_pton(socket.AF_INET, text)
