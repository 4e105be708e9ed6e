"""How the watches of the intake tell the SOC: of what lasts, of what has happened, and that it is over."""

from collections.abc import Collection
from datetime import datetime, timedelta

from django.db.models import Q

from sakimori.customers.models import Contract
from sakimori.customers.queries import running
from sakimori.lib.jst import day_of
from sakimori.notify.actions import end_alarm, raise_alarm
from sakimori.notify.models import Alarm, Severity

LINK = "/console/intake/"
# Whoever has taken an alarm is left alone for a shift, and never for longer than this.
_LONGEST_AGAIN = timedelta(days=1)


def tell_on(
    key: str,
    sentence: str,
    severity: Severity,
    *,
    now: datetime,
    since: datetime | None = None,
    again: timedelta = timedelta(hours=1),
) -> None:
    """Raise an alarm that counts up while it lasts; once a person has taken it, it stays away for a while (`again`).

    Who took an alarm whose cause has ended since has not heard of this. since: when all was well the last time, if
    that is known: it may have been for a shorter time than the watches look.
    """
    taken = Alarm.objects.filter(key=key, acknowledged_at__gt=now - again, over_at=None)
    if not (taken if since is None else taken.filter(last_at__gt=since)).exists():
        raise_alarm(key=key, severity=severity, sentence=sentence, link=LINK, now=now)


def tell_once(key: str, sentence: str, severity: Severity, *, now: datetime, since: datetime | None = None) -> None:
    """Raise an alarm unless this very trouble (`since` then) was told of, whatever became of that alarm."""
    told = Alarm.objects.filter(key=key)
    if not (told if since is None else told.filter(last_at__gt=since)).exists():
        raise_alarm(key=key, severity=severity, sentence=sentence, link=LINK, now=now)


def tell_over(kind: str, lasting: Collection[str], sentence: str, *, now: datetime) -> None:
    """Say of a kind's alarms that their cause is gone, unless their keys are among those that last.

    Their keys begin with the kind and end with the contract's. sentence: what is said behind the contract's name; of a
    contract that has ended nothing is said, for what failed may fail still.
    """
    heeded = Q(acknowledged_at=None) | Q(acknowledged_at__gt=now - _LONGEST_AGAIN)
    alarms = Alarm.objects.filter(heeded, key__startswith=f"{kind}:", over_at=None).exclude(key__in=lasting)
    by_key = {key: key.rpartition(":")[2] for key in alarms.values_list("key", flat=True).distinct()}
    going_on = Contract.objects.filter(running(day_of(now))).select_related("customer").in_bulk(by_key.values())
    for key, contract in by_key.items():
        if int(contract) in going_on:
            end_alarm(key, sentence=f"{going_on[int(contract)].named}{sentence}", now=now)
