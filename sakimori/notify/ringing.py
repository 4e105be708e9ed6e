"""One step of a round through a phone provider: what is known of the call under way, and what comes next.

No transaction is open while the provider is asked. The intent lies in the database before the phone rings, and after a
doubtful answer or a kill the provider is asked for our reference before anything is dialled again.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from sakimori.notify.handing import NEVER_RANG, UNREACHABLE, UNREACHABLE_SENTENCE, hand_over, is_about_to_open
from sakimori.notify.interface import (
    OutgoingCall,
    Phone,
    PhoneDoubtful,
    PhoneError,
    PhoneNotAllowed,
    PhoneRefused,
    PhoneState,
    PhoneStatus,
    PhoneUnavailable,
)
from sakimori.notify.models import Call, CallRound, CallState, RoundState
from sakimori.notify.rounds import (
    GOING_ON,
    exhaust,
    finish,
    follow,
    going_on,
    intend,
    next_planned,
)
from sakimori.notify.spoken import spoken

_AT_ONCE = timedelta(0)
_LOOK_AGAIN = timedelta(seconds=1)
_TRY_AGAIN = timedelta(seconds=5)
# After a doubtful answer the provider may need a moment until its own list shows the call.
_IN_FLIGHT = timedelta(seconds=3)
_UNREACHABLE = timedelta(seconds=60)
# So long a provider may keep a call before the phone rings; then the next person is tried.
_LONGEST_QUEUE = timedelta(seconds=30)
# Somebody who answered hears everything twice in this time; then the line is needed for the next person.
_LONGEST_TALK = timedelta(minutes=3)


@dataclass(frozen=True, slots=True)
class Voice:
    """With what calls are made. ring: a call that has rung for so long counts as not answered."""

    phone: Phone
    caller: str
    service_name: str
    ring: timedelta


def advance(round_: CallRound, voice: Voice, clock: Callable[[], datetime]) -> timedelta:
    """Do the next thing of a round that is due. Returns after how long to look again."""
    call = going_on(round_)
    try:
        if call is None:
            return _next(round_, voice, clock)
        return _look(call, voice, clock)
    except (PhoneUnavailable, PhoneDoubtful) as error:
        return _unreachable(round_, error, clock())


def _next(round_: CallRound, voice: Voice, clock: Callable[[], datetime]) -> timedelta:
    if round_.state != RoundState.RUNNING or is_about_to_open(round_, clock()):
        return _LOOK_AGAIN
    call = next_planned(round_)
    if call is None:
        exhaust(round_, now=clock())
        return _AT_ONCE
    busy_with_us = Call.objects.filter(number=call.number, state__in=GOING_ON, round__by_hand=False)
    if busy_with_us.exists():
        return _LOOK_AGAIN
    if not intend(call, now=clock()):
        return _AT_ONCE
    return _place(call, voice, clock)


def _place(call: Call, voice: Voice, clock: Callable[[], datetime]) -> timedelta:
    say = spoken(voice.service_name, call.name, call.round.say)
    try:
        status = voice.phone.call(OutgoingCall(call.reference, call.number, voice.caller, say))
    except PhoneRefused as refusal:
        # What our account may not call says nothing of the number.
        blames_number = not isinstance(refusal, PhoneNotAllowed)
        finish(call, CallState.FAILED, now=clock(), error=str(refusal), blames_number=blames_number)
        return _AT_ONCE
    return _judge(call, status, voice, clock)


def _look(call: Call, voice: Voice, clock: Callable[[], datetime]) -> timedelta:
    """Ask by reference. A call that the provider does not know was never placed, or it would be on its list."""
    status = voice.phone.status(call.reference)
    if status is not None:
        return _judge(call, status, voice, clock)
    if call.state == CallState.INTENDED and call.intended_at and clock() < call.intended_at + _IN_FLIGHT:
        return _LOOK_AGAIN
    if call.round.state == RoundState.RUNNING and call.state == CallState.INTENDED:
        return _place(call, voice, clock)
    finish(call, CallState.FAILED, now=clock(), error="発信サービスに通話の記録がありません。")
    return _AT_ONCE


def _judge(call: Call, status: PhoneStatus, voice: Voice, clock: Callable[[], datetime]) -> timedelta:
    CallRound.objects.filter(pk=call.round_id).exclude(unreachable_since=None).update(unreachable_since=None)
    if status.is_over:
        finish(call, _ended(status.state), now=clock(), spoke_with=_by_whom(call, status))
        return _AT_ONCE
    if status.state != PhoneState.QUEUED:
        follow(call, CallState(status.state.value), now=clock())
        is_too_long = _is_too_long(call, voice, clock())
    else:
        is_too_long = _is_queued_too_long(call, clock())
    if call.round.state == RoundState.RUNNING and not is_too_long:
        return _LOOK_AGAIN
    final = voice.phone.hang_up(call.reference) or status
    never_rang = status.state == PhoneState.QUEUED and final.state in (PhoneState.QUEUED, PhoneState.FAILED)
    error = NEVER_RANG if never_rang else ""
    finish(call, _cut_off(final.state), now=clock(), error=error, blames_number=not never_rang)
    return _AT_ONCE


def _is_queued_too_long(call: Call, now: datetime) -> bool:
    """Whether no phone has rung for so long that somebody else is tried, or an operator must dial in a moment."""
    is_late = call.intended_at is not None and now - call.intended_at >= _LONGEST_QUEUE
    return is_late or is_about_to_open(call.round, now)


def _is_too_long(call: Call, voice: Voice, now: datetime) -> bool:
    patience = voice.ring if call.state == CallState.RINGING else voice.ring + _LONGEST_TALK
    return call.rang_at is not None and now - call.rang_at >= patience


def _ended(state: PhoneState) -> CallState:
    """How a call ended, in our words. Lifting the receiver without a key is not reached."""
    if state == PhoneState.ANSWERED:
        return CallState.UNCONFIRMED
    if state == PhoneState.QUEUED:
        return CallState.FAILED
    if state == PhoneState.RINGING:
        return CallState.NO_ANSWER
    return CallState(state.value)


def _by_whom(call: Call, status: PhoneStatus) -> str:
    """Who was spoken with: only where an operator took the call over."""
    return f"{call.name[:80]}（SOC 担当者に転送）" if status.is_bridged else ""


def _cut_off(state: PhoneState) -> CallState:
    """As `_ended`, after we hung up ourselves: a call that rang until then was not answered."""
    return CallState.NO_ANSWER if state == PhoneState.BUSY else _ended(state)


def _unreachable(round_: CallRound, error: PhoneError, now: datetime) -> timedelta:
    """Try again for a while; then an operator must dial."""
    call = going_on(round_)
    if call is not None:
        Call.objects.filter(pk=call.pk).update(last_error=f"{type(error).__name__}: {error}"[:300])
    since = round_.unreachable_since or now
    if now - since < _UNREACHABLE:
        CallRound.objects.filter(pk=round_.pk).update(unreachable_since=since)
        return _TRY_AGAIN
    if round_.state == RoundState.RUNNING:
        hand_over(round_, key=UNREACHABLE, sentence=UNREACHABLE_SENTENCE, now=now)
    if call is not None:  # Nobody will ever hear how it ended, and it must not keep the operator from dialling.
        finish(call, CallState.FAILED, now=now, error="発信サービスに接続できず、通話の結果を確認できません。")
    return _TRY_AGAIN
