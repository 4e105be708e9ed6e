"""The timeline of an incident, for ticket and desk: every step with its moment, from rows."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sakimori.incidents.models import Incident, Verdict
from sakimori.incidents.telling import calls_about, mails_about, turns_of
from sakimori.lib.jst import written
from sakimori.notify.models import CallState, Delivery

_FIRST, _FOLLOW, _LAST = "第一報", "続報", "終報"
_MAILS = {"incident": _FIRST, "incident-whole": "発生・復旧のお知らせ", "incident-end": _LAST}
_SILENT = (CallState.PLANNED, CallState.INTENDED, CallState.RINGING, CallState.ANSWERED)


@dataclass(frozen=True, slots=True)
class Step:
    """One line. report: 第一報, 続報 or 終報 where it is one; tone: a style class for what is good or bad.

    actor: whose doing it was, where the desk is shown that.
    """

    at: datetime
    words: str
    report: str = ""
    tone: str = ""
    actor: str = ""


def timeline(incident: Incident) -> list[Step]:
    """All that happened, in order."""
    steps = [*_course(incident), *_mails(incident), *_calls(incident)]
    return sorted(steps, key=lambda step: step.at)


def as_text(steps: list[Step]) -> str:
    """One line per step, as mails print it."""
    return "\n".join(f"{written(step.at)} {step.words}" for step in steps)


def _course(incident: Incident) -> list[Step]:
    steps = [Step(incident.opened_at, f"{incident.get_kind_display()}を検知しました。")]
    if incident.first_probe_at is not None:
        steps.append(Step(incident.first_probe_at, "サイトの表示の確認を始めました。"))
    steps += [
        Step(turn.at, turn_words(turn.verdict, turn.sentence), tone=_tone(turn.verdict)) for turn in turns_of(incident)
    ]
    if incident.vendor_ended_at is not None:
        steps.append(Step(incident.vendor_ended_at, "WAF ベンダーから攻撃の終息の通知を受けました。"))
    if incident.ended_at is not None:
        steps.append(Step(incident.ended_at, "対応を終了しました。", tone="done"))
    return steps


def turn_words(verdict: str, sentence: str) -> str:
    """What visits show from then on. What proves nothing tells of our side and of others: only that it is so."""
    label = Verdict(verdict).label
    return f"確認結果: {label}" if verdict == Verdict.INCONCLUSIVE or not sentence else f"確認結果: {label}。{sentence}"


def _tone(verdict: str) -> str:
    return {Verdict.NOT_DISPLAYED: "stop", Verdict.SLOW: "stop", Verdict.NORMAL: "done"}.get(Verdict(verdict), "wait")


def _mails(incident: Incident) -> list[Step]:
    return [
        _mail(_MAILS.get(message.key.partition(":")[0], _FOLLOW), message.written_at, message.deliveries.all())
        for message in mails_about(incident)
    ]


def _mail(report: str, written_at: datetime, copies: Collection[Delivery]) -> Step:
    """Sent is what a mail server has accepted; a mail that only waits is said to wait."""
    sent = [copy.accepted_at for copy in copies if copy.accepted_at is not None]
    if not sent:
        return Step(written_at, f"メール（{report}）を作成しました。まだ送信されていません。", report, "wait")
    of_all = f"連絡先 {len(copies)} 件" + (f"のうち {len(sent)} 件" if len(sent) < len(copies) else "")
    return Step(min(sent), f"メール（{report}）を、{of_all}へお送りしました。", report)


def _calls(incident: Incident) -> list[Step]:
    steps = []
    for call in calls_about(incident.pk, incident.contract.customer_id):
        begun = call.rang_at or call.intended_at
        if begun is not None:
            steps.append(Step(begun, f"{call.name} 様へお電話しました。"))
        if call.ended_at is not None and call.state not in _SILENT:
            tone = "done" if call.state == CallState.CONFIRMED else ""
            steps.append(Step(call.ended_at, f"{call.name} 様へのお電話: {call.get_state_display()}", tone=tone))
    return steps
