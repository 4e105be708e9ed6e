"""Handing a round to an operator: the sheet opens, and the SOC has an alarm."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from django.db.models import Exists, OuterRef, Q

from sakimori.notify.actions import raise_alarm
from sakimori.notify.models import Call, CallRound, CallState, RoundState, Severity
from sakimori.notify.rounds import GOING_ON, alarm_refused, page_of_round

# After so long without a call that a provider has accepted, an operator dials.
_LONGEST_WAIT = timedelta(seconds=60)
# A little before that, what a provider has taken without ringing is ended, so that it does not ring beside him.
_LAST_MOMENT = timedelta(seconds=2)
UNREACHABLE = "phone-unavailable"
UNREACHABLE_SENTENCE = "電話の発信サービスに接続できません。手動で架電してください。"
NEVER_RANG = "発信サービスは発信を受け付けましたが、呼び出しが始まりませんでした。"
_NOT_RINGING = "発信サービスは発信を受け付けましたが、1 分以上呼び出しが始まりません。手動で架電してください。"
_NOT_CALLING = "1 分以上、電話を発信できていません。手動で架電してください。"


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


def hand_over_refused(round_: CallRound, *, now: datetime) -> None:
    """The provider has refused every number of the list: the alarm says why, and which setting to look at."""
    _open_sheet(round_, for_one=False, now=now)
    alarm_refused(round_, now=now)


def is_about_to_open(round_: CallRound, now: datetime) -> bool:
    """Whether the sheet opens in a moment, since no call of the round was accepted for so long."""
    if round_.is_drill or round_.waits_since is None or round_.resumes_at is not None:
        return False
    if round_.calls.filter(state__in=GOING_ON, rang_at__isnull=False).exists():
        return False
    return now - round_.waits_since >= _LONGEST_WAIT - _LAST_MOMENT


def hand_over_unaccepted(*, now: datetime) -> int:
    """Rounds that have wanted a call for a minute which no provider has accepted, for any reason. Returns how many.

    A call that a provider has taken without a phone ringing is not accepted.
    """
    accepted = Call.objects.filter(round=OuterRef("pk"), state__in=GOING_ON, rang_at__isnull=False)
    rounds = CallRound.objects.select_related("customer").filter(
        ~Exists(accepted),
        Q(resumes_at=None),
        state=RoundState.RUNNING,
        by_hand=False,
        is_drill=False,
        waits_since__lte=now - _LONGEST_WAIT,
    )
    return _hand_over_late(rounds, now)


def _hand_over_late(rounds: Iterable[CallRound], now: datetime) -> int:
    count = 0
    for round_ in list(rounds):
        key, sentence = _why_late(round_)
        hand_over(round_, key=key, sentence=sentence, now=now)
        count += 1
    return count


def _why_late(round_: CallRound) -> tuple[str, str]:
    """The alarm's key and sentence."""
    if round_.unreachable_since is not None:
        return UNREACHABLE, UNREACHABLE_SENTENCE
    silent = round_.calls.filter(lap=round_.lap, state=CallState.FAILED, last_error=NEVER_RANG)
    key = f"call-by-hand:{round_.pk}" if round_.customer_id else "phone-not-accepting"
    return key, _NOT_RINGING if silent.exists() else _NOT_CALLING


def _open_sheet(round_: CallRound, *, for_one: bool, now: datetime) -> None:
    CallRound.objects.filter(pk=round_.pk).update(by_hand=True, hand_for_one=for_one, hand_since=now)
    Call.objects.filter(round=round_, line__isnull=False, entered_by=None).update(line=None)


def _tell(round_: CallRound, *, key: str, sentence: str, now: datetime) -> None:
    """A drill never rings anybody up at the SOC."""
    raise_alarm(
        key=key,
        severity=Severity.LOW if round_.is_drill else Severity.HIGH,
        sentence=f"{sentence}（{round_.subject}）",
        link=page_of_round(round_),
        now=now,
    )
