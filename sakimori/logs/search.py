"""The question that the log page asks the store: a contract's events of a period, newest first.

Values are bound parameters; only names of columns from `fields.py` and constants are put into the SQL.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sakimori.lib.addresses import Network
from sakimori.lib.jst import day_of, milliseconds
from sakimori.logs.fields import FIELDS
from sakimori.logs.original import original_line
from sakimori.logs.store.clickhouse import ADDRESS_TEXT, EVENTS
from sakimori.logs.store.interface import LogStore

MAX_SECONDS = 10
MAX_ROWS = 10_000  # Nobody reads further; whoever seeks something narrows the period or the address.
_COLUMNS = ", ".join(field.name for field in FIELDS)


@dataclass(frozen=True, slots=True)
class LogQuery:
    """What is sought: from `begins` (with it) to `ends` (without it). network None: every address."""

    contract_id: int
    begins: datetime
    ends: datetime
    network: Network | None = None


def count(store: LogStore, query: LogQuery) -> int:
    """How many events fit. Raises StoreError; StoreUnavailable when it takes longer than MAX_SECONDS."""
    condition, parameters = condition_of(query)
    sql = f"SELECT count() AS total FROM {EVENTS} WHERE {condition}"  # noqa: S608 - constants of ours only
    return int(store.query(sql, parameters, max_seconds=MAX_SECONDS)[0]["total"])


def rows(store: LogStore, query: LogQuery, *, offset: int, limit: int) -> Sequence[Mapping[str, Any]]:
    """Events with all columns of `fields.py` and `address` (canonical text), the newest first. Raises as `count`.

    `line` is the line as it came.
    """
    condition, parameters = condition_of(query)
    sql = (
        f"SELECT frame, {_COLUMNS}, ifNull({ADDRESS_TEXT}, '') AS address FROM {EVENTS} WHERE {condition}"  # noqa: S608
        " ORDER BY time DESC, file_id DESC, line_no DESC LIMIT {limit:UInt32} OFFSET {offset:UInt32}"
    )
    found = store.query(sql, {**parameters, "limit": limit, "offset": offset}, max_seconds=MAX_SECONDS)
    return [{**row, "line": original_line(row)} for row in found]


def condition_of(query: LogQuery) -> tuple[str, dict[str, object]]:
    """The condition, and the values of its parameters. Days let the store leave other partitions alone."""
    parts = [
        "contract_id = {contract_id:UInt32}",
        "day >= {first_day:Date} AND day <= {last_day:Date}",
        "time >= fromUnixTimestamp64Milli({begins:Int64}, 'UTC')",
        "time < fromUnixTimestamp64Milli({ends:Int64}, 'UTC')",
    ]
    values: dict[str, object] = {
        "contract_id": query.contract_id,
        "first_day": day_of(query.begins),
        "last_day": day_of(query.ends),
        "begins": milliseconds(query.begins),
        "ends": milliseconds(query.ends),
    }
    if query.network is not None:
        low, high = query.network[0], query.network[-1]
        if low == high:
            parts.append("client_ip = toIPv6({address:String})")
            values["address"] = str(low)
        else:
            parts.append("client_ip >= toIPv6({low:String}) AND client_ip <= toIPv6({high:String})")
            values |= {"low": str(low), "high": str(high)}
    return " AND ".join(parts), values
