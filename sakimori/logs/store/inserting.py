"""Put a table of rows into a table of the store, all at once or not at all.

The driver hands rows to the embedded engine through a temporary file on the disk, which costs more than all the rest of
storing them. Here that file lies in memory, where the system has such files (Linux); elsewhere the driver does it.
"""

import os

import pyarrow.lib as pa
from clickhouse_connect.driver.client import Client
from pyarrow.ipc import new_file

# A hostile or very late file may spread over many days; that must make it slow, not impossible to store.
_SETTINGS = {"max_partitions_per_insert_block": 0}
_FROM_FILE = "INSERT INTO {table} ({columns}) FROM INFILE '{path}' SETTINGS {settings} FORMAT Arrow"


def insert(client: Client, table: str, rows: pa.Table, *, is_embedded: bool) -> None:
    """Insert rows. Raises the driver's errors."""
    if is_embedded and hasattr(os, "memfd_create"):
        _through_memory(client, table, rows)
    else:
        client.insert_arrow(table, rows, settings=_SETTINGS)


def _through_memory(client: Client, table: str, rows: pa.Table) -> None:
    descriptor = os.memfd_create("sakimori-rows")
    try:
        path = f"/proc/self/fd/{descriptor}"
        with pa.OSFile(path, "wb") as sink, new_file(sink, rows.schema) as writer:  # type: ignore[no-untyped-call]
            writer.write(rows)
        settings = ", ".join(f"{name} = {value}" for name, value in _SETTINGS.items())
        columns = ", ".join(rows.schema.names)
        client.command(_FROM_FILE.format(table=table, columns=columns, path=path, settings=settings))
    finally:
        os.close(descriptor)
