"""The audit record of a block in words."""

from dataclasses import dataclass
from datetime import datetime

from sakimori.blacklist.models import Block
from sakimori.blacklist.queries import audit_of
from sakimori.blacklist.stories import sentence_of
from sakimori.customers.models import AuditEntry, Customer
from sakimori.customers.secrets import open_details
from sakimori.lib.crypto import CannotOpen

_SYSTEM = "sakimori"
ACTIONS = {
    "block.proposed": "アナリストの判断待ち",
    "block.approved": "登録を決定",
    "block.refused": "登録の対象外と判断",
    "block.applying": "WAF への登録を開始",
    "block.active": "WAF への登録を確認",
    "block.failed": "WAF への登録に失敗",
    "block.unknown": "WAF の応答が不明のため確認中",
    "block.restore.request": "解除を受け付け",
    "block.missing": "WAF の管理画面での削除を検出",
    "block.found_again": "WAF への登録を再び確認",
    "block.put_back": "登録し直しを指示",
    "block.refuse.restore": "却下し、WAF に残っている可能性のある登録の解除を開始",
    "block.removal_accepted": "解除済みにすることを指示",
    "block.restoring": "解除を開始",
    "block.restored": "解除を確認",
    "block.by_hand": "手動で追加",
    "block.first_yes": "1 人目が承認",
    "block.shorten": "期限を設定",
    "block.extend": "登録するサイトを追加",
    "block.restore.expiry": "期限により解除を開始",
    "block.restore.no_site": "対象のサイトが WAF のアカウントにないため解除を開始",
    "block.restore.guard": "登録できないアドレスのため解除を開始",
}


@dataclass(frozen=True, slots=True)
class Record:
    """One entry: when, who, what, why."""

    at: datetime
    actor: str
    action: str
    reason: str


def records_of(block: Block) -> list[Record]:
    """The entries of a block, in order. Details whose key was destroyed stay unreadable and are said to be."""
    customer = block.contract.customer
    return [_record(entry, customer) for entry in audit_of(block)]


def _record(entry: AuditEntry, customer: Customer) -> Record:
    actor = "自動処理" if entry.actor == _SYSTEM else entry.actor
    action = ACTIONS.get(entry.action, f"その他の操作（{entry.action}）")
    return Record(entry.at, actor, action, _reason(entry, customer))


def _reason(entry: AuditEntry, customer: Customer) -> str:
    if not entry.sealed_details:
        return ""
    try:
        details = open_details(customer, entry.sealed_details, place=f"audit:{entry.target}")
    except CannotOpen:
        return "（お客様の鍵が破棄されているため読めません）"
    reason, until = str(details.get("reason", "")), str(details.get("until", ""))
    told = sentence_of(reason)
    shown = reason if told.startswith("理由コード") else told
    return f"{shown}（期限 {until}）" if until and until not in shown else shown
