"""What happens to calls and rounds, whoever dials: intended, followed, finished; reached, exhausted, stopped.

Every change is made on the row as it lies there now, so a slow worker never overwrites what a person has decided.
"""

from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction

from sakimori.accounts.models import User
from sakimori.customers import audit
from sakimori.customers.models import Contract
from sakimori.customers.queries import running
from sakimori.lib.jst import day_of
from sakimori.notify.actions import acknowledge, raise_alarm
from sakimori.notify.models import Alarm, Call, CallRound, CallState, RoundState, Severity

GOING_ON = (CallState.INTENDED, CallState.RINGING, CallState.ANSWERED)
SYSTEM = "sakimori"


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
    """Write down that this person is called, before a phone rings. False when somebody else was quicker."""
    with transaction.atomic():
        planned = Call.objects.filter(pk=call.pk, state=CallState.PLANNED, round__state=RoundState.RUNNING)
        if not planned.update(state=CallState.INTENDED, intended_at=now, entered_by=by):
            return False
        _record("call.intended", call, by, now)
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
    call: Call, state: CallState, *, now: datetime, by: User | None = None, spoke_with: str = "", error: str = ""
) -> bool:
    """Write down how a call ended, and whether its round is at its end. False when that is written down already."""
    with transaction.atomic():
        columns = {"state": state, "ended_at": now, "spoke_with": spoke_with, "last_error": error[:300]}
        if by is not None:
            columns["entered_by"] = by
        if not Call.objects.filter(pk=call.pk, ended_at=None, state__in=GOING_ON).update(**columns):
            return False
        _record(f"call.{state}", call, by, now)
        if state == CallState.CONFIRMED:
            _reached(call, now)
        elif next_planned(call.round) is None:
            exhaust(call.round, now=now)
    return True


def _reached(call: Call, now: datetime) -> None:
    """A person has it. For an alarm, pressing the key is his acknowledgement."""
    end_round(call.round, RoundState.REACHED, now=now)
    if call.user is not None:
        for alarm in Alarm.objects.filter(call_round=call.round, acknowledged_at=None):
            acknowledge(alarm, by=call.user, now=now)


def exhaust(round_: CallRound, *, now: datetime) -> None:
    """Everybody was tried and nobody reached: the SOC must know."""
    with transaction.atomic():
        if not end_round(round_, RoundState.EXHAUSTED, now=now):
            return
        about_alarms = round_.customer is None
        who = round_.customer.name if round_.customer else "SOC の当番"
        raise_alarm(
            key="duty-not-reached" if about_alarms else f"not-reached:{round_.pk}",
            severity=Severity.HIGH,
            sentence=f"{who}のどなたにも電話で連絡がつきませんでした。（{round_.subject}）",
            link=page_of_round(round_),
            now=now,
        )


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
