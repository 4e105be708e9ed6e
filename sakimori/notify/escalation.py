"""An alarm that nobody acknowledges goes on: by mail to the people on duty at once, by phone after its deadline.

One round of calls about alarms runs at a time, and it tells of everything that is due: nobody's phone rings twice.
"""

from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet

from sakimori.notify.actions import raise_alarm, write_soc_mail
from sakimori.notify.alarm_texts import AlarmFacts, call_matter, call_subject, mail_body, mail_subject
from sakimori.notify.calling import Callee, begin_round
from sakimori.notify.models import Alarm, Call, CallRound, RoundState, Severity
from sakimori.notify.queries import open_alarms
from sakimori.notify.roster import current_shift, people_of
from sakimori.notify.rounds import GOING_ON, LONGEST_BY_HAND, end_round

_KEY = "alarm:"
_NOBODY = "nobody-on-duty"
_AT_ONCE = 50


def mail_new_alarms(*, now: datetime) -> int:
    """Mail each new alarm once to everybody of the running shift. Returns how many. Without a shift they wait."""
    new = list(open_alarms().filter(mailed_at=None)[:_AT_ONCE])
    shift = current_shift(now) if new else None
    if shift is None:
        return 0
    people = [(person.shown_name, person.email) for person in people_of(shift)]
    config = settings.CONFIG
    for alarm in new:
        facts = _facts(alarm)
        with transaction.atomic():
            write_soc_mail(
                key=f"{_KEY}{alarm.pk}",
                people=people,
                subject=mail_subject(facts),
                body=mail_body(facts, service_name=config.service_name, base_url=config.base_url),
                now=now,
            )
            Alarm.objects.filter(pk=alarm.pk).update(mailed_at=now)
    return len(new)


def phone_due_alarms(*, now: datetime) -> int:
    """Begin one round about all alarms that are overdue. Returns 1 when a round has begun."""
    _forget_the_future(now)
    if not _overdue(now).exists() or _is_calling():
        return 0
    shift = current_shift(now)
    if shift is None:
        _alarm_nobody(now)
        return 0
    people = [Callee(person.shown_name, person.phone, person) for person in people_of(shift) if person.phone]
    with transaction.atomic():
        # Whoever comes second waits here, and then sees the first one's round.
        alarms = list(_overdue(now).select_for_update())
        if not alarms or _is_calling():
            return 0
        facts = [_facts(alarm) for alarm in alarms]
        first = alarms[0]
        round_ = begin_round(
            key=f"{_KEY}{first.pk}:{int(first.due_at.timestamp()) if first.due_at else 0}",
            customer=None,
            people=people,
            subject=call_subject(facts),
            say=call_matter(facts),
            link="/console/alarms/history/",
            now=now,
        )
        chosen = Alarm.objects.filter(pk__in=[alarm.pk for alarm in alarms])
        chosen.update(call_round=round_)
        if round_.state != RoundState.RUNNING:
            chosen.update(due_at=now + timedelta(minutes=settings.CONFIG.alarm_minutes))
    return 1


def end_answered_rounds(*, now: datetime) -> int:
    """A round all of whose alarms somebody has acknowledged meanwhile calls nobody else. Returns how many ended.

    The others tell whom they call next how it stands by then: a cause may be gone.
    """
    ended = 0
    for round_ in _running_rounds():
        facts = [_facts(alarm) for alarm in open_alarms().filter(call_round=round_)]
        if not facts:
            ended += end_round(round_, RoundState.STOPPED, now=now, reason="アラームが確認されたため")
        elif (matter := call_matter(facts)) != round_.say:
            _running_rounds().filter(pk=round_.pk).update(say=matter, subject=call_subject(facts)[:200])
    return ended


def end_forgotten_sheets(*, now: datetime) -> int:
    """A round that was handed to the operators, and that none of them dials, begins anew by phone. Returns how many.

    At night nobody may see the sheet: then only the phone reaches the person on duty, as soon as it works again.
    """
    patience = timedelta(minutes=settings.CONFIG.alarm_minutes)
    dialling = Call.objects.filter(state__in=GOING_ON, intended_at__gt=now - LONGEST_BY_HAND)
    forgotten = _running_rounds().filter(by_hand=True, hand_since__lte=now - patience)
    ended = 0
    for round_ in forgotten.exclude(pk__in=dialling.values("round_id")):
        with transaction.atomic():
            if end_round(round_, RoundState.STOPPED, now=now, reason="手動の架電が始まらなかったため"):
                Alarm.objects.filter(call_round=round_, acknowledged_at=None).update(due_at=now)
                ended += 1
    return ended


def _forget_the_future(now: datetime) -> None:
    """No deadline is further away than a new one would be, unless the clock was put back."""
    due_at = now + timedelta(minutes=settings.CONFIG.alarm_minutes)
    open_alarms().filter(due_at__gt=due_at).update(due_at=due_at)


def _overdue(now: datetime) -> QuerySet[Alarm]:
    return open_alarms().filter(due_at__lte=now).exclude(severity=Severity.LOW)


def _running_rounds() -> QuerySet[CallRound]:
    return CallRound.objects.filter(customer=None, state=RoundState.RUNNING, key__startswith=_KEY)


def _is_calling() -> bool:
    return _running_rounds().exists()


def _alarm_nobody(now: datetime) -> None:
    """Once, and again when its own deadline has passed without anybody being put on the roster."""
    pause = timedelta(minutes=settings.CONFIG.alarm_minutes)
    if not Alarm.objects.filter(key=_NOBODY, last_at__gt=now - pause, last_at__lte=now).exists():
        raise_alarm(
            key=_NOBODY,
            severity=Severity.HIGH,
            sentence="当番者が登録されていません。アラームを誰にも電話できません。",
            link="/console/roster/",
            now=now,
        )


def _facts(alarm: Alarm) -> AlarmFacts:
    return AlarmFacts(
        severity=alarm.get_severity_display(),
        sentence=alarm.sentence,
        link=alarm.link,
        first_at=alarm.first_at,
        due_at=alarm.due_at,
    )
