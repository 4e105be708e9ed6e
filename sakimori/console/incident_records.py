"""The audit record of an incident in words: its time line."""

from dataclasses import dataclass
from datetime import datetime

from sakimori.customers.models import AuditEntry, Customer
from sakimori.customers.secrets import open_details
from sakimori.incidents.models import Incident, Verdict
from sakimori.incidents.queries import audit_of
from sakimori.lib.crypto import CannotOpen

_SYSTEM = "sakimori"
_ACTIONS = {
    "incident.open": "発生を検知",
    "incident.verdict": "確認結果",
    "incident.told": "お客様への連絡を開始",
    "incident.tell": "「お客様へ連絡する」と判断",
    "incident.keep": "「連絡しない」と判断",
    "incident.hold": "多数サイトの同時障害のため、お客様への連絡を保留",
    "incident.vendor-end": "ベンダーの終息通知を受信",
    "incident.reopen": "終了後の新たな検知により再開",
    "incident.end-by-hand": "サイトを確認し、手動で終了",
    "incident.end": "終了",
    "exercise.start": "訓練を開始",
    "exercise.stop": "訓練を中止",
}
_WITH_SENTENCE = ("incident.verdict",)


@dataclass(frozen=True, slots=True)
class Record:
    """One entry: when, who, what, and what was seen."""

    at: datetime
    actor: str
    action: str
    sentence: str


def records_of(incident: Incident) -> list[Record]:
    """The entries of an incident, in order."""
    customer = incident.contract.customer
    return [_record(entry, customer) for entry in audit_of(incident)]


def _record(entry: AuditEntry, customer: Customer) -> Record:
    actor = "自動処理" if entry.actor == _SYSTEM else entry.actor
    action = _ACTIONS.get(entry.action, f"その他の操作（{entry.action}）")
    if entry.action not in _WITH_SENTENCE:
        return Record(entry.at, actor, action, "")
    verdict, sentence = _seen(entry, customer)
    return Record(entry.at, actor, f"{action}：{verdict}" if verdict else action, sentence)


def _seen(entry: AuditEntry, customer: Customer) -> tuple[str, str]:
    """The verdict's label and sentence. Details whose key was destroyed stay unreadable and are said to be."""
    try:
        details = open_details(customer, entry.sealed_details, place=f"audit:{entry.target}")
    except CannotOpen:
        return "", "（お客様の鍵が破棄されているため読めません）"
    return str(Verdict(str(details["verdict"])).label), str(details["sentence"])
