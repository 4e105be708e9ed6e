"""Finding signals in the log store: one query for many stored files, counted by file and site."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sakimori.incidents.models import IncidentKind, SignalSource
from sakimori.logs.access_lines import BLOCKED_DDOS, ORIGIN_DOWN
from sakimori.logs.attack_kinds import AttackKind
from sakimori.logs.lateness import Timely
from sakimori.logs.store.clickhouse import EVENTS
from sakimori.logs.store.interface import LogStore

# Which events are late is each file's own matter, so its limits come beside its number; see `logs/lateness.py`.
_SIGNALS = f"""
WITH indexOf({{files:Array(UInt64)}}, file_id) AS place,
    time >= fromUnixTimestamp64Milli({{firsts:Array(Int64)}}[place], 'UTC')
        AND time <= fromUnixTimestamp64Milli({{lasts:Array(Int64)}}[place], 'UTC') AS is_timely
SELECT
    file_id, site_id, any(site) AS site, min(time) AS first_at, max(time) AS last_at, count() AS number,
    if(act = '{ORIGIN_DOWN}', '{IncidentKind.ORIGIN_DOWN.value}', '{IncidentKind.DDOS.value}') AS kind
FROM {EVENTS}
WHERE contract_id IN {{contracts:Array(UInt32)}} AND file_id IN {{files:Array(UInt64)}}
    AND {{contracts:Array(UInt32)}}[place] = contract_id
    AND (act IN ('{ORIGIN_DOWN}', '{BLOCKED_DDOS}') OR has(attack_kinds, '{AttackKind.DDOS.value}'))
GROUP BY file_id, site_id, kind, is_timely
ORDER BY file_id, site_id, kind, last_at
"""  # noqa: S608 - only constants of ours are put in; values go as bound parameters


@dataclass(frozen=True, slots=True)
class Signal:
    """Events that say that a site is attacked (DDOS) or that its servers do not answer (ORIGIN_DOWN).

    All of them are late, or none is. last_at: the latest moment at which one of them is known to have happened.
    """

    site_id: int | None
    site: str
    kind: IncidentKind
    number: int
    first_at: datetime
    last_at: datetime
    source: SignalSource = SignalSource.LOG


@dataclass(frozen=True, slots=True)
class Searched:
    """A stored file that is to be searched, and which of its events are not late."""

    contract_id: int
    file_id: int
    timely: Timely


def signals_in_files(store: LogStore, files: Sequence[Searched]) -> dict[int, list[Signal]]:
    """Every signal that stored files hold, by file; late events are apart. Files without any are left out."""
    if not files:
        return {}
    values = {
        "files": [file.file_id for file in files],
        "contracts": [file.contract_id for file in files],
        "firsts": [file.timely.first for file in files],
        "lasts": [file.timely.last for file in files],
    }
    found: dict[int, list[Signal]] = {}
    for row in store.query(_SIGNALS, values):
        signal = Signal(
            row["site_id"],
            row["site"],
            IncidentKind(row["kind"]),
            int(row["number"]),
            row["first_at"],
            row["last_at"],
        )
        found.setdefault(int(row["file_id"]), []).append(signal)
    return found
