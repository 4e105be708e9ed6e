"""Finding signals in the log store: one query for many stored files, counted by file and site."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sakimori.incidents.models import IncidentKind, SignalSource
from sakimori.logs.access_lines import BLOCKED_DDOS, ORIGIN_DOWN
from sakimori.logs.attack_kinds import AttackKind
from sakimori.logs.searching import IS_TIMELY, OF_FILES_SQL, WITH_FILES_SQL, Searched, values_of
from sakimori.logs.store.clickhouse import EVENTS
from sakimori.logs.store.interface import LogStore

_SIGNALS = f"""
WITH {WITH_FILES_SQL}
SELECT
    file_id, site_id, any(site) AS site, min(time) AS first_at, max(time) AS last_at, count() AS number,
    if(act = '{ORIGIN_DOWN}', '{IncidentKind.ORIGIN_DOWN.value}', '{IncidentKind.DDOS.value}') AS kind
FROM {EVENTS}
WHERE {OF_FILES_SQL}
    AND (act IN ('{ORIGIN_DOWN}', '{BLOCKED_DDOS}') OR has(attack_kinds, '{AttackKind.DDOS.value}'))
GROUP BY file_id, site_id, kind, {IS_TIMELY}
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


def signals_in_files(store: LogStore, files: Sequence[Searched]) -> dict[int, list[Signal]]:
    """Every signal that stored files hold, by file; late events are apart. Files without any are left out."""
    if not files:
        return {}
    found: dict[int, list[Signal]] = {}
    for row in store.query(_SIGNALS, values_of(files)):
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
