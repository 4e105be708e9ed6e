"""The timeline of an incident for customers: every step with its moment, from rows."""

from dataclasses import dataclass
from datetime import datetime

from sakimori.incidents.models import Incident, Verdict
from sakimori.incidents.telling import mails_about, turns_of
from sakimori.lib.jst import written
from sakimori.notify.models import CallState
from sakimori.tickets.models import Ticket
from sakimori.tickets.queries import calls_of

_FIRST, _FOLLOW, _LAST = "第一報", "続報", "終報"
_MAILS = {"incident": _FIRST, "incident-whole": "発生・復旧のお知らせ", "incident-end": _LAST}
_SILENT = (CallState.PLANNED, CallState.INTENDED, CallState.RINGING, CallState.ANSWERED)


@dataclass(frozen=True, slots=True)
class Step:
    """One line. report: 第一報, 続報 or 終報 where it is one; tone: a style class for what is good or bad."""

    at: datetime
    words: str
    report: str = ""
    tone: str = ""


def timeline(ticket: Ticket) -> list[Step]:
    """All that happened, in order; empty for a ticket that is about no incident."""
    incident = ticket.incident
    if incident is None:
        return []
    steps = [*_course(incident), *_mails(incident), *_calls(ticket)]
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
    steps = []
    for message in mails_about(incident):
        report = _MAILS.get(message.key.partition(":")[0], _FOLLOW)
        copies = len(message.deliveries.all())
        steps.append(Step(message.written_at, f"メール（{report}）を、連絡先 {copies} 件へお送りしました。", report))
    return steps


def _calls(ticket: Ticket) -> list[Step]:
    steps = []
    for call in calls_of(ticket):
        begun = call.rang_at or call.intended_at
        if begun is not None:
            steps.append(Step(begun, f"{call.name} 様へお電話しました。"))
        if call.ended_at is not None and call.state not in _SILENT:
            tone = "done" if call.state == CallState.CONFIRMED else ""
            steps.append(Step(call.ended_at, f"{call.name} 様へのお電話: {call.get_state_display()}", tone=tone))
    return steps
