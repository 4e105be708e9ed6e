"""The question that a replay puts to the log store: for each address the first moments that matter to a policy."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime

from sakimori.blacklist.announced import Announced
from sakimori.blacklist.policy import Mode, Rules
from sakimori.blacklist.sliding import OURS, counted
from sakimori.lib.jst import milliseconds
from sakimori.logs.attack_kinds import AttackKind, Outcome
from sakimori.logs.store.clickhouse import ADDRESS_TEXT, EVENTS

_MOMENT = "fromUnixTimestamp64Milli({{{0}:Int64}}, 'UTC')"


def moments_sql(rules: Rules, scans: Sequence[Announced], sites: Mapping[int, int]) -> str:
    """One row per address, the earliest first. sites: the vendor's number of each site by its key."""
    asked = {kind: rule for kind, rule in rules.kinds.items() if rule.mode is not Mode.OBSERVE}
    plain = [kind for kind, rule in asked.items() if rule.requests == 1]
    parts = [_events(plain, "1", scans, sites)] if plain else []
    parts += [
        f"SELECT * FROM ({_events([kind], counted(rule.minutes), scans, sites)}) WHERE within >= {rule.requests:d}"  # noqa: S608
        for kind, rule in asked.items()
        if rule.requests > 1
    ]
    auto = _listed(kind for kind, rule in asked.items() if rule.mode is Mode.AUTO)
    return f"""
SELECT * FROM (
    SELECT address, count() AS requests, min(time) AS first_at,
        countIf(wants_block) AS blocks, minIf(time, wants_block) AS block_at,
        argMinIf(kind, time, wants_block) AS block_kind, argMinIf(site_id, time, wants_block) AS block_site,
        countIf(NOT wants_block) AS asks, minIf(time, NOT wants_block) AS ask_at,
        argMinIf(kind, time, NOT wants_block) AS ask_kind, argMinIf(site_id, time, NOT wants_block) AS ask_site,
        argMinIf(NOT stopped, time, NOT wants_block) AS ask_passed
    FROM (SELECT *, stopped AND kind IN ({auto}) AS wants_block FROM ({" UNION ALL ".join(parts)}))
    GROUP BY address
)
ORDER BY first_at, address LIMIT {{most:UInt32}}
"""  # noqa: S608 - only names of kinds, numbers and constants of ours are put in; values go as bound parameters


def values_of(
    scans: Sequence[Announced], *, contract_id: int, sites: Collection[int], begins: datetime, ends: datetime
) -> dict[str, object]:
    """The values that the question needs."""
    values: dict[str, object] = {
        "contract_id": contract_id,
        "sites": list(sites),
        "begins": milliseconds(begins),
        "ends": milliseconds(ends),
    }
    for place, scan in enumerate(scans):
        values |= {
            f"scan{place}_begins": milliseconds(scan.starts_at),
            f"scan{place}_ends": milliseconds(scan.ends_at),
            f"scan{place}_networks": [str(network) for network in scan.networks],
        }
    return values


def _events(kinds: Collection[str], within: str, scans: Sequence[Announced], sites: Mapping[int, int]) -> str:
    """Requests of these kinds on sites of the contract that are neither our own block's nor an announced scan's."""
    return f"""
SELECT {ADDRESS_TEXT} AS address, assumeNotNull(site_id) AS site_id, attack_kind AS kind, time,
    outcome = '{Outcome.BLOCKED}' AS stopped, toUInt64({within}) AS within
FROM {EVENTS}
WHERE contract_id = {{contract_id:UInt32}} AND attack_kind IN ({_listed(kinds)}) AND NOT {OURS}
    AND client_ip IS NOT NULL AND site_id IN {{sites:Array(Int64)}}
    AND time >= {_MOMENT.format("begins")} AND time <= {_MOMENT.format("ends")}
    {" ".join(f"AND NOT ({_scan(place, scan, sites)})" for place, scan in enumerate(scans))}
"""  # noqa: S608 - see above


def _scan(place: int, scan: Announced, sites: Mapping[int, int]) -> str:
    name = f"scan{place}"
    only = "" if scan.site is None else f" AND site_id = {sites.get(scan.site, 0):d}"
    return (
        f"time >= {_MOMENT.format(f'{name}_begins')} AND time <= {_MOMENT.format(f'{name}_ends')}{only}"
        f" AND arrayExists(network -> isIPAddressInRange(assumeNotNull({ADDRESS_TEXT}), network),"
        f" {{{name}_networks:Array(String)}})"
    )


def _listed(kinds: Iterable[str]) -> str:
    """Names of kinds as SQL texts: those of our own list, nothing else."""
    known = {kind.value for kind in AttackKind}
    return ", ".join(f"'{kind}'" for kind in kinds if kind in known) or "''"
