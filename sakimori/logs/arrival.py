"""ログの到達状況 on the log page: until when a contract's log is complete, what is missing, and how late it comes."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.conf import settings

from sakimori.customers.models import Contract
from sakimori.lib.jst import day_of, start_of_day
from sakimori.logs.completeness import gap_sentence, sentence_of
from sakimori.logs.flow import Lag
from sakimori.logs.gaps import troubled
from sakimori.logs.health import health_of


@dataclass(frozen=True, slots=True)
class Arrival:
    """The sentence, every gap of the days that are kept where the sentence names only some, and the delays.

    has_come: whether anything came by itself: until then nothing is well, even without a gap.
    troubled: something is missing; a number that the vendor skipped is no reason to warn anybody.
    unread: files or lines that could not be read are among the gaps.
    """

    sentence: str
    has_come: bool
    gaps: list[str]
    troubled: bool
    source: Lag | None
    ours: Lag | None
    unread: bool


def arrival_of(contract: Contract, *, kept_from: date, now: datetime) -> Arrival:
    """For a contract that the caller may see. The delays are those of the door through which a file came last."""
    # From the day of cancellation on nothing is meant to come.
    limit = timedelta(minutes=settings.CONFIG.silent_minutes) if contract.runs_on(day_of(now)) else timedelta.max
    health = health_of([contract.pk], now=now, limit=limit, reaching=start_of_day(kept_from))[contract.pk]
    newest = max(health.doors, key=lambda door: door.last_received_at, default=None)
    return Arrival(
        sentence=sentence_of(health.completeness, now=now),
        has_come=health.completeness.complete_until is not None,
        gaps=[gap_sentence(gap, now=now) for gap in reversed(health.completeness.gaps)],
        troubled=troubled(health.completeness.gaps),
        source=newest.source if newest else None,
        ours=newest.ours if newest else None,
        unread=health.completeness.has_unread,
    )
