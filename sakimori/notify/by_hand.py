"""Calls that an operator dials himself from the work sheet: he says that he does, then what came of it."""

from datetime import datetime

from django.db import transaction

from sakimori.accounts.models import User
from sakimori.notify.actions import NotPossible, take_alarm
from sakimori.notify.laps import tend
from sakimori.notify.models import Call, CallRound, CallState, RoundState
from sakimori.notify.rounds import end_round, finish, going_on, intend, is_wanted, next_planned

RESULTS = (
    CallState.CONFIRMED,
    CallState.BUSY,
    CallState.NO_ANSWER,
    CallState.MACHINE,
    CallState.DECLINED,
    CallState.FAILED,
)


def call_on_sheet(round_: CallRound) -> Call | None:
    """Whom the operator deals with now: the call under way, or else the next person."""
    if round_.state != RoundState.RUNNING:
        return None
    return going_on(round_) or next_planned(round_)


def begin_call(round_: CallRound, *, by: User, now: datetime) -> Call:
    """The operator is about to dial the next person; nobody else does. Taking the call takes its alarm.

    Who may not be called now is passed over first. Raises NotPossible.
    """
    tend(round_, now)
    with transaction.atomic():
        round_ = _locked(round_)
        _check_by_hand(round_)
        if not is_wanted(round_, now):
            raise NotPossible("有効な契約がないため、架電できません。")
        under_way = going_on(round_)
        if under_way is not None:
            if under_way.entered_by_id == by.pk:
                return under_way
            who = under_way.entered_by.shown_name if under_way.entered_by else "自動架電"
            raise NotPossible(f"{under_way.name} 様への架電は、{who}が行っています。")
        call = next_planned(round_)
        if call is None:
            raise NotPossible("架電する相手がいません。")
        if not intend(call, now=now, by=by):
            raise NotPossible(_why_not(call))
        take_alarm(f"call-by-hand:{round_.pk}", by=by, now=now)
    return call


def enter_result(call: Call, result: CallState, *, spoke_with: str = "", by: User, now: datetime) -> None:
    """Write down what came of a call dialled by hand. Reached needs the name of the person. Raises NotPossible."""
    if result not in RESULTS:
        raise NotPossible("結果を選んでください。")
    if result == CallState.CONFIRMED and not spoke_with.strip():
        raise NotPossible("お話しした方のお名前を入力してください。")
    with transaction.atomic():
        _check_by_hand(_locked(call.round))
        name = spoke_with.strip() if result == CallState.CONFIRMED else ""
        if not finish(call, result, now=now, by=by, spoke_with=name):
            raise NotPossible("この通話の結果は、既に記録されています。")


def stop_round(round_: CallRound, *, by: User, reason: str, now: datetime) -> None:
    """Nobody else is called. A phone that rings just now is hung up by the duty. Raises NotPossible."""
    if not reason.strip():
        raise NotPossible("中止の理由を入力してください。")
    with transaction.atomic():
        if not end_round(round_, RoundState.STOPPED, now=now, by=by, reason=reason.strip()):
            raise NotPossible("この架電は、既に終了しています。")


def _why_not(call: Call) -> str:
    """Why nobody may dial just now: the number is being called already."""
    holder = Call.objects.select_related("entered_by").filter(line=call.digits).exclude(pk=call.pk).first()
    if holder is None:
        return "ほかの方の操作と重なりました。もう一度お試しください。"
    who = holder.entered_by.shown_name if holder.entered_by else "自動架電"
    return f"{call.name} 様の番号には、{who}が別の件で架電中です。終わってから、もう一度お試しください。"


def _locked(round_: CallRound) -> CallRound:
    """The row as it is now; two operators come one after the other."""
    return CallRound.objects.select_for_update().get(pk=round_.pk)


def _check_by_hand(round_: CallRound) -> None:
    if round_.state != RoundState.RUNNING:
        raise NotPossible("この架電は、既に終了しています。")
    if not round_.by_hand:
        raise NotPossible("自動で架電しています。")
