"""Put tables of rows into a table of the store, all at once or not at all.

They go as one stream, in which each may have dictionaries of its own: to join them first would cost as much again.
The driver hands rows to the embedded engine through a temporary file on the disk, which costs more than all the rest of
storing them. Here that file lies in memory, where the system has such files (Linux); elsewhere the driver does it.
"""

import os
from collections.abc import Iterator, Sequence
from pathlib import Path

import pyarrow.lib as pa
from clickhouse_connect.driver.client import Client

from sakimori.logs.store.native import Piece, native_block

# A hostile or very late file may spread over many days; that must make it slow, not impossible to store.
_SETTINGS = {"max_partitions_per_insert_block": 0}
_FORMAT = "Native"
_FROM_FILE = "INSERT INTO {table} ({columns}) FROM INFILE '{path}' SETTINGS {settings} FORMAT {format}"


def insert(client: Client, table: str, rows: Sequence[pa.Table], *, is_embedded: bool) -> None:
    """Insert rows; all tables have the same columns and at least one row. Raises the driver's errors."""
    if is_embedded and hasattr(os, "memfd_create"):
        _through_memory(client, table, rows)
        return
    block = b"".join(_stream(rows))
    client.raw_insert(table, rows[0].schema.names, block, settings=_SETTINGS, fmt=_FORMAT)


def _through_memory(client: Client, table: str, rows: Sequence[pa.Table]) -> None:
    descriptor = os.memfd_create("sakimori-rows")
    try:
        path = f"/proc/self/fd/{descriptor}"
        with Path(path).open("wb") as sink:
            sink.writelines(_stream(rows))
        settings = ", ".join(f"{name} = {value}" for name, value in _SETTINGS.items())
        columns = ", ".join(rows[0].schema.names)
        client.command(_FROM_FILE.format(table=table, columns=columns, path=path, settings=settings, format=_FORMAT))
    finally:
        os.close(descriptor)


def _stream(rows: Sequence[pa.Table]) -> Iterator[Piece]:
    for table in rows:
        yield from native_block(table)
