"""`./run bench blacklist`: how soon an attacker is blocked and an innocent is back, how a storm of attackers ends,
whether any address that must never be blocked is, and whether an entry is ever lost.

Everything but the last goes through the demo's real doors; the moments are read from the rows, the verdicts from the
simulated vendor's own record and from a list of forbidden addresses that is kept apart from the guard
(`tests/blacklist/forbidden.py`). The last is `./run bench histories`.
"""

import argparse
import sqlite3
import tempfile
import time
from collections.abc import Iterable, Sequence
from contextlib import closing
from datetime import UTC, datetime
from ipaddress import IPv6Address
from pathlib import Path

from bench.chain import click, restore_page
from bench.figures import summary
from bench.ledger import measure_histories
from sakimori.lib.addresses import parse_network
from sakimori.lib.jst import utc_now
from sakimori.run.demo.child import Child
from sakimori.run.demo.doors import NotAsExpected, Outside, wait_for
from sakimori.run.demo.play import SAKURA, Play, line
from tests.blacklist.forbidden import CRAWLERS, SPECIAL, VENDOR, borders, networks

_CAPS = {
    "SAKIMORI_CAP_CUSTOMER": "20000",
    "SAKIMORI_CAP_TOTAL": "20000",
    "SAKIMORI_LIST_LIMIT": "20000",
    "SAKIMORI_WAVE_MINUTES": "0.01",
}
_STORM_SECONDS = 600.0
_UNDECIDED = "SELECT count(*) FROM blacklist_finding WHERE state = 'new'"
_FINDINGS = "SELECT count(*) FROM blacklist_finding WHERE id > ?"
_OPEN = "SELECT count(*) FROM blacklist_block WHERE state IN ('approved', 'applying', 'restoring', 'unknown')"
_ACTIVE = """
SELECT min(logs_logfile.stored_at), blacklist_block.active_at FROM blacklist_block
JOIN blacklist_finding ON blacklist_finding.block_id = blacklist_block.id
JOIN logs_logfile ON logs_logfile.id = blacklist_finding.file_id
WHERE blacklist_block.address = ? AND blacklist_block.active_at IS NOT NULL GROUP BY blacklist_block.id
"""
_RESTORED = "SELECT restored_at FROM blacklist_block WHERE address = ? AND restored_at IS NOT NULL ORDER BY id DESC"
_ON_LIST = "SELECT address FROM blacklist_block WHERE state = 'active' AND contract_id = ?"
_CONTRACT = "SELECT id FROM customers_contract WHERE number = ?"


class Rows:
    """The demo's own rows, read beside it."""

    def __init__(self, folder: Path) -> None:
        self._file = folder / "sakimori.db"

    def all(self, sql: str, *values: object) -> list[tuple[object, ...]]:
        """All rows of a question."""
        with closing(sqlite3.connect(f"file:{self._file}?mode=ro", uri=True, timeout=20)) as database:
            return database.execute(sql, values).fetchall()

    def number(self, sql: str, *values: object) -> int:
        """The one number that is asked for."""
        return int(str(self.all(sql, *values)[0][0] or 0))


def measure_blacklist(arguments: Sequence[str]) -> dict[str, object]:
    """Rounds of one attack and one restore each, then a storm."""
    parser = argparse.ArgumentParser(prog="./run bench blacklist")
    parser.add_argument("--rounds", type=int, default=20, help="attacks, each restored by the customer's click")
    parser.add_argument("--findings", type=int, default=10_000, help="of the storm, one per address")
    parser.add_argument("--forbidden", type=int, default=1000, help="addresses at the borders of forbidden ranges")
    parser.add_argument("--histories", type=int, default=1000, help="of the vendor's list")
    parser.add_argument("--seed", type=int, default=0, help="of the first history")
    given = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory(prefix="sakimori-bench-") as name:
        folder = Path(name)
        child = Child(folder, environment=_CAPS)
        child.start()
        try:
            doors = child.doors()
            play, rows = Play(doors["base"], child.password(), Outside(doors)), Rows(folder)
            figures = {
                **_rounds(play, rows, given.rounds),
                **_forbidden(play, rows, given.forbidden),
                **_storm(play, rows, given.findings),
            }
        finally:
            child.stop()
    histories = measure_histories(given.histories, given.seed)
    # A history ends wrong when any entry, ours or somebody else's, is lost, comes back, or was never meant to be there.
    return {**figures, **histories, "entries_lost": histories["histories_wrong"]}


def _rounds(play: Play, rows: Rows, rounds: int) -> dict[str, float]:
    """Stored -> active and read back, click -> off the list and read back, one address after the other."""
    active, restored = [], []
    for number in range(rounds):
        address = f"198.51.100.{10 + number}"
        play.attack("sql_injection", address)
        wait_for(lambda address=address: rows.all(_ACTIVE, address), f"{address} active")
        stored_at, active_at = (_moment(text) for text in rows.all(_ACTIVE, address)[0])
        active.append((active_at - stored_at).total_seconds())
        page = restore_page(play, address)
        clicked_at = utc_now()
        click(play, page)
        wait_for(lambda address=address: rows.all(_RESTORED, address), f"{address} read back")
        restored.append((_moment(rows.all(_RESTORED, address)[0][0]) - clicked_at).total_seconds())
    return {"rounds": rounds, **summary("active", active), **summary("restored", restored)}


def _forbidden(play: Play, rows: Rows, number: int) -> dict[str, object]:
    """Attacks from so many addresses that must never be blocked: how many of them the vendor was ever told to block."""
    never = networks(SPECIAL, VENDOR, CRAWLERS)  # The others of that list are nobody's in the demo.
    addresses = [a for a in borders(4 * number) if any(a.version == n.version and a in n for n in never)][:number]
    last, now = rows.number("SELECT max(id) FROM blacklist_finding"), utc_now()
    play.outside.do("lines", account=SAKURA, lines=[line("SQL Injection", str(a), now) for a in addresses])
    wait_for(lambda: rows.number("SELECT count(*) FROM blacklist_finding WHERE id > ?", last), "found", seconds=60)
    wait_for(lambda: not rows.number(_UNDECIDED) and not rows.number(_OPEN), "all decided", seconds=_STORM_SECONDS)
    told = {text for call in play.outside.journal() for change in call["changes"] for text in change["added"]}
    written = {network for text in told if (network := parse_network(text)) is not None}
    hit = [a for a in addresses if any(a.version == n.version and a in n for n in written)]
    return {"forbidden_attackers": len(addresses), "forbidden_writes": len(hit)}


def _storm(play: Play, rows: Rows, findings: int) -> dict[str, object]:
    """So many attackers in one file: when is the last decision made, is the list right, how many calls."""
    last = rows.number("SELECT max(id) FROM blacklist_finding")
    calls = len(play.outside.journal())
    addresses = list(_attackers(findings))
    play.outside.do("switches", max_ips=2 * findings)  # How full a list may be is measured elsewhere.
    now = utc_now()
    began = time.monotonic()
    play.outside.do("lines", account=SAKURA, lines=[line("SQL Injection", address, now) for address in addresses])
    wait_for(lambda: rows.number(_FINDINGS, last) >= findings, "all found", seconds=_STORM_SECONDS)
    found = time.monotonic()
    wait_for(lambda: not rows.number(_UNDECIDED), "all decided", seconds=_STORM_SECONDS)
    decided = time.monotonic()
    try:
        wait_for(lambda: not rows.number(_OPEN), "all on the list", seconds=_STORM_SECONDS)
        is_settled = True
    except NotAsExpected:
        is_settled = False
    settled = time.monotonic()
    listed, ours = play.outside.blacklist(SAKURA), _ours(rows)
    return {
        "storm_findings": findings,
        "storm_found_s": round(found - began, 1),
        "storm_decided_s": round(decided - found, 1),
        "storm_settled_s": round(settled - decided, 1),
        "storm_is_settled": is_settled,
        "storm_calls": len(play.outside.journal()) - calls,
        "storm_listed": len(listed & set(addresses)),
        "storm_missing": len(ours - listed),
    }


def _ours(rows: Rows) -> set[str]:
    contract = rows.all(_CONTRACT, "K-2026-0001")[0][0]
    return {str(row[0]) for row in rows.all(_ON_LIST, contract)}


def _attackers(number: int) -> Iterable[str]:
    """Addresses of documentation only, each in a /64 of its own."""
    first = int(IPv6Address("2001:db8:4000::1"))
    return (str(IPv6Address(first + (index << 64))) for index in range(number))


def _moment(text: object) -> datetime:
    """SQLite holds moments as text in UTC."""
    return datetime.fromisoformat(str(text)).replace(tzinfo=UTC)
