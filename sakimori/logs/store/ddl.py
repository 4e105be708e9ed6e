"""How the columns of `fields.py` are stored: their ClickHouse types, and the statement that makes the table.

The files of `schema/`, one after the other, come to the columns of `events_table`; a test compares them. A released
file is never edited: a column that is added or changed later gets a numbered file of its own.
"""

from sakimori.logs.fields import FIELDS, Field, Kind

_TYPES = {
    Kind.TEXT: "String CODEC(ZSTD(1))",
    Kind.WORD: "LowCardinality(String) CODEC(ZSTD(1))",
    Kind.JSON: "String CODEC(ZSTD(1))",
    Kind.INT: "Nullable(Int64) CODEC(ZSTD(1))",
    Kind.PORT: "Nullable(UInt16) CODEC(ZSTD(1))",
    Kind.FLOAT: "Nullable(Float64) CODEC(ZSTD(1))",
    Kind.TIME: "Nullable(DateTime64(3, 'UTC')) CODEC(Delta, ZSTD(1))",
    Kind.ADDRESS: "Nullable(IPv6) CODEC(ZSTD(1))",
    Kind.LIST: "Array(LowCardinality(String)) CODEC(ZSTD(1))",
    Kind.MAP: "Map(String, String) CODEC(ZSTD(1))",
}
# What belongs to a visitor or a page comes again and again: as a dictionary it takes a third of the space or less.
_OFTEN_ALIKE = ("client_ip_text", "xff", "url", "query", "user_agent", "visitor_id", "client_signature")
_OWN_TYPES = {
    "time": "DateTime64(3, 'UTC') CODEC(Delta, ZSTD(1))",
    "line": "String CODEC(ZSTD(3))",
    **dict.fromkeys(_OFTEN_ALIKE, _TYPES[Kind.WORD]),
    "referrer": "LowCardinality(String) CODEC(ZSTD(3))",
}

_TABLE = """\
CREATE TABLE events_new
(
    contract_id UInt32,
    file_id UInt64 CODEC(ZSTD(1)),
    line_no UInt32 CODEC(Delta, ZSTD(1)),
    is_double UInt8 DEFAULT 0 COMMENT '重複',
    day Date DEFAULT toDate(time, 'Asia/Tokyo') COMMENT '日付(日本時間)',
    frame LowCardinality(String) CODEC(ZSTD(1)) COMMENT '原文の枠',
{columns},
    INDEX by_file file_id TYPE minmax GRANULARITY 1,
    INDEX by_client_ip client_ip TYPE bloom_filter(0.01) GRANULARITY 2,
    INDEX by_request_id request_id TYPE bloom_filter(0.01) GRANULARITY 2
)
ENGINE = MergeTree
PARTITION BY (contract_id, day)
PRIMARY KEY (contract_id, time)
ORDER BY (contract_id, time, file_id, line_no)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1, min_compressed_bytes_to_fsync_after_merge = 1,
    old_parts_lifetime = 60, vertical_merge_algorithm_min_rows_to_activate = 1;
"""


def column_type(field: Field) -> str:
    """Give the type of a column as the table's definition has it."""
    return _OWN_TYPES.get(field.name, _TYPES[field.kind])


def events_table() -> str:
    """Give the statement that makes the table with the columns of today."""
    columns = ",\n".join(f"    {field.name} {column_type(field)} COMMENT '{field.label}'" for field in FIELDS)
    return _TABLE.format(columns=columns)
