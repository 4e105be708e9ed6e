"""Nothing that waits for a person is forgotten: an alarm that somebody took comes again until he has decided.

Two things wait: whether a customer is told, and the end of an attack on a site that no visit can judge, which no
rule may end.
"""

from collections.abc import Collection
from datetime import datetime, timedelta

from django.db.models import OuterRef, Q, QuerySet, Subquery

from sakimori.customers.queries import running
from sakimori.incidents import texts
from sakimori.incidents.course import Turn
from sakimori.incidents.ending import is_calm
from sakimori.incidents.models import Decision, Incident, Verdict
from sakimori.incidents.opening import INCONCLUSIVE_KEY, alarm_key
from sakimori.lib.jst import day_of
from sakimori.notify.actions import end_alarm, raise_alarm
from sakimori.notify.models import Alarm, Severity

DECISION_KEY, END_KEY = "undecided", "endless"
_LINK = "/console/incidents/"
_AT_ONCE = 500


def remind(*, quiet: timedelta, again: timedelta, now: datetime) -> None:
    """Alarm again about what waits and was seen longer than `again` ago. quiet: so long without a signal is quiet."""
    waits = _undecided(now)
    keys = {row.pk: (alarm_key(row), INCONCLUSIVE_KEY, DECISION_KEY) for row in waits}
    seen = _seen({key for each in keys.values() for key in each}, now - again)
    forgotten = [row for row in waits if not seen & set(keys[row.pk]) and row.opened_at <= now - again]
    if forgotten:
        _raise(DECISION_KEY, texts.undecided_alarm(len(waits), forgotten[0]), now)
    elif not waits:
        end_alarm(DECISION_KEY, sentence=texts.NOTHING_WAITS, now=now)
    endless = [row for row in _unjudged(now) if is_calm(row, quiet=quiet, now=now)]
    if endless and not _seen({END_KEY}, now - again):
        _raise(END_KEY, texts.endless_alarm(len(endless), endless[0]), now)
    elif not endless:
        end_alarm(END_KEY, sentence=texts.NOTHING_WAITS, now=now)


def cannot_be_judged(incident: Incident) -> bool:
    """Whether the last look at the site of an open incident proved nothing, so that it cannot end by itself."""
    last = Turn.objects.filter(incident=incident).order_by("-at", "-pk").first()
    return incident.ended_at is None and last is not None and last.verdict == Verdict.INCONCLUSIVE


def _open(now: datetime) -> QuerySet[Incident]:
    rows = Incident.objects.filter(running(day_of(now), contract="contract"), ended_at=None, is_exercise=False)
    return rows.select_related("contract__customer", "site").order_by("opened_at", "pk")


def _undecided(now: datetime) -> list[Incident]:
    """What is held has an alarm of its own, and after a planned stop the next look decides."""
    rows = _open(now).filter(decision=Decision.WAITING, in_planned_stop=False)
    return list(rows.filter(Q(hold=None) | Q(hold__is_open=None))[:_AT_ONCE])


def _unjudged(now: datetime) -> list[Incident]:
    last = Turn.objects.filter(incident=OuterRef("pk")).order_by("-at", "-pk").values("verdict")[:1]
    rows = _open(now).exclude(decision=Decision.WAITING).annotate(shows=Subquery(last))
    return list(rows.filter(shows=Verdict.INCONCLUSIVE)[:_AT_ONCE])


def _seen(keys: Collection[str], since: datetime) -> set[str]:
    """The keys of alarms that are open, or that somebody has taken since then."""
    known = Q(acknowledged_at=None) & ~Q(sentence=texts.NOTHING_WAITS) | Q(acknowledged_at__gt=since)
    return set(Alarm.objects.filter(known, key__in=keys).values_list("key", flat=True))


def _raise(key: str, sentence: str, now: datetime) -> None:
    raise_alarm(key=key, severity=Severity.HIGH, sentence=sentence, link=_LINK, now=now)
