"""From events and tables of events to Arrow tables of bounded size, with the columns of the store."""

from collections.abc import Iterable, Iterator

import pyarrow.lib as pa

from sakimori.logs.columns import ARROW_TYPES, EVENT_TABLE, packed_address
from sakimori.logs.fields import FIELDS, Kind
from sakimori.logs.store.interface import Row

# Each block becomes a part per day that has to be merged later; a larger one takes more memory, several times over.
_MAX_ROWS = 100_000
# Events one by one take many times the memory of a table.
_MAX_EVENTS = 20_000
_MAX_BYTES = 32 * 1024 * 1024
# Long texts that come again and again: as dictionaries they are copied once, not row by row, on their way to the store.
_AS_DICTIONARIES = ("frame", "url", "query", "referrer", "user_agent", "visitor_id", "client_signature")


def blocks(rows: Iterable[Row | pa.Table]) -> Iterator[pa.Table]:
    """Put rows together into tables that fit into memory. Rows come before tables that were given before them."""
    events: list[Row] = []
    tables: list[pa.Table] = []
    count = size = 0
    for item in rows:
        if isinstance(item, pa.Table):
            tables.append(with_dictionaries(item))
            count += item.num_rows
            size += tables[-1].nbytes
        else:
            events.append(item)
            count += 1
            size += len(item[1].line)
        if count >= _MAX_ROWS or len(events) >= _MAX_EVENTS or size >= _MAX_BYTES:
            block, events, tables, count, size = _joined(events, tables), [], [], 0, 0
            yield block
            del block  # Or it would take its memory while the next one is put together.
    if count:
        yield _joined(events, tables)


def _joined(events: list[Row], tables: list[pa.Table]) -> pa.Table:
    return pa.concat_tables([*([with_dictionaries(event_table(events))] if events else []), *tables]).combine_chunks()


def as_one_table(rows: Iterable[Row | pa.Table]) -> pa.Table:
    """Put few rows together into one table."""
    items = list(rows)
    tables = [item for item in items if isinstance(item, pa.Table)]
    events = [item for item in items if not isinstance(item, pa.Table)]
    if events:
        tables.append(event_table(events))
    return pa.concat_tables(tables) if tables else EVENT_TABLE.empty_table()


def with_dictionaries(table: pa.Table) -> pa.Table:
    """Encode the columns whose texts come again and again."""
    for name in _AS_DICTIONARIES:
        place = table.column_names.index(name)
        table = table.set_column(place, name, table.column(place).dictionary_encode())
    return table


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
    arrays = [_array(field.kind, values) for field, values in zip(FIELDS, by_column, strict=True)]
    own = pa.array([line_no for line_no, _ in rows], pa.uint32()), pa.repeat("", len(rows))
    return pa.Table.from_arrays([*own, *arrays], schema=EVENT_TABLE)


def _array(kind: Kind, values: tuple[object, ...]) -> pa.Array:
    if kind is Kind.ADDRESS:
        return pa.array([packed_address(text) if isinstance(text, str) else None for text in values], ARROW_TYPES[kind])
    if kind is Kind.MAP:
        return pa.array([list(texts.items()) if isinstance(texts, dict) else [] for texts in values], ARROW_TYPES[kind])
    return pa.array(values, ARROW_TYPES[kind])
