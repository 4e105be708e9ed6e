"""What stored files report of addresses that are on the list: requests that it stopped, and requests that went through.

One query for all of them; the store does the counting.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sakimori.lib.jst import milliseconds
from sakimori.logs.attack_kinds import Outcome
from sakimori.logs.store.clickhouse import EVENTS
from sakimori.logs.store.interface import LogStore

_FOR_EVER = 2**62
# For each request the first of the watched networks that holds it, at that time and on that site.
_REQUESTS = f"""
SELECT place, countIf(act = 'REQ_BLOCKED_ACL') AS hits,
    minIfOrNull(time, act = 'REQ_BLOCKED_ACL') AS first_hit_at,
    maxIfOrNull(time, act = 'REQ_BLOCKED_ACL') AS last_hit_at,
    maxIfOrNull(time, outcome = '{Outcome.ALLOWED}') AS last_passed_at
FROM (
    SELECT time, act, outcome, assumeNotNull(client_ip) AS ip, toUnixTimestamp64Milli(time) AS at,
        ifNull(site_id, 0) AS site_number,
        arrayFirstIndex(
            (low, high, since, until, sites) -> ip >= toIPv6(low) AND ip <= toIPv6(high) AND at >= since AND at <= until
                AND (empty(sites) OR has(sites, site_number)),
            {{lows:Array(String)}}, {{highs:Array(String)}}, {{sinces:Array(Int64)}}, {{untils:Array(Int64)}},
            {{sites:Array(Array(Int64))}}
        ) AS place
    FROM {EVENTS}
    WHERE contract_id = {{contract_id:UInt32}} AND file_id IN {{files:Array(UInt64)}} AND client_ip IS NOT NULL
        AND time >= {{since:DateTime64(3, 'UTC')}} AND (act = 'REQ_BLOCKED_ACL' OR outcome = '{Outcome.ALLOWED}')
        AND (client_ip IN (SELECT toIPv6(arrayJoin({{singles:Array(String)}})))
            OR arrayExists(
                (low, high) -> assumeNotNull(client_ip) >= toIPv6(low) AND assumeNotNull(client_ip) <= toIPv6(high),
                {{wide_lows:Array(String)}}, {{wide_highs:Array(String)}}
            ))
)
WHERE place > 0
GROUP BY place
"""  # noqa: S608 - only constants of ours are put in; values go as bound parameters


@dataclass(frozen=True, slots=True)
class Watched:
    """An address, or a network from its first to its last, that is on the list since then; no sites: on all."""

    first: str
    last: str
    since: datetime
    until: datetime | None
    sites: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Counted:
    """Requests that an access list has stopped, and when the last one was let through."""

    hits: int
    first_hit_at: datetime | None
    last_hit_at: datetime | None
    last_passed_at: datetime | None


def requests_of(
    store: LogStore, *, contract_id: int, files: Sequence[int], watched: Sequence[Watched]
) -> dict[int, Counted]:
    """What these files report of the watched addresses, by their place; those of which nothing is told are left out."""
    wide = [one for one in watched if one.first != one.last]
    values = {
        "contract_id": contract_id,
        "files": list(files),
        "since": min(one.since for one in watched),
        "lows": [one.first for one in watched],
        "highs": [one.last for one in watched],
        "sinces": [milliseconds(one.since) for one in watched],
        "untils": [milliseconds(one.until) if one.until else _FOR_EVER for one in watched],
        "sites": [list(one.sites) for one in watched],
        "singles": [one.first for one in watched if one.first == one.last],
        "wide_lows": [one.first for one in wide],
        "wide_highs": [one.last for one in wide],
    }
    rows = [dict(row) for row in store.query(_REQUESTS, values)]
    return {int(row.pop("place")) - 1: Counted(**row) for row in rows}
