"""The story of an incident as the desk reads it: the customer's timeline, and beside it who decided what."""

from sakimori.customers.models import AuditEntry, Customer
from sakimori.customers.secrets import open_details
from sakimori.incidents.models import Incident, Verdict
from sakimori.incidents.queries import audit_of
from sakimori.incidents.telling import turns_of
from sakimori.lib.crypto import CannotOpen
from sakimori.tickets.timeline import Step, timeline

_SYSTEM = "sakimori"
_VERDICT = "incident.verdict"
_ACTIONS = {
    _VERDICT: "確認結果",
    "incident.told": "お客様への連絡を開始",
    "incident.tell": "「お客様へ連絡する」と判断",
    "incident.keep": "「連絡しない」と判断",
    "incident.hold": "多数サイトの同時障害のため、お客様への連絡を保留",
    "incident.vendor-end": "ベンダーの終息通知を受信",
    "incident.reopen": "終了後の新たな検知により再開",
    "incident.end-by-hand": "サイトを確認し、手動で終了",
    "exercise.start": "訓練を開始",
    "exercise.stop": "訓練を中止",
}
_IN_TIMELINE = ("incident.open", "incident.vendor-end", "incident.end")


def story_of(incident: Incident) -> list[Step]:
    """All that happened and was decided, in the order of time."""
    customer, turned = incident.contract.customer, turns_of(incident).exists()
    told = (*_IN_TIMELINE, _VERDICT) if turned else _IN_TIMELINE
    decided = [_step(entry, customer) for entry in audit_of(incident) if entry.action not in told]
    return sorted([*timeline(incident), *decided], key=lambda step: step.at)


def _step(entry: AuditEntry, customer: Customer) -> Step:
    actor = "自動処理" if entry.actor == _SYSTEM else entry.actor
    action = _ACTIONS.get(entry.action, f"その他の操作（{entry.action}）")
    words = f"{action}：{_seen(entry, customer)}" if entry.action == _VERDICT else action
    return Step(entry.at, words, actor=actor)


def _seen(entry: AuditEntry, customer: Customer) -> str:
    """The verdict's label and sentence. Details whose key was destroyed stay unreadable and are said to be."""
    try:
        details = open_details(customer, entry.sealed_details, place=f"audit:{entry.target}")
    except CannotOpen:
        return "（お客様の鍵が破棄されているため読めません）"
    return f"{Verdict(str(details['verdict'])).label}。{details['sentence']}"
