"""What the simulated traffic amounts to, per site and five minutes; and the bandwidth that is billed for it."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone

from sakimori.simulators.spec import AccountSpec, SiteSpec
from sakimori.simulators.state import State

BUCKET_MS = 300_000
JST = timezone(timedelta(hours=9))


@dataclass(frozen=True, slots=True)
class Span:
    """From `start_ms` (included) to `end_ms` (excluded)."""

    start_ms: int
    end_ms: int


def add_tally(state: State, site_id: int, at_ms: int, amounts: dict[str, int]) -> None:
    """Count up: bytes, human, bot, blocked, or a threat's id."""
    bucket_ms = at_ms - at_ms % BUCKET_MS
    with state.change() as db:
        db.executemany(
            "INSERT INTO tally (site_id, bucket_ms, what, amount) VALUES (?, ?, ?, ?)"
            " ON CONFLICT DO UPDATE SET amount = amount + excluded.amount",
            [(site_id, bucket_ms, what, amount) for what, amount in amounts.items()],
        )


def series(state: State, site: SiteSpec, what: str, span: Span) -> dict[int, int]:
    """The tally by bucket start. Buckets without any are left out, but for bytes of a site with a baseline."""
    rows = state.rows(
        "SELECT bucket_ms, amount FROM tally WHERE site_id = ? AND what = ? AND bucket_ms >= ? AND bucket_ms < ?",
        site.site_id,
        what,
        span.start_ms - span.start_ms % BUCKET_MS,
        span.end_ms,
    )
    found = {row["bucket_ms"]: row["amount"] for row in rows}
    if what == "bytes" and site.baseline_bps:
        for bucket_ms in range(span.start_ms - span.start_ms % BUCKET_MS, span.end_ms, BUCKET_MS):
            found[bucket_ms] = found.get(bucket_ms, 0) + _baseline_bytes(site, bucket_ms)
    return found


def billing_cycles(now_ms: int) -> tuple[Span, Span, Span]:
    """This calendar month (UTC) so far, the one before it, and the one before that."""
    moment = datetime.fromtimestamp(now_ms / 1000, UTC)
    current = moment.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    previous = (current - timedelta(days=1)).replace(day=1)
    earlier = (previous - timedelta(days=1)).replace(day=1)
    edges = [int(edge.timestamp() * 1000) for edge in (earlier, previous, current)]
    return Span(edges[2], now_ms), Span(edges[1], edges[2]), Span(edges[0], edges[1])


def billed_bps(state: State, account: AccountSpec, cycle: Span) -> int:
    """The 95th percentile of the five-minute averages over all sites; quiet buckets count as 0."""
    count = max(1, (cycle.end_ms - cycle.start_ms) // BUCKET_MS)
    totals: dict[int, int] = {}
    for site in account.sites:
        for bucket_ms, amount in series(state, site, "bytes", cycle).items():
            totals[bucket_ms] = totals.get(bucket_ms, 0) + amount
    averages = sorted(amount * 8_000 // BUCKET_MS for amount in totals.values())
    return _after_dropping(averages, count)


def _after_dropping(averages: Sequence[int], count: int) -> int:
    dropped = math.floor(count * 0.05)
    return averages[-1 - dropped] if len(averages) > dropped else 0


def _baseline_bytes(site: SiteSpec, bucket_ms: int) -> int:
    """A day with its low at 4 in the morning and its high at 16 (JST), wobbling a little."""
    local = datetime.fromtimestamp(bucket_ms / 1000, JST)
    hour = local.hour + local.minute / 60
    wave = 0.6 - 0.4 * math.cos((hour - 4) / 24 * 2 * math.pi)
    wobble = 1 - ((bucket_ms // BUCKET_MS * 7919 + site.site_id) % 100) / 1000
    return int(site.baseline_bps * wave * wobble * BUCKET_MS / 8_000)
