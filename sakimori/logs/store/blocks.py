"""From events and tables of events to Arrow tables of bounded size, with the columns of the store."""

from collections.abc import Iterable, Iterator

import pyarrow.lib as pa

from sakimori.logs.columns import ARROW_TYPES, EVENT_TABLE, REPEATED, packed_address
from sakimori.logs.fields import FIELDS, Field, Kind
from sakimori.logs.store.interface import Row

# Each block becomes a part per day that has to be merged later; a larger one takes more memory, several times over.
_MAX_ROWS = 100_000
# Events one by one take many times the memory of a table.
_MAX_EVENTS = 20_000
_MAX_BYTES = 32 * 1024 * 1024


def blocks(rows: Iterable[Row | pa.Table]) -> Iterator[list[pa.Table]]:
    """Put rows together into blocks that fit into memory, each of several tables. Nothing is copied."""
    events: list[Row] = []
    tables: list[pa.Table] = []
    count = size = 0
    for item in rows:
        if isinstance(item, pa.Table):
            if item.num_rows:
                tables.append(item)
            count += item.num_rows
            size += item.nbytes
        else:
            events.append(item)
            count += 1
            size += len(item[1].line)
        if count >= _MAX_ROWS or len(events) >= _MAX_EVENTS or size >= _MAX_BYTES:
            block, events, tables, count, size = _with_events(tables, events), [], [], 0, 0
            yield block
            del block  # Or it would take its memory while the next one is put together.
    if count:
        yield _with_events(tables, events)


def _with_events(tables: list[pa.Table], events: list[Row]) -> list[pa.Table]:
    return [*tables, event_table(events)] if events else tables


def as_one_table(rows: Iterable[Row | pa.Table]) -> pa.Table:
    """Put few rows together into one table."""
    items = list(rows)
    tables = [item for item in items if isinstance(item, pa.Table)]
    events = [item for item in items if not isinstance(item, pa.Table)]
    if events:
        tables.append(event_table(events))
    return pa.concat_tables(tables) if tables else EVENT_TABLE.empty_table()


def with_owner(table: pa.Table, *, contract_id: int, file_id: int) -> pa.Table:
    """Put the columns in front that say whose rows these are."""
    owner = (
        pa.repeat(pa.scalar(file_id, pa.uint64()), len(table)),
        pa.repeat(pa.scalar(contract_id, pa.uint32()), len(table)),
    )
    return table.add_column(0, "file_id", owner[0]).add_column(0, "contract_id", owner[1])


def event_table(rows: list[Row]) -> pa.Table:
    """Turn events into a table of events."""
    by_column = zip(*(event for _, event in rows), strict=True)
    arrays = [_array(field, values) for field, values in zip(FIELDS, by_column, strict=True)]
    own = pa.array([line_no for line_no, _ in rows], pa.uint32()), pa.repeat("", len(rows)).dictionary_encode()
    return pa.Table.from_arrays([*own, *arrays], schema=EVENT_TABLE)


def _array(field: Field, values: tuple[object, ...]) -> pa.Array:
    kind = field.kind
    if field.name in REPEATED:
        return pa.array(values, pa.string()).dictionary_encode()
    if kind is Kind.ADDRESS:
        return pa.array([packed_address(text) if isinstance(text, str) else None for text in values], ARROW_TYPES[kind])
    if kind is Kind.MAP:
        return pa.array([list(texts.items()) if isinstance(texts, dict) else [] for texts in values], ARROW_TYPES[kind])
    return pa.array(values, ARROW_TYPES[kind])
