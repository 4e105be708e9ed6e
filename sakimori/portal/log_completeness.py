"""ログの到達状況 on the log page: until when a contract's log is complete, what is missing, and how late it comes."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings

from sakimori.customers.models import Contract
from sakimori.lib.calendar import first_kept_day
from sakimori.lib.jst import day_of, start_of_day
from sakimori.logs.completeness import gap_sentence, sentence_of
from sakimori.logs.flow import Lag
from sakimori.logs.health import health_of


@dataclass(frozen=True, slots=True)
class LogCompleteness:
    """The sentence, every gap of the days that are kept where the sentence names only some, and the delays."""

    sentence: str
    gaps: list[str]
    source: Lag | None
    ours: Lag | None


def log_completeness(contract: Contract, *, now: datetime) -> LogCompleteness:
    """For a contract that the caller may see. The delays are those of the door through which a file came last."""
    today = day_of(now)
    # From the day of cancellation on nothing is meant to come.
    limit = timedelta(minutes=settings.CONFIG.silent_minutes) if contract.runs_on(today) else timedelta.max
    kept = start_of_day(first_kept_day(today))
    health = health_of([contract.pk], now=now, limit=limit, reaching=kept)[contract.pk]
    newest = max(health.doors, key=lambda door: door.last_received_at, default=None)
    return LogCompleteness(
        sentence=sentence_of(health.completeness, now=now),
        gaps=[gap_sentence(gap, now=now) for gap in reversed(health.completeness.gaps)],
        source=newest.source if newest else None,
        ours=newest.ours if newest else None,
    )
