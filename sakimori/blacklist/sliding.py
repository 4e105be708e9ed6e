"""How many requests of one contract, site, address and kind lie within a sliding window: counted in the log store.

By the events' own times, whatever file brought them and in which order; events that were stored twice count once, and
requests that only met our own block do not count.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sakimori.lib.jst import milliseconds
from sakimori.logs.store.clickhouse import ADDRESS_TEXT, EVENTS
from sakimori.logs.store.interface import LogStore

OURS = "act = 'REQ_BLOCKED_ACL'"
_MINUTE = 60_000


@dataclass(frozen=True, slots=True)
class Stretch:
    """Where to count: around the requests of one finding. key: whose it is."""

    key: int
    site_id: int
    address: str
    first_at: datetime
    last_at: datetime


def counted(minutes: int) -> str:
    """SQL: the requests of the row's site, address and kind in the `minutes` that end with it, the row with them."""
    return (
        "count() OVER (PARTITION BY site_id, client_ip, attack_kind ORDER BY toUnixTimestamp64Milli(time)"
        f" RANGE BETWEEN {minutes * _MINUTE:d} PRECEDING AND CURRENT ROW)"
    )


def most_within(
    store: LogStore, stretches: Sequence[Stretch], *, contract_id: int, kind: str, minutes: int
) -> Mapping[int, int]:
    """For each stretch the most requests that lie in one window of `minutes` that touches it; one query for all."""
    if not stretches:
        return {}
    reach = minutes * _MINUTE
    values = {
        "contract_id": contract_id,
        "kind": kind,
        "reach": reach,
        "addresses": sorted({stretch.address for stretch in stretches}),
        "from": min(_times(stretches, "first_at")) - reach,
        "until": max(_times(stretches, "last_at")) + reach,
        "keys": [stretch.key for stretch in stretches],
        "sites": [stretch.site_id for stretch in stretches],
        "ips": [stretch.address for stretch in stretches],
        "firsts": list(_times(stretches, "first_at")),
        "lasts": list(_times(stretches, "last_at")),
    }
    rows = store.query(_sql(minutes), values)
    return {int(row["key"]): int(row["most"]) for row in rows}


def _sql(minutes: int) -> str:
    """A window that ends up to its own length after the last request of a stretch still touches that request."""
    return f"""
SELECT wanted.1 AS key, max(within) AS most
FROM (
    SELECT site_id, {ADDRESS_TEXT} AS address, toUnixTimestamp64Milli(time) AS at, {counted(minutes)} AS within
    FROM {EVENTS}
    WHERE contract_id = {{contract_id:UInt32}} AND attack_kind = {{kind:String}} AND NOT {OURS}
        AND time >= fromUnixTimestamp64Milli({{from:Int64}}, 'UTC')
        AND time <= fromUnixTimestamp64Milli({{until:Int64}}, 'UTC')
        AND client_ip IN (SELECT toIPv6(arrayJoin({{addresses:Array(String)}})))
) AS seen
INNER JOIN (
    SELECT arrayJoin(arrayZip({{keys:Array(Int64)}}, {{sites:Array(Int64)}}, {{ips:Array(String)}},
        {{firsts:Array(Int64)}}, {{lasts:Array(Int64)}})) AS wanted,
        wanted.2 AS site_id, wanted.3 AS address
) AS stretches USING (site_id, address)
WHERE at >= wanted.4 AND at <= wanted.5 + {{reach:Int64}}
GROUP BY key
"""  # noqa: S608 - only constants of ours and a number are put in; values go as bound parameters


def _times(stretches: Iterable[Stretch], name: str) -> Iterable[int]:
    return (milliseconds(getattr(stretch, name)) for stretch in stretches)
