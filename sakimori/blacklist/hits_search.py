"""What stored files report of addresses that are on the list: requests that it stopped, and requests that went through.

One query for all of them; the store does the counting. Late events count like all others, and are told apart.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sakimori.lib.jst import milliseconds
from sakimori.logs.attack_kinds import Outcome
from sakimori.logs.searching import IS_TIMELY, OF_FILES_SQL, WITH_FILES_SQL, Searched, values_of
from sakimori.logs.store.clickhouse import EVENTS
from sakimori.logs.store.interface import LogStore

_FOR_EVER = 2**62
# The requests of these files that matter, each with the address in the form of the watched ones.
_MATTERING = f"""
    WITH {WITH_FILES_SQL}
    SELECT time, act, outcome, assumeNotNull(client_ip) AS ip, toUnixTimestamp64Milli(time) AS at,
        ifNull(site_id, 0) AS site_number, {IS_TIMELY}
    FROM {EVENTS}
    WHERE {OF_FILES_SQL} AND client_ip IS NOT NULL
        AND time >= {{since:DateTime64(3, 'UTC')}} AND (act = 'REQ_BLOCKED_ACL' OR outcome = '{Outcome.ALLOWED}')
"""  # noqa: S608 - only constants of ours are put in; values go as bound parameters
_HOLDS = "at >= since AND at <= until AND (empty(sites) OR has(sites, site_number))"
_REQUESTS = f"""
SELECT place, countIf(act = 'REQ_BLOCKED_ACL') AS hits,
    minIfOrNull(time, act = 'REQ_BLOCKED_ACL') AS first_hit_at,
    maxIfOrNull(time, act = 'REQ_BLOCKED_ACL') AS last_hit_at,
    maxIfOrNull(time, outcome = '{Outcome.ALLOWED}') AS last_passed_at,
    maxIfOrNull(time, outcome = '{Outcome.ALLOWED}' AND {IS_TIMELY}) AS last_timely_passed_at
FROM (
    SELECT place, time, act, outcome, {IS_TIMELY}
    FROM ({_MATTERING}) AS requests
    INNER JOIN (
        SELECT row.1 AS place, toIPv6(row.2) AS ip, row.3 AS since, row.4 AS until, row.5 AS sites
        FROM (SELECT arrayJoin(arrayZip({{places:Array(UInt32)}}, {{lows:Array(String)}}, {{sinces:Array(Int64)}},
            {{untils:Array(Int64)}}, {{sites:Array(Array(Int64))}})) AS row)
    ) AS watched USING ip
    WHERE {_HOLDS}
    UNION ALL
    SELECT place, time, act, outcome, {IS_TIMELY}
    FROM ({_MATTERING}) AS requests
    CROSS JOIN (
        SELECT row.1 AS place, toIPv6(row.2) AS low, toIPv6(row.3) AS high, row.4 AS since, row.5 AS until,
            row.6 AS sites
        FROM (SELECT arrayJoin(arrayZip({{wide_places:Array(UInt32)}}, {{wide_lows:Array(String)}},
            {{wide_highs:Array(String)}}, {{wide_sinces:Array(Int64)}}, {{wide_untils:Array(Int64)}},
            {{wide_sites:Array(Array(Int64))}})) AS row)
    ) AS networks
    WHERE ip >= low AND ip <= high AND {_HOLDS}
)
GROUP BY place
"""  # noqa: S608 - see above


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
    """Requests that an access list has stopped, and when the last one went through: of all, and of the timely ones."""

    hits: int
    first_hit_at: datetime | None
    last_hit_at: datetime | None
    last_passed_at: datetime | None
    last_timely_passed_at: datetime | None


def requests_of(store: LogStore, *, files: Sequence[Searched], watched: Sequence[Watched]) -> dict[int, Counted]:
    """What these files report of the watched addresses, by their place; those of which nothing is told are left out."""
    values: dict[str, Any] = {**values_of(files), "since": min(one.since for one in watched)}
    single = [(place, one) for place, one in enumerate(watched) if one.first == one.last]
    wide = [(place, one) for place, one in enumerate(watched) if one.first != one.last]
    values |= _columns("", single) | _columns("wide_", wide) | {"wide_highs": [one.last for _, one in wide]}
    rows = [dict(row) for row in store.query(_REQUESTS, values)]
    return {int(row.pop("place")): Counted(**row) for row in rows}


def _columns(prefix: str, watched: Sequence[tuple[int, Watched]]) -> dict[str, Any]:
    return {
        f"{prefix}places": [place for place, _ in watched],
        f"{prefix}lows": [one.first for _, one in watched],
        f"{prefix}sinces": [milliseconds(one.since) for _, one in watched],
        f"{prefix}untils": [milliseconds(one.until) if one.until else _FOR_EVER for _, one in watched],
        f"{prefix}sites": [list(one.sites) for _, one in watched],
    }
