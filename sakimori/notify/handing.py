"""Handing a round to an operator: the sheet opens, and the SOC has an alarm."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from django.db.models import Exists, OuterRef, Q

from sakimori.notify.actions import raise_alarm
from sakimori.notify.models import Call, CallRound, RoundState, Severity
from sakimori.notify.rounds import GOING_ON, page_of_round

# After so long without a call that a provider has accepted, an operator dials.
_LONGEST_WAIT = timedelta(seconds=60)


def hand_over(round_: CallRound, *, key: str, sentence: str, now: datetime) -> None:
    """An operator dials from here on. sentence: why, for the alarm; the matter is added to it."""
    _open_sheet(round_, for_one=False, now=now)
    _tell(round_, key=key, sentence=sentence, now=now)


def hand_over_one(round_: CallRound, call: Call, *, now: datetime) -> None:
    """Only a person can dial this number; afterwards the round goes on by itself."""
    _open_sheet(round_, for_one=True, now=now)
    who = round_.customer.name if round_.customer else "SOC の当番"
    sentence = f"{who} の {call.name} 様は代表・内線の番号です。手動で架電してください。"
    _tell(round_, key=f"call-by-hand:{round_.pk}", sentence=sentence, now=now)


def hand_over_all(*, now: datetime) -> int:
    """Without a provider every round is an operator's. Rounds about alarms are on the alarms' own page."""
    rounds = list(CallRound.objects.select_related("customer").filter(state=RoundState.RUNNING, by_hand=False))
    for round_ in rounds:
        if round_.customer is None:
            _open_sheet(round_, for_one=False, now=now)
        else:
            sentence = f"{round_.customer.name} へ電話をかけてください。"
            hand_over(round_, key=f"call-by-hand:{round_.pk}", sentence=sentence, now=now)
    return len(rounds)


def hand_over_unaccepted(*, now: datetime) -> int:
    """Rounds that have wanted a call for a minute which no provider has accepted, for any reason. Returns how many.

    A provider that cannot be reached at all is counted by the round itself (`ringing.py`).
    """
    accepted = Call.objects.filter(round=OuterRef("pk"), state__in=GOING_ON, rang_at__isnull=False)
    rounds = CallRound.objects.select_related("customer").filter(
        ~Exists(accepted),
        Q(resumes_at=None),
        state=RoundState.RUNNING,
        by_hand=False,
        is_drill=False,
        unreachable_since=None,
        waits_since__lte=now - _LONGEST_WAIT,
    )
    return _hand_over_late(rounds, now)


def _hand_over_late(rounds: Iterable[CallRound], now: datetime) -> int:
    count = 0
    for round_ in list(rounds):
        sentence = "1 分以上、電話を発信できていません。手動で架電してください。"
        key = f"call-by-hand:{round_.pk}" if round_.customer_id else "phone-not-accepting"
        hand_over(round_, key=key, sentence=sentence, now=now)
        count += 1
    return count


def _open_sheet(round_: CallRound, *, for_one: bool, now: datetime) -> None:
    CallRound.objects.filter(pk=round_.pk).update(by_hand=True, hand_for_one=for_one, hand_since=now)
    Call.objects.filter(round=round_, line__isnull=False).update(line=None)


def _tell(round_: CallRound, *, key: str, sentence: str, now: datetime) -> None:
    """A drill never rings anybody up at the SOC."""
    raise_alarm(
        key=key,
        severity=Severity.LOW if round_.is_drill else Severity.HIGH,
        sentence=f"{sentence}（{round_.subject}）",
        link=page_of_round(round_),
        now=now,
    )
