"""The SQL of the store. Values are always bound parameters; only parts of this file are put together."""

# ruff: noqa: S608

# Canonical text of `client_ip`: IPv4 lies in the column as a mapped IPv6 address. NULL stays NULL.
ADDRESS_TEXT = r"replaceRegexpOne(toString(client_ip), '^::ffff:(\\d+\\.\\d+\\.\\d+\\.\\d+)$', '\\1')"

# What to query from: every event once.
EVENTS = "events_once"

_FILE = "contract_id = {contract_id:UInt32} AND file_id = {file_id:UInt64}"
# Reports of one request under different names (access line and alert) are different events.
_EVENT = "(time, request_id, name)"
_ROW = "(file_id, line_no)"
# Milliseconds as numbers: a mutation writes a bound moment down as text that it cannot read again for small values.
_SPAN = (
    "contract_id = {contract_id:UInt32} AND request_id != ''"
    " AND time >= fromUnixTimestamp64Milli({first:Int64}, 'UTC')"
    " AND time <= fromUnixTimestamp64Milli({last:Int64}, 'UTC')"
)
_EVENTS_OF_FILE = f"SELECT time, request_id, name FROM events WHERE {_SPAN} AND file_id = {{file_id:UInt64}}"
_SHARED = f"{_SPAN} AND {_EVENT} IN ({_EVENTS_OF_FILE})"

COUNT_FILE = f"SELECT count() AS rows FROM events WHERE {_FILE}"
COUNT_DOUBLES = f"{COUNT_FILE} AND is_double = 1"
SPAN_OF_FILE = f"SELECT count() AS rows, min(time) AS first, max(time) AS last FROM events WHERE {_FILE}"

# A change of rows (a mutation) reads every part of the table unless it is told a partition, and parts of other days and
# contracts are many. So first it is asked which days are concerned, and each is changed by itself. Rows that report the
# same event have the same time and lie on the same day.

# Days of events of the file that more than one row reports, whichever file the others are in.
DAYS_SHARED = f"""
SELECT DISTINCT day FROM (
    SELECT toDate(time, 'Asia/Tokyo') AS day FROM events WHERE {_SHARED}
    GROUP BY time, request_id, name HAVING count() > 1)
ORDER BY day
"""
MARK_DOUBLES = f"""
ALTER TABLE events UPDATE is_double = 1 IN PARTITION {{day:Date}}
WHERE {_SPAN} AND is_double = 0 AND (time, request_id, name, file_id, line_no) IN (
    SELECT time, request_id, name, row.1, row.2
    FROM (SELECT time, request_id, name, arraySlice(arraySort(groupArray({_ROW})), 2) AS later
          FROM events WHERE {_SHARED} AND day = {{day:Date}} GROUP BY time, request_id, name HAVING count() > 1)
    ARRAY JOIN later AS row)
SETTINGS mutations_sync = 2
"""
# Events that no row shows, apart from rows of the file `gone`: the row that hid the others is, or is about to be, gone.
_HIDDEN = f"""
SELECT time, request_id, name, min({_ROW}) AS first_row FROM events
WHERE {_SPAN} AND file_id != {{gone:Int64}} GROUP BY time, request_id, name HAVING min(is_double) = 1
"""
DAYS_HIDDEN = f"SELECT DISTINCT toDate(time, 'Asia/Tokyo') AS day FROM ({_HIDDEN}) ORDER BY day"
SHOW_HIDDEN = f"""
ALTER TABLE events UPDATE is_double = 0 IN PARTITION {{day:Date}}
WHERE {_SPAN} AND is_double = 1 AND (time, request_id, name, file_id, line_no) IN (
    SELECT time, request_id, name, first_row.1, first_row.2 FROM ({_HIDDEN}))
SETTINGS mutations_sync = 2
"""

# ALTER ... DELETE takes the rows off the disk; a lightweight DELETE would only hide them until some later merge.
DAYS_OF_FILE = f"SELECT DISTINCT day FROM events WHERE {_FILE} ORDER BY day"
FORGET_FILE = f"ALTER TABLE events DELETE IN PARTITION {{day:Date}} WHERE {_FILE} SETTINGS mutations_sync = 2"
DAYS_OF_CONTRACT = "SELECT DISTINCT day FROM events WHERE contract_id = {contract_id:UInt32} ORDER BY day"
DROP_DAY = (
    "ALTER TABLE events DELETE IN PARTITION {day:Date} WHERE contract_id = {contract_id:UInt32}"
    " SETTINGS mutations_sync = 2"
)

MAKE_VERSIONS = """
CREATE TABLE IF NOT EXISTS schema_versions
(number UInt32, made_at DateTime DEFAULT now()) ENGINE = MergeTree ORDER BY number
"""
NEWEST_VERSION = "SELECT max(number) AS number FROM schema_versions"
NOTE_VERSION = "INSERT INTO schema_versions (number) SELECT {number:UInt32}"
