"""What is written down of calls at a provider: the intent, what call-backs tell, the talk. The duty of calls follows.

Every change is made on the row as it lies there, in one transaction; doing it twice changes nothing.
"""

import hashlib
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta

from django.db import transaction

from sakimori.lib.phone_account import PhoneAccount
from sakimori.notify import dialogue
from sakimori.notify.actions import raise_alarm
from sakimori.notify.dialogue import Bridged, Dialogue, Ended, Heard, Machine, Stage, Step, Wait
from sakimori.notify.handing import NEVER_RANG as NO_RING
from sakimori.notify.interface import PhoneState, PhoneStatus
from sakimori.notify.models import Call, CallRound, CallState, PhoneLeg, Severity
from sakimori.notify.provider_words import FINAL, IN_PROGRESS, NEVER_RANG, is_later, is_machine, joined
from sakimori.notify.rounds import finish, page_of_round

_LINGERS = timedelta(seconds=60)
# So often the provider's list is read, and for so long by its own clock, until a call that is not on it was never
# placed: a request may be on its way for ten seconds, and a new call be listed late. Read every five seconds.
_READINGS = 5
_LISTED_WITHIN = timedelta(seconds=20)
# So long another account is asked before one that let no phone ring.
_RESTS = timedelta(minutes=5)


class NotThisCall(Exception):
    """A question that does not fit the call: of a step that is past, or of a call that is long over."""


class NotOurs(NotThisCall):
    """A call under another mark than ours, or one that we had given up: it is to end, and changes nothing."""


def leg_of(reference: str) -> PhoneLeg | None:
    """What is known of our call with this reference; None when no provider was asked for it."""
    return PhoneLeg.objects.select_related("call__round__customer").filter(call__reference=reference).first()


def begin(reference: str, *, account: str, to: str, caller: str, now: datetime) -> bool:
    """Write down that this account is asked now. False when one was asked before and may have placed the call."""
    with transaction.atomic():
        call = Call.objects.select_for_update().get(reference=reference)
        fresh = {"account": account, "to": to, "caller": caller, "intended_at": now, "readings": 0, "read_at": None}
        known = PhoneLeg.objects.filter(call=call)
        if not known.exists():
            PhoneLeg.objects.create(call=call, **fresh)
            return True
        return bool(known.filter(is_dropped=True).update(is_dropped=False, status="", **fresh))


def placed(reference: str, sid: str) -> None:
    """The provider has the call under this mark."""
    PhoneLeg.objects.filter(call__reference=reference, sid="").update(sid=sid, is_dropped=False)


def drop(reference: str) -> None:
    """The provider has provably not placed the call. A call-back that came all the same knows better."""
    PhoneLeg.objects.filter(call__reference=reference, sid="").update(is_dropped=True)


def is_missing(reference: str, *, said_at: datetime) -> bool:
    """The provider's list was read, and the call is not on it. True once it was provably not placed.

    said_at: the time by the provider's clock. Our own may jump, and another worker may have begun to read.
    """
    with transaction.atomic():
        leg = PhoneLeg.objects.select_for_update().get(call__reference=reference)
        if leg.sid:
            return False  # A call-back came while the list was read.
        leg.readings, leg.read_at = leg.readings + 1, leg.read_at or said_at
        is_late = said_at - leg.read_at >= _LISTED_WITHIN
        leg.is_dropped = leg.is_dropped or (leg.readings >= _READINGS and is_late)
        leg.save(update_fields=["readings", "read_at", "is_dropped"])
    return leg.is_dropped


def order_of(accounts: Iterable[PhoneAccount], now: datetime) -> Sequence[PhoneAccount]:
    """In which order the accounts are asked: one that took a call lately and let no phone ring comes last."""

    def lets_nobody_ring(account: PhoneAccount) -> bool:
        lately = Call.objects.filter(leg__account=account.account, ended_at__gt=now - _RESTS, ended_at__lte=now)
        return lately.filter(state=CallState.FAILED, last_error=NO_RING).exists()

    given = tuple(accounts)
    return sorted(given, key=lets_nobody_ring) if len(given) > 1 else given


def others(sids: Sequence[str], reference: str) -> set[str]:
    """Which of these marks belong to other calls of ours."""
    taken = PhoneLeg.objects.filter(sid__in=sids).exclude(call__reference=reference)
    return set(taken.values_list("sid", flat=True))


def standing(leg: PhoneLeg) -> PhoneStatus:
    """Where the call stands as far as it is written down."""
    return joined(
        leg.status,
        result=leg.result,
        talk_is_over=leg.stage == Stage.OVER,
        is_bridged=leg.bridged_at is not None,
    )


def note_status(reference: str, status: str, *, sid: str, now: datetime) -> PhoneLeg:
    """The provider says where the call stands. Older news than what is written down change nothing."""
    with transaction.atomic():
        leg = _locked(reference, sid)
        if is_later(status, leg.status):
            if leg.status in NEVER_RANG and status not in NEVER_RANG:
                _wake(leg, now)
            leg.status = status
            if status == IN_PROGRESS:
                leg.answered_at = now
            if status in FINAL:
                leg.ended_at = now
                _keep(leg, dialogue.hear(_talk(leg), Ended()) if leg.stage else None, now)
                _wake(leg, now)
        leg.save()
    return leg


def note_answer(reference: str, answered_by: str, *, sid: str, now: datetime) -> None:
    """The provider has listened to who answered. A key that was pressed before shows that it was a person."""
    with transaction.atomic():
        leg = _locked(reference, sid)
        if not leg.answered_by:
            leg.answered_by = answered_by[:32]
            if is_machine(answered_by) and leg.ended_at is None:
                _keep(leg, dialogue.hear(_talk(leg), Machine()), now)
        leg.save()


def take(
    reference: str,
    *,
    sid: str,
    turn: int,
    question: str,
    heard: Heard | None,
    tell: Callable[[Step], str],
    can_bridge: bool,
    now: datetime,
) -> str:
    """Answer the provider's question what to do now. heard: None for the first one, when somebody has answered.

    question: all that tells it from others. tell: turns a step into the provider's language. The question of the last
    turn gets its answer again; any other of the past raises NotThisCall. A question that comes just after the end is
    told to hang up: the provider asks once more when somebody hangs up in the middle.
    """
    digest = hashlib.sha256(f"{turn}\x1f{question}".encode()).hexdigest()
    with transaction.atomic():
        leg = _locked(reference, sid)
        if leg.ended_at is not None and now > leg.ended_at + _LINGERS:
            raise NotThisCall("the call is over")
        if leg.ended_at is not None or leg.call.ended_at is not None:
            return tell(Step(replace(_talk(leg), stage=Stage.OVER)))
        if turn == leg.turn - 1 and digest == leg.asked:
            return leg.answer
        if turn != leg.turn:
            raise NotThisCall("the step is past")
        step = _next(leg, heard, can_bridge=can_bridge)
        _keep(leg, step, now)
        leg.turn, leg.asked, leg.answer = turn + 1, digest, tell(step)
        leg.save()
    return leg.answer


def operator_took(reference: str, *, parent_sid: str, now: datetime) -> None:
    """An operator of the SOC takes the call over: the person is reached. Raises NotThisCall."""
    with transaction.atomic():
        leg = _locked(reference, parent_sid)
        if leg.bridged_at is not None:
            return
        if leg.stage != Stage.BRIDGING or leg.ended_at is not None:
            raise NotThisCall("nobody waits for an operator")
        leg.bridged_at = now
        _keep(leg, dialogue.hear(_talk(leg), Bridged(taken=True)), now)
        leg.save()


def waits_for_operator(reference: str, *, parent_sid: str) -> bool:
    """Whether the person is on the line and wants to talk with an operator."""
    leg = leg_of(reference)
    return leg is not None and leg.sid == parent_sid and leg.stage == Stage.BRIDGING and leg.ended_at is None


def _next(leg: PhoneLeg, heard: Heard | None, *, can_bridge: bool) -> Step:
    if heard is None:
        # A machine may have been heard before the first question; then nothing is begun.
        return dialogue.begin(is_duty=_is_duty(leg)) if not leg.stage else Step(_talk(leg))
    step = dialogue.hear(_talk(leg), heard)
    if step.wait == Wait.SOC and not can_bridge:
        return dialogue.hear(step.dialogue, Bridged(taken=False))
    return step


def _locked(reference: str, sid: str) -> PhoneLeg:
    """The row as it is now, bound to the provider's mark by whichever call-back is the first. Raises NotOurs."""
    rows = PhoneLeg.objects.select_for_update(of=("self",)).select_related("call__round__customer")
    with suppress(PhoneLeg.DoesNotExist):
        leg = rows.get(call__reference=reference)
        if leg.is_dropped:
            raise NotOurs("the call was given up")
        leg.sid = leg.sid or sid
        if leg.sid == sid:
            return leg
        raise NotOurs("another call")
    raise NotOurs("no such call")


def _talk(leg: PhoneLeg) -> Dialogue:
    return Dialogue(
        stage=Stage(leg.stage or Stage.ASKING),
        silences=leg.silences,
        wrong=leg.wrong,
        turns=leg.turns,
        is_human=leg.is_human,
        is_duty=_is_duty(leg),
        result=PhoneState(leg.result) if leg.result else None,
    )


def _is_duty(leg: PhoneLeg) -> bool:
    return leg.call.round.customer_id is None


def _keep(leg: PhoneLeg, step: Step | None, now: datetime) -> None:
    """Put the step's outcome into the row; the caller saves it. Somebody who waited in vain is called back."""
    if step is None:
        return
    talk, before = step.dialogue, leg.stage
    leg.stage, leg.result = talk.stage, talk.result or ""
    leg.silences, leg.wrong, leg.turns, leg.is_human = talk.silences, talk.wrong, talk.turns, talk.is_human
    if talk.stage != Stage.OVER or before == Stage.OVER:
        return
    _wake(leg, now)
    if talk.result == PhoneState.CONFIRMED and leg.call.round.by_hand:
        # The duty has left this round to the operators; they are not to call somebody who was reached meanwhile.
        finish(leg.call, CallState.CONFIRMED, now=now)
    wanted_us = before == Stage.BRIDGING or (before == Stage.TELLING and not talk.is_duty)
    if talk.result == PhoneState.DECLINED and wanted_us:
        _call_back(leg, now)


def _call_back(leg: PhoneLeg, now: datetime) -> None:
    round_ = leg.call.round
    company = round_.customer.name if round_.customer else "SOC"
    raise_alarm(
        key=f"call-back:{leg.call_id}",
        severity=Severity.HIGH,
        sentence=f"{company}の{leg.call.name} 様が担当者との通話を希望されましたが、つながりませんでした。"
        f"折り返しお電話してください。（{round_.subject}）",
        link=page_of_round(round_),
        now=now,
    )


def _wake(leg: PhoneLeg, now: datetime) -> None:
    """A phone rings, or the result is known: neither the clocks nor whoever is next wait for the next look."""
    CallRound.objects.filter(pk=leg.call.round_id, next_try_at__gt=now).update(next_try_at=now)
