"""Watches the promises of the table of severities: the SOC is alarmed before one is broken, and once when one is."""

from datetime import datetime, timedelta

from django.db.models import Q

from sakimori.customers.queries import running
from sakimori.incidents.models import Decision, Incident
from sakimori.incidents.opening import link_of
from sakimori.incidents.telling import clocks_of, promises_of
from sakimori.lib.jst import day_of, written
from sakimori.notify.actions import note_over, raise_alarm
from sakimori.notify.exercise import MARK
from sakimori.notify.models import Alarm, Severity
from sakimori.notify.severity import CHANNEL_WORDS, Keeping, Promise

_LOOKED_BACK = timedelta(days=1)
_AT_ONCE = 500


def watch_promises(*, now: datetime) -> int:
    """Raise what is due or broken, each once; say of raised ones that they are kept by now. Returns how many alarms."""
    owed = Q(ended_at=None) | Q(told_at__isnull=False, opened_at__gt=now - _LOOKED_BACK)
    rows = Incident.objects.filter(running(day_of(now), contract="contract"), owed).exclude(decision=Decision.KEEP)
    incidents = list(rows.select_related("contract__customer", "site").order_by("-opened_at")[:_AT_ONCE])
    clocks = clocks_of(incidents)
    return sum(
        _look(incident, promise, now)
        for incident in incidents
        for promise in promises_of(incident, clocks[incident.pk], now=now)
    )


def _look(incident: Incident, promise: Promise, now: datetime) -> int:
    begin = f"promise:{incident.pk}:{promise.channel}"
    if promise.done_at is not None:
        done = f"（{written(promise.done_at)} に実施済み）"
        told = Alarm.objects.filter(key__startswith=f"{begin}:", acknowledged_at=None)
        for alarm in told.exclude(sentence__endswith=done):
            note_over(alarm, sentence=f"{alarm.sentence[: 300 - len(done)]}{done}", now=now)
        return 0
    if promise.keeping not in (Keeping.DUE, Keeping.BROKEN):
        return 0
    key = f"{begin}:{promise.keeping}"
    if Alarm.objects.filter(key=key).exists():
        return 0
    raise_alarm(key=key, severity=Severity.HIGH, sentence=_sentence(incident, promise), link=link_of(incident), now=now)
    return 1


def _sentence(incident: Incident, promise: Promise) -> str:
    mark = MARK if incident.is_exercise else ""
    place = incident.site.domain if incident.site else f"契約 {incident.contract.number}"
    when = f"期限 {written(promise.due_at)}"
    state = "を過ぎました" if promise.keeping is Keeping.BROKEN else "が近づいています"
    words = f"{incident.contract.customer.name} {place} への連絡（{promise.words}）の{when} {state}。"
    return f"{mark}{words}{CHANNEL_WORDS[promise.channel]}での連絡はまだ行われていません。"
