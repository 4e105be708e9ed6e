"""What notify does again and again: send the mails that are due, advance the rounds of calls, pass on the alarms."""

from collections.abc import Callable
from datetime import datetime, timedelta

from django.db.models import Q, QuerySet

from sakimori.customers.models import Contract
from sakimori.customers.queries import running
from sakimori.lib.claims import claim
from sakimori.lib.jst import day_of
from sakimori.notify.actions import end_alarm, raise_alarm
from sakimori.notify.escalation import (
    end_answered_rounds,
    end_forgotten_sheets,
    mail_new_alarms,
    phone_due_alarms,
)
from sakimori.notify.handing import hand_over_all, hand_over_unaccepted
from sakimori.notify.interface import Mailer, MailLoginRefused, MailNotTrusted, MailUnavailable
from sakimori.notify.laps import tend
from sakimori.notify.models import Call, CallRound, Delivery, DeliveryState, RoundState, Severity
from sakimori.notify.ringing import Voice, advance
from sakimori.notify.rounds import GOING_ON, end_round
from sakimori.notify.sending import LONGEST_PAUSE, is_about_recipient, send, sentence_of

_LEASE = timedelta(minutes=2)
# The lease of every copy runs from the beginning of the round, so a round must end long before it.
_AT_ONCE = 10
_ALARM_AFTER_ATTEMPTS = 4
_ALARM_AFTER = timedelta(seconds=45)
_STUCK = "mail-unavailable"
# The two questions that one step may ask a provider end long before this.
_CALL_LEASE = timedelta(seconds=30)
_MOST_ROUNDS = 100
_LOST_STEP = timedelta(seconds=5)
_SHEET_PAUSE = timedelta(seconds=2)
# Nothing is put off so long; a step that seems to be was put off before the clock went back.
_FARTHEST = timedelta(minutes=1)


def send_due_mails(*, mailer: Mailer, worker: str, now: datetime) -> int:
    """Send what is due, the urgent first; several workers may do this at once. Returns how many copies were tried.

    When the server cannot be reached the rest waits for the next round, and the SOC is alarmed. A recipient that has
    to wait holds up nobody else.
    """
    # No pause is longer than the longest: a copy that seems to have one was put off before the clock went back.
    time = Q(next_try_at__lte=now) | Q(next_try_at__gt=now + LONGEST_PAUSE)
    due = Delivery.objects.select_related("message__customer").filter(time, state=DeliveryState.QUEUED)
    ordered = due.order_by("priority", "next_try_at", "pk")
    tried, works = 0, False
    try:
        for delivery in claim(ordered, worker=worker, now=now, lease=_LEASE, limit=_AT_ONCE):
            waits = send(delivery, mailer=mailer, now=now)
            tried += 1
            if waits is not None and not is_about_recipient(waits):
                _alarm_if_stuck(delivery, waits, now)
                works = False
                break
            works = True
    finally:
        mailer.close()
    if works:
        end_alarm(_STUCK, sentence="メールサーバーに送信できるようになりました。", now=now)
    return tried


def _alarm_if_stuck(delivery: Delivery, error: MailUnavailable, now: datetime) -> None:
    """At once if only we can mend it; else when it lasts, so that the SOC knows within two minutes."""
    is_setting = isinstance(error, MailLoginRefused | MailNotTrusted)
    lasts = delivery.attempts >= _ALARM_AFTER_ATTEMPTS or (
        delivery.attempts > 1 and now - (delivery.queued_at or delivery.message.written_at) >= _ALARM_AFTER
    )
    if is_setting or lasts:
        waiting = Delivery.objects.filter(state=DeliveryState.QUEUED).count()
        raise_alarm(
            key=_STUCK, severity=Severity.HIGH, sentence=sentence_of(error, waiting), link="/console/mails/", now=now
        )


def pass_on_alarms(*, now: datetime) -> int:
    """Mail the new alarms to the people on duty, and have the overdue ones phoned. Returns how many were passed on."""
    end_answered_rounds(now=now)
    return mail_new_alarms(now=now) + phone_due_alarms(now=now)


def ring_due(*, voice: Voice | None, worker: str, clock: Callable[[], datetime]) -> int:
    """Advance every round that is due by one step. Returns how many steps were taken.

    One call at a time in each round, and never two at once to one number. Without a provider (`voice` is None) the
    rounds wait for an operator, and so does each call that only a person can dial.
    """
    _stop_unwanted(clock())
    _tend_sheets(clock())
    if voice is None:
        return hand_over_all(now=clock())
    end_forgotten_sheets(now=clock())
    _free_claims_of_the_future(clock())
    steps = 0
    for key in list(_due(clock()).order_by("next_try_at", "pk").values_list("pk", flat=True)[:_MOST_ROUNDS]):
        # The lease runs from the step itself, however long the steps before it took.
        for round_ in claim(_due(clock()).filter(pk=key), worker=worker, now=clock(), lease=_CALL_LEASE, limit=1):
            pause: timedelta | None = _LOST_STEP
            try:
                pause = tend(round_, clock())
                if pause is None:
                    pause = _LOST_STEP
                    pause = advance(round_, voice, clock)
            finally:
                # Not the claim of another worker, who took this one for dead.
                mine = CallRound.objects.filter(pk=round_.pk, claimed_by=worker)
                mine.update(next_try_at=clock() + (pause or timedelta(0)), claimed_by="", claimed_until=None)
            steps += 1
    hand_over_unaccepted(now=clock())
    return steps


def _due(now: datetime) -> QuerySet[CallRound]:
    """Running rounds, and ended ones whose phone is still ringing. No step is ever put off far: the clock went back."""
    under_way = Call.objects.filter(state__in=GOING_ON, entered_by=None)
    waiting = Q(state=RoundState.RUNNING) | Q(pk__in=under_way.values("round_id"))
    time = Q(next_try_at__lte=now) | Q(next_try_at__gt=now + _FARTHEST)
    return CallRound.objects.select_related("customer").filter(waiting, time, by_hand=False)


def _free_claims_of_the_future(now: datetime) -> None:
    """A worker that died before the clock was put back does not hold its rounds until then."""
    held = CallRound.objects.filter(claimed_until__gt=now + 2 * _CALL_LEASE)
    held.update(claimed_by="", claimed_until=None)


def _tend_sheets(now: datetime) -> None:
    """The operators' rounds: who may not be called is passed over, and the list begins again in time."""
    time = Q(next_try_at__lte=now) | Q(next_try_at__gt=now + _FARTHEST)
    for round_ in list(CallRound.objects.filter(time, state=RoundState.RUNNING, by_hand=True)[:_MOST_ROUNDS]):
        tend(round_, now)
        CallRound.objects.filter(pk=round_.pk, by_hand=True).update(next_try_at=now + _SHEET_PAUSE)


def _stop_unwanted(now: datetime) -> None:
    """From the day of cancellation on nobody of that customer is called, also not by hand."""
    wanted = Contract.objects.filter(running(day_of(now))).values("customer_id")
    rounds = CallRound.objects.filter(state=RoundState.RUNNING, customer__isnull=False).exclude(customer__in=wanted)
    for round_ in rounds.select_related("customer"):
        end_round(round_, RoundState.STOPPED, now=now, reason="有効な契約がないため")
