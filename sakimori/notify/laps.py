"""Before anybody dials: who of a round's list is called now, who is passed over and why, and when it begins again.

The list is made anew from the contacts each time, so that a contact who was changed meanwhile counts at once.
"""

import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction

from sakimori.customers import audit
from sakimori.customers.hours import is_night
from sakimori.notify.actions import raise_alarm
from sakimori.notify.callees import Callee, callees, digits_of, why_not_now
from sakimori.notify.handing import hand_over, hand_over_one, hand_over_refused
from sakimori.notify.models import Call, CallRound, CallState, RoundState, Severity
from sakimori.notify.rounds import (
    GOING_ON,
    LONGEST_BY_HAND,
    SYSTEM,
    exhaust,
    going_on,
    next_planned,
    none_accepted,
    page_of_round,
)

_NOW = timedelta(0)
_LOOK_AGAIN = timedelta(seconds=1)
_LATER = timedelta(seconds=5)
# So long a call that only a person can dial waits for one; then the others have their turn.
_PERSON_PATIENCE = timedelta(minutes=3)
_NIGHT = "夜間のため（テストは日中に行います）"


def plan(round_: CallRound, people: Sequence[Callee]) -> None:
    """Write down one call per number, in the order given; those who are not called now with the reason."""
    last = Call.objects.filter(round=round_).order_by("-place").values_list("place", flat=True).first() or 0
    Call.objects.bulk_create(
        Call(
            round=round_,
            place=place,
            lap=round_.lap,
            reference=secrets.token_hex(16),
            digits=digits_of(callee.number),
            state=CallState.SKIPPED if callee.skip_reason else CallState.PLANNED,
            **callee._asdict(),
        )
        for place, callee in enumerate(people, start=last + 1)
    )


def tend(round_: CallRound, now: datetime) -> timedelta | None:
    """Make a round ready for the next call. Returns after how long to look again, or None when it can be dialled."""
    with transaction.atomic():
        row = CallRound.objects.select_for_update(of=("self",)).select_related("customer", "site").get(pk=round_.pk)
        if row.state != RoundState.RUNNING:
            return None
        _forget_the_future(row, now)
        _free_forgotten_lines(now)
        if row.by_hand:
            Call.objects.filter(round=row, line__isnull=False, entered_by=None).update(line=None)
        if going_on(row) is not None:
            return None
        if row.resumes_at is not None:
            if now < row.resumes_at:
                return _LATER if row.resumes_at - now > _LATER else _LOOK_AGAIN
            _begin_again(row, now)
            return _NOW
        call = _head(row, now)
        if call is None:
            alarm_if_nobody_is_left(row, now)
            exhaust(row, now=now)
            return _NOW
        return _hindrance(row, call, now)


def _hindrance(row: CallRound, call: Call, now: datetime) -> timedelta | None:
    """What keeps the next call from being dialled by a machine, or by anybody, at this moment."""
    if row.is_drill and _is_called_for_real(row):
        return _LATER
    if row.by_hand:
        return _no_operator(row, call, now)
    if call.by_person:
        hand_over_one(row, call, now=now)
        return _LOOK_AGAIN
    return _LOOK_AGAIN if _line_is_taken(call) else None


def _no_operator(row: CallRound, call: Call, now: datetime) -> timedelta | None:
    """A call that waits for a person in vain is passed over, so that the machine can try the others."""
    if row.hand_for_one and row.hand_since is not None and now - row.hand_since >= _PERSON_PATIENCE:
        _skip(call, "人による架電が始まらなかったため", now)
        CallRound.objects.filter(pk=row.pk).update(by_hand=False, hand_for_one=False, hand_since=None, waits_since=now)
        return _NOW
    return None


def _head(row: CallRound, now: datetime) -> Call | None:
    """The next call that may be made; those before it that may not are passed over."""
    planned = row.calls.filter(state=CallState.PLANNED).select_related("contact__stands_for").order_by("place")
    for call in planned if row.customer_id is not None else ():
        reason = why_not_now(call, now) or (_NIGHT if row.is_drill and not row.at_night and is_night(now) else "")
        if not reason:
            return call
        _skip(call, reason, now)
    return next_planned(row) if row.customer_id is None else None


def _skip(call: Call, reason: str, now: datetime) -> None:
    if Call.objects.filter(pk=call.pk, state=CallState.PLANNED).update(state=CallState.SKIPPED, skip_reason=reason):
        target = f"call:{call.pk}"
        audit.record("call.skipped", by=SYSTEM, target=target, now=now, customer=call.round.customer)


def _begin_again(row: CallRound, now: datetime) -> None:
    """The next time through the list, of the contacts as they are now. Who only refuses is not asked again."""
    refused = none_accepted(row)
    CallRound.objects.filter(pk=row.pk).update(lap=row.lap + 1, resumes_at=None, waits_since=now)
    row.refresh_from_db()
    assert row.customer is not None  # noqa: S101 - the SOC's own people are called through once
    plan(row, callees(row.customer, row.site, now))
    audit.record("callround.again", by=SYSTEM, target=f"callround:{row.pk}", now=now, customer=row.customer)
    alarm_if_nobody_is_left(row, now)
    if refused:
        hand_over_refused(row, now=now)
    elif row.by_hand:
        hand_over(
            row, key=f"call-by-hand:{row.pk}", sentence=f"{row.customer.name} へ再度電話をかけてください。", now=now
        )


def alarm_if_nobody_is_left(row: CallRound, now: datetime) -> None:
    """Nobody of the list may be called at this moment: the SOC must know at once, whatever the next hour brings."""
    if row.is_drill or row.customer is None or next_planned(row) is not None:
        return
    if row.calls.filter(lap=row.lap).exclude(state=CallState.SKIPPED).exists():
        return
    raise_alarm(
        key=f"nobody-callable:{row.pk}",
        severity=Severity.HIGH,
        sentence=f"{row.customer.name} には、いま電話できる連絡先がありません。（{row.subject}）",
        link=page_of_round(row),
        now=now,
    )


def _line_is_taken(call: Call) -> bool:
    """A provider deals with the number, or an operator has begun to dial it."""
    return Call.objects.filter(line=call.digits).exclude(pk=call.pk).exists()


def _free_forgotten_lines(now: datetime) -> None:
    by_operator = Call.objects.filter(line__isnull=False, entered_by__isnull=False)
    by_operator.filter(intended_at__lte=now - LONGEST_BY_HAND).update(line=None)


def _is_called_for_real(row: CallRound) -> bool:
    others = CallRound.objects.filter(customer=row.customer_id, state=RoundState.RUNNING, is_drill=False)
    return others.exists()


def _forget_the_future(row: CallRound, now: datetime) -> None:
    """A clock that was put back must not hold anything up: moments that have not come yet become this one."""
    pause = timedelta(minutes=settings.CONFIG.round_pause_minutes)
    if row.resumes_at is not None and row.resumes_at > now + pause:
        row.resumes_at = now + pause
        row.save(update_fields=["resumes_at"])
    rows = CallRound.objects.filter(pk=row.pk)
    for column in ("waits_since", "hand_since", "unreachable_since"):
        rows.filter(**{f"{column}__gt": now}).update(**{column: now})
    under_way = Call.objects.filter(round=row, state__in=GOING_ON)
    for column in ("intended_at", "rang_at"):
        under_way.filter(**{f"{column}__gt": now}).update(**{column: now})
