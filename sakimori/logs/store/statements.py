"""The SQL of the store. Values are always bound parameters; only parts of this file, and names made of numbers, are put
together.

Rows that are there are never changed: a change (a mutation) rewrites or links every part of the table, which takes
minutes in a large one. Rows come in whole days from a table of their own (`staging`), and go as whole partitions.
"""

# ruff: noqa: S608

# Canonical text of `client_ip`: IPv4 lies in the column as a mapped IPv6 address. NULL stays NULL.
ADDRESS_TEXT = r"replaceRegexpOne(toString(client_ip), '^::ffff:(\\d+\\.\\d+\\.\\d+\\.\\d+)$', '\\1')"

# What to query from: every event once.
EVENTS = "events_once"

_FILE = "contract_id = {contract_id:UInt32} AND file_id = {file_id:UInt64}"
# The span of a file, in milliseconds, and its days: only parts of these are opened.
_FIRST, _LAST = (f"fromUnixTimestamp64Milli({{{name}:Int64}}, 'UTC')" for name in ("first", "last"))
_DAYS = f"day >= toDate({_FIRST}, 'Asia/Tokyo') AND day <= toDate({_LAST}, 'Asia/Tokyo')"
# Reports of one request under different names (access line and alert) are different events.
EVENT = "time, request_id, name"
# Events that rows of other files report already, within the span of a file. Moments go as numbers: milliseconds.
_STORED_ALREADY = f"""
SELECT {EVENT} FROM events
WHERE contract_id = {{contract_id:UInt32}} AND file_id != {{file_id:UInt64}} AND request_id != ''
  AND time >= {_FIRST} AND time <= {_LAST} AND {_DAYS}
"""

_STAGED = f"min_bytes_for_wide_part = {2**62}, index_granularity = 65536, index_granularity_bytes = {2**30}"

COUNT_FILE = f"SELECT count() AS rows FROM events WHERE {_FILE}"
COUNT_CONTRACT = "SELECT count() AS rows FROM events WHERE contract_id = {contract_id:UInt32}"
COUNT_DOUBLES = f"{COUNT_FILE} AND is_double = 1"
COUNT_FILE_OF_DAYS = f"{COUNT_FILE} AND day >= {{oldest:Date}} AND day <= {{newest:Date}}"
PARTITIONS_OF_FILE = f"SELECT DISTINCT _partition_id AS id FROM events WHERE {_FILE} AND {_DAYS}"
PARTITIONS_OF_CONTRACT = "SELECT DISTINCT _partition_id AS id FROM events WHERE contract_id = {contract_id:UInt32}"

MAKE_VERSIONS = """
CREATE TABLE IF NOT EXISTS schema_versions
(number UInt32, made_at DateTime DEFAULT now()) ENGINE = MergeTree ORDER BY number
"""
NEWEST_VERSION = "SELECT max(number) AS number FROM schema_versions"
NOTE_VERSION = "INSERT INTO schema_versions (number) SELECT {number:UInt32}"

_GROUP = "_group"

DATABASE = "SELECT currentDatabase() AS name"
ENGINE_OF_EVENTS = "SELECT engine FROM system.tables WHERE database = currentDatabase() AND name = 'events'"


def staging_tables(tables: str) -> str:
    """Which staged files there are and how many rows each has. `tables`: where the names of tables lie."""
    return f"""
SELECT name, sum(ifNull(total_rows, 0)) AS rows FROM {tables}
WHERE database = {{database:String}} AND match(name, {{pattern:String}})
GROUP BY name
"""


def catch_up(table: str) -> str:
    """Wait until this server has what others have stored."""
    return f"SYSTEM SYNC REPLICA {table} LIGHTWEIGHT"


def staging_name(*, contract_id: int, file_id: int) -> str:
    """The table in which the rows of one file wait until all of them are there."""
    return f"staging_{contract_id:d}_{file_id:d}"


def staging_pattern(contract_id: int) -> str:
    """A regular expression for the names of all such tables of a contract."""
    return f"^staging_{contract_id:d}_[0-9]+(_marked|_again|_day_[0-9a-f]+(_marked)?)?$"


def group_name(*, contract_id: int, file_id: int) -> str:
    """The table in which the rows of several files wait; it bears the name of the first of them."""
    return f"{staging_name(contract_id=contract_id, file_id=file_id)}{_GROUP}"


def is_group(table: str) -> bool:
    """Whether the rows of several files wait in this table."""
    return table.endswith(_GROUP)


def files_of_group(table: str) -> str:
    """Of which files rows wait in such a table."""
    return f"SELECT DISTINCT contract_id, file_id FROM {table}"


def waiting_names(contract_id: int, file_id: int) -> tuple[str, ...]:
    """Every table that a try to store a file can have left behind under its name."""
    staging = staging_name(contract_id=contract_id, file_id=file_id)
    return staging, f"{staging}_marked", group_name(contract_id=contract_id, file_id=file_id)


WAITING, GROUPS = "^staging_[0-9]+_[0-9]+", f"^staging_[0-9]+_[0-9]+{_GROUP}$"
TABLES_LIKE = "SELECT name FROM system.tables WHERE database = currentDatabase() AND match(name, {pattern:String})"


def make_group(table: str) -> str:
    """Make an empty table for rows of several files. It lies in memory: whoever is killed stores them again."""
    return f"CREATE TABLE {table} AS events ENGINE = Memory"


def count_group(table: str) -> str:
    """How many rows of a contract wait in such a table."""
    return f"SELECT count() AS rows FROM {table} WHERE contract_id = {{contract_id:UInt32}}"


def store_group(table: str) -> str:
    """Insert the files that wait, doubles marked. All rows of a partition come at once, in one part, or none.

    Days that a file has there already came with an earlier try, which was broken off: they are whole. Of the stored
    rows only those of the same moments are looked at. The rows must be fewer than the engine takes for a block.
    """
    event = f"contract_id, {EVENT}"
    return f"""
INSERT INTO events
SELECT * REPLACE (
    (contract_id, file_id, line_no) IN (
        SELECT contract_id, file_id, line_no
        FROM (
            SELECT contract_id, file_id, line_no, {EVENT},
                row_number() OVER (PARTITION BY {event} ORDER BY file_id, line_no) AS place
            FROM {table} WHERE request_id != ''
        )
        WHERE place > 1 OR ({event}) IN (
            SELECT {event} FROM events
            WHERE request_id != '' AND (contract_id, day) IN (SELECT contract_id, day FROM {table})
              AND (contract_id, time) IN (SELECT contract_id, time FROM {table})
        )
    ) AS is_double
)
FROM {table}
WHERE (contract_id, day, file_id) NOT IN (
    SELECT contract_id, day, file_id FROM events
    WHERE (contract_id, day) IN (SELECT contract_id, day FROM {table}) AND file_id IN (SELECT file_id FROM {table})
)
SETTINGS max_partitions_per_insert_block = 0, max_insert_threads = 1, insert_deduplicate = 0,
    min_insert_block_size_rows = 1048576, min_insert_block_size_bytes = 268435456
"""


def count_stored(table: str) -> str:
    """How many rows of the files that waited are among the events."""
    return f"""
SELECT contract_id, file_id, count() AS rows FROM events
WHERE (contract_id, day) IN (SELECT contract_id, day FROM {table}) AND file_id IN (SELECT file_id FROM {table})
GROUP BY contract_id, file_id
"""


def make_like_events(table: str) -> str:
    """Make an empty table that partitions can be moved from.

    Its parts are compact, whatever their size, and in coarse granules: files for each column, more than two hundred of
    them, and dictionaries for every few rows are worth their while only for what stays. The first merge makes them.
    """
    return f"CREATE TABLE {table} AS events SETTINGS {_STAGED}"


def make_copy(table: str) -> str:
    """Make an empty table for a whole day, which stays as it is written there."""
    return f"CREATE TABLE {table} AS events"


def drop_table(table: str) -> str:
    """Remove a table and its files at once, if it is there."""
    return f"DROP TABLE IF EXISTS {table} SYNC"


def count_shared(table: str) -> str:
    """Whether rows of a staged file report an event that another row reports, there or in `events`: not 0 if they do.

    Two events of one hash are taken for one here; whoever marks doubles looks closely.
    """
    return f"""
SELECT countIf(request_id != '' AND ({EVENT}) IN ({_STORED_ALREADY}))
     + countIf(request_id != '') - uniqExactIf(cityHash64({EVENT}), request_id != '') AS rows
FROM {table}
"""


def copy_marked(source: str, target: str) -> str:
    """Copy a staged file and mark the doubles: of rows that report one event the first stored is the one seen."""
    return f"""
INSERT INTO {target}
SELECT * EXCEPT (place) REPLACE (
    request_id != '' AND (place > 1 OR ({EVENT}) IN ({_STORED_ALREADY})) AS is_double
)
FROM (SELECT *, row_number() OVER (PARTITION BY {EVENT} ORDER BY line_no) AS place FROM {source})
"""


def partitions(table: str) -> str:
    """The partitions in which a staged file has rows."""
    return f"SELECT DISTINCT _partition_id AS id FROM {table} ORDER BY id"


def move_partition(table: str, partition: str) -> str:
    """Move a whole partition of a staged file among the events: all of its rows at once, or none."""
    return f"ALTER TABLE {table} MOVE PARTITION ID '{_checked(partition)}' TO TABLE events"


def replace_partition(table: str, partition: str) -> str:
    """Put what another table has of a partition in the place of all that is there, in one step."""
    return f"ALTER TABLE events REPLACE PARTITION ID '{_checked(partition)}' FROM {table}"


def drop_partition(partition: str) -> str:
    """Delete a whole partition."""
    return f"ALTER TABLE events DROP PARTITION ID '{_checked(partition)}'"


def _checked(partition: str) -> str:
    """A partition of ours is named contract-day; the engine takes no bound value for it."""
    contract_id, _, day = partition.partition("-")
    if not (contract_id.isdecimal() and day.isdecimal()):
        raise ValueError(f"{partition!r} is no partition of events")
    return partition
