"""Who was not let in at the syslog door: counted in memory, and written down every few seconds for the SOC to see.

Anybody on the internet may knock as often as he likes. So only so many are kept apart, in memory and in the database,
and the service's own log has one line for all that came since the last one.
"""

from collections import Counter
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from threading import Lock

import structlog
from django.db import DatabaseError, close_old_connections, transaction
from django.db.models import F

from sakimori.logs.models import Refusal, RefusedSender

_log = structlog.get_logger()
_MOST_WAITING, _MOST_LOGGED, _MOST_KEPT = 20, 5, 100
KEPT_FOR = timedelta(days=7)
Who = tuple[str, Refusal]


class Refusals:
    """What one process has refused and not written down yet. For several threads."""

    def __init__(self, clock: Callable[[], datetime]) -> None:
        self._clock = clock
        self._lock = Lock()
        self._waiting: Counter[Who] = Counter()

    def note(self, address: str, why: Refusal) -> None:
        """Count somebody who was not let in. Does not block."""
        with self._lock:
            self._add((address, why), 1)

    def write(self) -> None:
        """Write down and log what came since the last time. What the database does not take waits."""
        with self._lock:
            waiting, self._waiting = self._waiting, Counter()
        if not waiting:
            return
        try:
            _write(waiting, self._clock())
        except DatabaseError as error:
            with self._lock:
                for who, times in waiting.items():
                    self._add(who, times)
            _log.warning("syslog.refusals_postponed", times=waiting.total(), error=str(error)[:300])
        else:
            named = [f"{address or 'others'} ({why.value})" for (address, why), _ in waiting.most_common(_MOST_LOGGED)]
            _log.warning("syslog.refused", times=waiting.total(), senders=named)

    def _add(self, who: Who, times: int) -> None:
        is_kept_apart = who in self._waiting or len(self._waiting) < _MOST_WAITING
        self._waiting[who if is_kept_apart else ("", who[1])] += times


def _write(waiting: Mapping[Who, int], now: datetime) -> None:
    close_old_connections()
    with transaction.atomic():
        for (address, why), times in sorted(waiting.items()):
            row, _ = RefusedSender.objects.get_or_create(
                address=address, why=why, defaults={"first_at": now, "last_at": now}
            )
            RefusedSender.objects.filter(pk=row.pk).update(times=F("times") + times, last_at=now)
        newest = RefusedSender.objects.order_by("-last_at", "-pk").values_list("pk", flat=True)[:_MOST_KEPT]
        RefusedSender.objects.exclude(pk__in=list(newest)).delete()


def forget_refused(*, now: datetime) -> int:
    """Let go of those who have not come for some days. Returns how many."""
    return RefusedSender.objects.filter(last_at__lt=now - KEPT_FOR).delete()[0]
