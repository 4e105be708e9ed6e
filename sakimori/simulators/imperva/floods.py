"""Floods: attacks that are only seen in the vendor's statistics, as long as they last. No log line tells of them."""

from dataclasses import dataclass

from sakimori.simulators.imperva.bandwidth import BUCKET_MS, Span
from sakimori.simulators.state import State

DDOS = "api.threats.ddos"
_MOST = 1_000_000


@dataclass(frozen=True, slots=True)
class Flood:
    """How hard: requests that the vendor blocks, and what it counts as DDoS incidents."""

    blocked_per_second: float
    incidents_per_minute: float

    def per_ms(self, what: str) -> float:
        """How much is counted of something in a millisecond."""
        if what == "blocked":
            return self.blocked_per_second / 1000
        return self.incidents_per_minute / 60_000 if what == DDOS else 0.0


def start_flood(state: State, site_id: int, flood: Flood, now_ms: int) -> None:
    """From now on, beside those that there are. ValueError for what is no amount."""
    amounts = (flood.blocked_per_second, flood.incidents_per_minute)
    if not all(0 <= amount <= _MOST for amount in amounts) or not any(amounts):
        raise ValueError("how hard is the flood to be?")
    with state.change() as db:
        db.execute("INSERT INTO flood VALUES (?, ?, NULL, ?, ?)", (site_id, now_ms, *amounts))


def stop_flood(state: State, site_id: int, now_ms: int) -> None:
    """All floods of a site are over."""
    with state.change() as db:
        db.execute("UPDATE flood SET until_ms = ? WHERE site_id = ? AND until_ms IS NULL", (now_ms, site_id))


def flooded(state: State, site_id: int, what: str, span: Span) -> dict[int, int]:
    """What the floods amount to, by the beginning of five minutes; `span` ends now or earlier."""
    rows = state.rows(
        "SELECT * FROM flood WHERE site_id = ? AND since_ms < ? AND (until_ms IS NULL OR until_ms > ?)",
        site_id,
        span.end_ms,
        span.start_ms,
    )
    found: dict[int, int] = {}
    for row in rows:
        rate = Flood(row["blocked_per_second"], row["incidents_per_minute"]).per_ms(what)
        begins, ends = max(row["since_ms"], span.start_ms), min(row["until_ms"] or span.end_ms, span.end_ms)
        for bucket_ms in range(begins - begins % BUCKET_MS, ends, BUCKET_MS) if rate else ():
            inside_ms = min(ends, bucket_ms + BUCKET_MS) - max(begins, bucket_ms)
            found[bucket_ms] = found.get(bucket_ms, 0) + int(inside_ms * rate)
    return found
