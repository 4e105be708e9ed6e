"""What happens to calls and rounds, whoever dials: intended, followed, finished; reached, exhausted, stopped.

Every change is made on the row as it lies there now, so a slow worker never overwrites what a person has decided.
"""

from datetime import datetime, timedelta

from django.conf import settings
from django.db import IntegrityError, transaction

from sakimori.accounts.models import User
from sakimori.customers import audit
from sakimori.customers.models import Contact, Contract
from sakimori.customers.queries import running
from sakimori.lib.jst import day_of
from sakimori.notify.actions import acknowledge, raise_alarm
from sakimori.notify.callees import digits_of
from sakimori.notify.models import Alarm, Call, CallMatter, CallRound, CallState, RoundState, Severity

GOING_ON = (CallState.INTENDED, CallState.RINGING, CallState.ANSWERED)
SYSTEM = "sakimori"
# An operator who has begun to dial and was called away does not keep a number, or a round, for ever.
LONGEST_BY_HAND = timedelta(minutes=10)
# Somebody's phone has rung, whatever came of it: the number is alive.
_ALIVE = (
    CallState.CONFIRMED,
    CallState.UNCONFIRMED,
    CallState.DECLINED,
    CallState.BUSY,
    CallState.NO_ANSWER,
    CallState.MACHINE,
)


def going_on(round_: CallRound) -> Call | None:
    """The call of a round that is under way; there is at most one."""
    return round_.calls.filter(state__in=GOING_ON).order_by("place").first()


def next_planned(round_: CallRound) -> Call | None:
    """Whom to call next."""
    return round_.calls.filter(state=CallState.PLANNED).order_by("place").first()


def is_wanted(round_: CallRound, now: datetime) -> bool:
    """Whether the round may go on: a customer none of whose contracts runs any more is not called."""
    if round_.customer_id is None:
        return True
    return Contract.objects.filter(running(day_of(now)), customer=round_.customer_id).exists()


def intend(call: Call, *, now: datetime, by: User | None = None) -> bool:
    """Write down that this person is called, before a phone rings. False when somebody else was quicker.

    Whoever dials takes the number's line, so that no number rings twice at once: also False while that is taken.
    """
    line = call.digits or digits_of(call.number) or None
    try:
        with transaction.atomic():
            planned = Call.objects.filter(pk=call.pk, state=CallState.PLANNED, round__state=RoundState.RUNNING)
            if not planned.update(state=CallState.INTENDED, intended_at=now, entered_by=by, line=line):
                return False
            _record("call.intended", call, by, now)
    except IntegrityError:
        return False
    call.refresh_from_db()
    return True


def follow(call: Call, state: CallState, *, now: datetime) -> None:
    """A call that goes on rings or was answered."""
    if call.state == state and call.rang_at:
        return
    call.rang_at = call.rang_at or now
    call.state = state
    Call.objects.filter(pk=call.pk, ended_at=None).update(state=state, rang_at=call.rang_at)


def finish(
    call: Call,
    state: CallState,
    *,
    now: datetime,
    by: User | None = None,
    spoke_with: str = "",
    error: str = "",
    blames_number: bool = True,
) -> bool:
    """Write down how a call ended, and whether its round is at its end. False when that is written down already.

    blames_number: False when a failure is the provider's own, and says nothing of the number.
    """
    with transaction.atomic():
        columns = {"state": state, "ended_at": now, "spoke_with": spoke_with, "last_error": error[:300], "line": None}
        if by is not None:
            columns["entered_by"] = by
        if not Call.objects.filter(pk=call.pk, ended_at=None, state__in=GOING_ON).update(**columns):
            return False
        _record(f"call.{state}", call, by, now)
        if blames_number:
            _prove(call, state, by, now)
        _give_back(call, state, by, now)
        if state == CallState.CONFIRMED and not call.round.is_drill:
            _reached(call, now)
        elif next_planned(call.round) is None:
            exhaust(call.round, now=now)
    return True


def _prove(call: Call, state: CallState, by: User | None, now: datetime) -> None:
    """What the call has shown of the contact's number: alive, proven by its owner, or dead.

    A provider's failure counts as the number's only in a drill: in an alarm it may be the provider's own.
    """
    if call.contact_id is None:
        return
    contact = Contact.objects.filter(pk=call.contact_id)
    if state in _ALIVE:
        contact.exclude(failed_at=None).update(failed_at=None)
    if state == CallState.CONFIRMED:
        contact.update(proven_at=now)
    elif state == CallState.FAILED and (call.round.is_drill or by is not None):
        contact.filter(failed_at=None).update(failed_at=now)
        customer = call.round.customer.name if call.round.customer else ""
        raise_alarm(
            key=f"dead-number:{call.contact_id}",
            severity=Severity.LOW,
            sentence=f"{customer} の連絡先 {call.name} 様の電話番号は不通です。お客様に番号をご確認ください。",
            link=page_of_round(call.round),
            now=now,
        )


def _give_back(call: Call, state: CallState, by: User | None, now: datetime) -> None:
    """The round goes on at once; after a call that only a person could dial, by itself again."""
    row = CallRound.objects.filter(pk=call.round_id)
    if by is not None:
        row.filter(hand_for_one=True).update(by_hand=False, hand_for_one=False, hand_since=None, waits_since=now)
    elif call.rang_at is not None or state in _ALIVE:
        row.update(waits_since=now)
    row.filter(state=RoundState.RUNNING, by_hand=False).update(next_try_at=now)


def _reached(call: Call, now: datetime) -> None:
    """A person has it: what he was told is told. For an alarm, pressing the key is his acknowledgement."""
    told = CallMatter.objects.filter(round=call.round_id, told_at=None)
    told.filter(added_at__lte=call.intended_at or now).update(told_at=now)
    end_round(call.round, RoundState.REACHED, now=now)
    if call.user is not None:
        for alarm in Alarm.objects.filter(call_round=call.round, acknowledged_at=None):
            acknowledge(alarm, by=call.user, now=now)


def exhaust(round_: CallRound, *, now: datetime) -> None:
    """Everybody on the list was tried: after a pause it begins again; after the last time the SOC lead is called."""
    with transaction.atomic():
        row = CallRound.objects.select_related("customer").get(pk=round_.pk)
        if none_accepted(row) and (row.is_drill or row.customer is None):
            alarm_refused(row, now=now)
        if row.is_drill:
            end_round(row, RoundState.DONE, now=now)
        elif row.customer is not None and _goes_on(row):
            pause = timedelta(0) if none_accepted(row) else timedelta(minutes=settings.CONFIG.round_pause_minutes)
            CallRound.objects.filter(pk=row.pk, state=RoundState.RUNNING, resumes_at=None).update(
                resumes_at=now + pause
            )
        else:
            _nobody_reached(row, now)


def _goes_on(row: CallRound) -> bool:
    """Whether the list is begun again: as often as the setting says, and once by hand where no call was accepted."""
    return row.calls.exists() and (row.lap < settings.CONFIG.rounds or none_accepted(row))


def none_accepted(round_: CallRound) -> bool:
    """Whether the provider has refused every call of this time through the list: then an operator must dial."""
    made = round_.calls.filter(lap=round_.lap).exclude(state=CallState.SKIPPED)
    return (
        not round_.by_hand
        and round_.state == RoundState.RUNNING
        and made.exists()
        and not made.exclude(state=CallState.FAILED, rang_at=None).exists()
    )


def alarm_refused(round_: CallRound, *, now: datetime) -> None:
    """The provider has refused every number: why, in its words, which name the setting where one is to blame."""
    refused = round_.calls.filter(state=CallState.FAILED, rang_at=None).exclude(last_error="").order_by("-lap", "place")
    reason = refused.values_list("last_error", flat=True).first() or ""
    raise_alarm(
        key="phone-refused",
        severity=Severity.LOW if round_.is_drill else Severity.HIGH,
        sentence=f"電話の発信サービスが、どの番号への発信も受け付けません。手動で架電してください。"
        f"{reason}（{round_.subject}）",
        link=page_of_round(round_),
        now=now,
    )


def _nobody_reached(round_: CallRound, now: datetime) -> None:
    """The SOC must know, and when it was a customer who was not reached, its lead is phoned at once."""
    if not end_round(round_, RoundState.EXHAUSTED, now=now):
        return
    who = round_.customer.name if round_.customer else "SOC の当番"
    alarm = raise_alarm(
        key=f"not-reached:{round_.pk}" if round_.customer else "duty-not-reached",
        severity=Severity.HIGH,
        sentence=f"{who}のどなたにも電話で連絡がつきませんでした。（{round_.subject}）",
        link=page_of_round(round_),
        now=now,
    )
    if round_.customer is not None:
        Alarm.objects.filter(pk=alarm.pk, acknowledged_at=None).update(due_at=now)


def end_round(round_: CallRound, state: RoundState, *, now: datetime, by: User | None = None, reason: str = "") -> bool:
    """End a running round. False when it has ended already.

    A call that an operator had begun to dial is over too; a phone that rings by itself is hung up by the duty.
    Alarms that nobody has acknowledged all the same are phoned about again, after the same time as at first.
    """
    with transaction.atomic():
        running_round = CallRound.objects.filter(pk=round_.pk, state=RoundState.RUNNING)
        if not running_round.update(state=state, ended_at=now, stopped_by=by, stop_reason=reason[:200]):
            return False
        audit.record(
            f"callround.{state}",
            by=by.username if by else SYSTEM,
            target=f"callround:{round_.pk}",
            now=now,
            customer=round_.customer,
        )
        begun = Call.objects.filter(round=round_, state=CallState.INTENDED, entered_by__isnull=False)
        for call in begun.select_related("round__customer"):
            finish(call, CallState.FAILED, now=now, by=by, error="架電が終了しました。")
        again = now + timedelta(minutes=settings.CONFIG.alarm_minutes)
        Alarm.objects.filter(call_round=round_, acknowledged_at=None).update(due_at=again)
    return True


def page_of_round(round_: CallRound) -> str:
    """The console's page about a round; what notify writes into alarms."""
    return f"/console/calls/{round_.pk}/"


def _record(action: str, call: Call, by: User | None, now: datetime) -> None:
    actor = by.username if by else SYSTEM
    audit.record(action, by=actor, target=f"call:{call.pk}", now=now, customer=call.round.customer)
