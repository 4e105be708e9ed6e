"""Finding signals in the log store: one query per stored file, counted by site."""

from dataclasses import dataclass
from datetime import datetime

from sakimori.incidents.models import IncidentKind
from sakimori.logs.access_lines import BLOCKED_DDOS, ORIGIN_DOWN
from sakimori.logs.attack_kinds import AttackKind
from sakimori.logs.lateness import TIMELY_SQL, Timely
from sakimori.logs.store.clickhouse import EVENTS
from sakimori.logs.store.interface import LogStore

_SIGNALS = f"""
SELECT
    site_id, any(site) AS site, min(time) AS first_at, max(time) AS last_at, count() AS number,
    if(act = '{ORIGIN_DOWN}', '{IncidentKind.ORIGIN_DOWN.value}', '{IncidentKind.DDOS.value}') AS kind
FROM {EVENTS}
WHERE contract_id = {{contract_id:UInt32}} AND file_id = {{file_id:UInt64}}
    AND (act IN ('{ORIGIN_DOWN}', '{BLOCKED_DDOS}') OR has(attack_kinds, '{AttackKind.DDOS.value}'))
GROUP BY site_id, kind, {TIMELY_SQL}
ORDER BY site_id, kind, last_at
"""  # noqa: S608 - only constants of ours are put in; values go as bound parameters


@dataclass(frozen=True, slots=True)
class Signal:
    """Events of one file that say that a site is attacked (DDOS) or that its servers do not answer (ORIGIN_DOWN).

    All of them are late, or none is.
    """

    site_id: int | None
    site: str
    kind: IncidentKind
    number: int
    first_at: datetime
    last_at: datetime


def signals_in_file(store: LogStore, *, contract_id: int, file_id: int, timely: Timely) -> list[Signal]:
    """Every signal that a stored file holds. Late events are apart."""
    rows = store.query(_SIGNALS, {"contract_id": contract_id, "file_id": file_id, **timely.parameters()})
    return [
        Signal(
            row["site_id"],
            row["site"],
            IncidentKind(row["kind"]),
            int(row["number"]),
            row["first_at"],
            row["last_at"],
        )
        for row in rows
    ]
