"""Finding attacks in the log store: the events of stored files, grouped into findings, and the good requests.

All of it is one query each, however many files there are; the store does the counting.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sakimori.blacklist.proxy import MORE_THAN, WITHIN, Hit, Target, looks_like_browser
from sakimori.lib.jst import milliseconds
from sakimori.logs.attack_kinds import AttackKind, Outcome
from sakimori.logs.searching import IS_TIMELY, OF_FILES_SQL, WITH_FILES_SQL, Searched, values_of
from sakimori.logs.store.clickhouse import ADDRESS_TEXT, EVENTS
from sakimori.logs.store.interface import LogStore

SAMPLES = 5
_LISTED = 20
_ATTACKS = f"""
WITH {WITH_FILES_SQL}
SELECT
    file_id, site, site_id, ifNull({ADDRESS_TEXT}, '') AS address, attack_kind, name,
    countIf(outcome = '{Outcome.BLOCKED}') AS blocked,
    countIf(outcome = '{Outcome.ALLOWED}') AS passed,
    countIf(outcome = '{Outcome.CHALLENGED}') AS challenged,
    count() - blocked - passed - challenged AS other,
    countIf(act = 'REQ_BLOCKED_ACL') AS ours,
    any(country) AS country, min(time) AS first_at, max(time) AS last_at,
    arraySlice(arrayFilter(x -> x != '', groupUniqArrayArray(rule_names)), 1, {_LISTED}) AS rules,
    arraySlice(arrayFilter(x -> x != '', groupArray(request_id)), 1, {_LISTED}) AS request_ids,
    arraySlice(groupArray(tuple(toString(time), method, url, query, user_agent, act, outcome, request_id,
        arrayStringConcat(rule_names, ','))), 1, {SAMPLES}) AS samples
FROM {EVENTS}
WHERE {OF_FILES_SQL} AND attack_kind != '{AttackKind.NONE}'
GROUP BY file_id, site, site_id, address, attack_kind, name, {IS_TIMELY}
ORDER BY file_id, site, address, attack_kind, name, first_at
"""  # noqa: S608 - only constants of ours are put in; values go as bound parameters
_GOOD = f"""
SELECT {ADDRESS_TEXT} AS address, count() AS good
FROM {EVENTS}
WHERE contract_id = {{contract_id:UInt32}} AND attack_kind = '{AttackKind.NONE}' AND outcome = '{Outcome.ALLOWED}'
    AND client_ip IN (SELECT toIPv6(arrayJoin({{addresses:Array(String)}})))
GROUP BY address
"""  # noqa: S608 - see above
_ANY_GOOD = f"""
SELECT 1 AS found FROM {EVENTS}
WHERE contract_id = {{contract_id:UInt32}} AND attack_kind = '{AttackKind.NONE}' AND outcome = '{Outcome.ALLOWED}'
LIMIT 1
"""  # noqa: S608 - see above
_LOOKED_AT = 20_000
# What is attacked is the site, the URL without its query, and the names of the parameters; see `proxy.py`.
# Whatever lies within the time lies within one stretch of twice that time; a stretch begins once in that time.
_VISITORS = f"""
WITH attacks AS (
    SELECT site, splitByChar('?', url)[1] AS bare, if(query = '', substring(url, length(bare) + 2), query) AS asked,
        arrayMap(part -> splitByChar('=', part)[1], splitByChar('&', asked)) AS names,
        arrayStringConcat(arraySort(arrayDistinct(arrayFilter(name -> name != '', names))), '&') AS parameters,
        client_ip, time, client_type, javascript_support, captcha_support, user_agent
    FROM {EVENTS}
    WHERE contract_id = {{contract_id:UInt32}} AND client_ip IS NOT NULL
        AND time >= fromUnixTimestamp64Milli({{first:Int64}}, 'UTC')
        AND time <= fromUnixTimestamp64Milli({{last:Int64}}, 'UTC')
        AND attack_kind != '{AttackKind.NONE}' AND NOT has({{observed:Array(String)}}, attack_kind)
)
SELECT site, bare, parameters, {ADDRESS_TEXT} AS address, min(time) AS at,
    any(client_type) AS client_type, any(javascript_support) AS javascript, any(captcha_support) AS captcha,
    any(user_agent) AS user_agent
FROM attacks
WHERE (site, bare, parameters) IN (
    SELECT site, bare, parameters FROM (
        SELECT site, bare, parameters, client_ip,
            arrayJoin([0, 1]) + intDiv(toUnixTimestamp(time), {WITHIN.total_seconds():.0f}) AS stretch
        FROM attacks
    )
    GROUP BY site, bare, parameters, stretch
    HAVING uniqExact(client_ip) > {{more_than:UInt32}}
        OR has({{known:Array(String)}}, concat(site, '\n', bare, '\n', parameters))
)
GROUP BY site, bare, parameters, address, toStartOfMinute(time)
ORDER BY at DESC
LIMIT {{most:UInt32}}
"""  # noqa: S608 - see above
_SAMPLE_COLUMNS = ("time", "method", "url", "query", "user_agent", "act", "outcome", "request_id", "rule_names")


@dataclass(frozen=True, slots=True)
class FoundAttack:
    """Attacks of one kind from one address on one site within one file: all of them late, or none."""

    site: str
    site_id: int | None
    address: str
    kind: str
    name: str
    blocked: int
    passed: int
    challenged: int
    other: int
    ours: int
    country: str
    first_at: datetime
    last_at: datetime
    rules: Sequence[str]
    request_ids: Sequence[str]
    samples: Sequence[Mapping[str, str]]


def attacks_in_files(store: LogStore, files: Sequence[Searched]) -> dict[int, list[FoundAttack]]:
    """Every attack that stored files report, whatever its name, by file; access lines are none. Late events are apart.

    Files without any are left out.
    """
    found: dict[int, list[FoundAttack]] = {}
    for row in store.query(_ATTACKS, values_of(files)) if files else ():
        found.setdefault(int(row.pop("file_id")), []).append(_found(row))
    return found


def good_requests(store: LogStore, *, contract_id: int, addresses: Iterable[str]) -> dict[str, int]:
    """How many good requests the store holds from each address; addresses without any are 0."""
    wanted = sorted(set(addresses))
    if not wanted:
        return {}
    rows = store.query(_GOOD, {"contract_id": contract_id, "addresses": wanted})
    counted = {str(row["address"]): int(row["good"]) for row in rows}
    return {address: counted.get(address, 0) for address in wanted}


def visitors(
    store: LogStore,
    *,
    contract_id: int,
    first: datetime,
    last: datetime,
    known: Iterable[Target],
    observed: Iterable[str],
    most: int = _LOOKED_AT,
    max_seconds: int = 60,
) -> list[Hit]:
    """Who attacked what many attack, or what is a known case, between two moments; one hit per address and minute.

    The newest first; of very many the newest `most`. observed: kinds that put nobody of this contract on the list, so
    that nobody can be made to look guilty of them.
    """
    parameters = {
        "contract_id": contract_id,
        "first": milliseconds(first),
        "last": milliseconds(last),
        "more_than": MORE_THAN,
        "most": most,
        "observed": sorted(observed),
        "known": ["\n".join((target.site, target.url, target.parameters)) for target in known],
    }
    return [_hit(row) for row in store.query(_VISITORS, parameters, max_seconds=max_seconds)]


def _hit(row: Mapping[str, Any]) -> Hit:
    return Hit(
        target=Target(site=row["site"], url=row["bare"], parameters=row["parameters"]),
        address=row["address"],
        at=row["at"],
        browser=looks_like_browser(
            client_type=row["client_type"],
            javascript=row["javascript"],
            captcha=row["captcha"],
            user_agent=row["user_agent"],
        ),
    )


def holds_good_requests(store: LogStore, *, contract_id: int) -> bool:
    """Whether the store holds any good request of the contract, from whichever address."""
    return bool(store.query(_ANY_GOOD, {"contract_id": contract_id}))


def _found(row: Mapping[str, Any]) -> FoundAttack:
    values = dict(row)
    samples = [dict(zip(_SAMPLE_COLUMNS, map(str, sample), strict=True)) for sample in values.pop("samples")]
    return FoundAttack(kind=values.pop("attack_kind"), samples=samples, **values)
