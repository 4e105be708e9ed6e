"""Tables in the engine's own format: the engine reads every value as it was."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from ipaddress import IPv6Address
from typing import Any

import pyarrow.lib as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sakimori.logs.columns import ARROW_TYPES, DICTIONARY
from sakimori.logs.store.clickhouse import ClickHouseStore
from sakimori.logs.store.inserting import insert
from sakimori.logs.store.interface import LogStore
from sakimori.logs.store.native import native_block

TYPES = {"number": pa.uint64(), **{kind.name.lower(): arrow for kind, arrow in ARROW_TYPES.items()}, "word": DICTIONARY}
COLUMNS = {
    "number": "UInt64",
    "text": "String",
    "word": "LowCardinality(String)",
    "json": "String",
    "int": "Nullable(Int64)",
    "port": "Nullable(UInt16)",
    "float": "Nullable(Float64)",
    "time": "Nullable(DateTime64(3, 'UTC'))",
    "address": "Nullable(IPv6)",
    "list": "Array(LowCardinality(String))",
    "map": "Map(String, String)",
}
# Lengths at which the length itself takes another byte.
_LENGTHS = st.sampled_from([0, 1, 127, 128, 129, 16_383, 16_384])
_TEXTS = st.one_of(st.text(max_size=5), st.builds("x".__mul__, _LENGTHS))
_FIRST = datetime(1970, 1, 1, tzinfo=UTC)
ROWS = st.fixed_dictionaries(
    {
        "text": _TEXTS,
        "word": st.sampled_from(["", "a", "日本", "\0"]),
        "json": _TEXTS,
        "int": st.none() | st.integers(-(2**63), 2**63 - 1),
        "port": st.none() | st.integers(0, 65_535),
        "float": st.none() | st.floats(allow_nan=False),
        "time": st.none() | st.integers(0, 10**13).map(lambda number: _FIRST + timedelta(milliseconds=number)),
        "address": st.none() | st.binary(min_size=16, max_size=16),
        "list": st.lists(_TEXTS, max_size=3),
        "map": st.dictionaries(_TEXTS, _TEXTS, max_size=3),
    }
)


@pytest.fixture
def store(any_log_store: LogStore) -> Iterator[ClickHouseStore]:
    """A store with a table of one column for each type that there is."""
    assert isinstance(any_log_store, ClickHouseStore)
    columns = ", ".join(f"{name} {kind}" for name, kind in COLUMNS.items())
    any_log_store._command(f"CREATE TABLE every_type ({columns}) ENGINE = Memory")
    yield any_log_store
    any_log_store._command("DROP TABLE every_type")


def table_of(rows: list[dict[str, Any]]) -> pa.Table:
    arrays = [
        pa.array([row[name] for row in rows], pa.string()).dictionary_encode()
        if kind == DICTIONARY
        else pa.array([list(row[name].items()) if name == "map" else row[name] for row in rows], kind)
        for name, kind in TYPES.items()
    ]
    return pa.Table.from_arrays(arrays, names=list(TYPES))


def put_and_read(store: ClickHouseStore, *tables: pa.Table) -> list[dict[str, Any]]:
    with store._pool.client() as client:
        insert(client, "every_type", tables, is_embedded=store._pool.is_embedded)
    names = ", ".join(f"toString({name}) AS {name}" if name == "address" else name for name in TYPES)
    found = store.query(f"SELECT {names} FROM every_type ORDER BY number")
    store._command("TRUNCATE TABLE every_type")
    return [row | {"list": list(row["list"]), "address": _packed(row["address"])} for row in found]


def _packed(text: str | None) -> bytes | None:
    return None if text is None else IPv6Address(text).packed


def numbered(rows: list[dict[str, Any]], first: int = 0) -> list[dict[str, Any]]:
    return [{"number": number, **row} for number, row in enumerate(rows, first)]


@settings(max_examples=40)
@given(rows=st.lists(ROWS, min_size=1, max_size=6), cut=st.integers(0, 6))
def test_every_value_of_every_type_comes_back(store: ClickHouseStore, rows: list[dict[str, Any]], cut: int) -> None:
    """As one table, as two in one stream, and as one that is a part of a larger one or lies in two pieces."""
    expected = numbered(rows)
    whole = table_of(expected)
    assert put_and_read(store, whole) == expected
    parts = [part for part in (whole.slice(0, cut), whole.slice(cut)) if part.num_rows]
    assert put_and_read(store, *parts) == expected
    assert put_and_read(store, pa.concat_tables(parts)) == expected


@pytest.mark.parametrize("count", [1, 255, 256, 257, 65_535, 65_536, 65_537])
def test_dictionaries_of_any_size(store: ClickHouseStore, count: int) -> None:
    plain = {"text": "", "json": "", "int": None, "port": None, "float": None, "time": None, "address": None}
    texts = [f"t{number}" for number in range(count)]
    rows = numbered([plain | {"word": text, "list": [text], "map": {}} for text in [*texts, texts[0], texts[-1]]])
    found = put_and_read(store, table_of(rows))
    assert [row["word"] for row in found] == [*texts, texts[0], texts[-1]]
    assert [row["list"] for row in found] == [[row["word"]] for row in found]


def test_numbers_lie_in_the_tables_memory() -> None:
    """A column of many numbers is not copied on its way."""
    table = pa.Table.from_arrays([pa.array(range(1000), pa.int64())], names=["number"])
    (values,) = (piece for piece in native_block(table) if not isinstance(piece, bytes))
    assert pa.py_buffer(values).address == table["number"].chunk(0).buffers()[1].address
