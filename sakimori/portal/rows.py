"""Rows of the ticket page: an address, where it stands in the customer's words, and what happened from it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import QuerySet

from sakimori.accounts.models import User
from sakimori.blacklist.explanations import KindText
from sakimori.blacklist.handled import handled
from sakimori.blacklist.models import Block, BlockState, Finding
from sakimori.blacklist.others import attacked_others
from sakimori.blacklist.queries import MOVING, RESTORABLE
from sakimori.blacklist.stories import Story, stories, stories_by_address
from sakimori.tickets.models import Attachment, Note, TicketBlock
from sakimori.tickets.texts.reasons import why_left, why_waiting


@dataclass(frozen=True, slots=True)
class Standing:
    """Where an address stands: words, tone (a style class), and whether it is about to change."""

    words: str
    tone: str
    moving: bool
    restorable: bool


@dataclass(frozen=True, slots=True)
class AddressRow:
    """One address of a ticket."""

    entry: TicketBlock
    block: Block
    standing: Standing
    story: Story | None
    why: str
    others: int


@dataclass(frozen=True, slots=True)
class RefusedRow:
    """An address of a ticket that the guard refused, so that no block came of it."""

    address: str
    story: Story
    why: str


@dataclass(frozen=True, slots=True)
class NoteRow:
    """One line of the ticket's history."""

    at: datetime
    author: str
    text: str
    files: Sequence[Attachment]


def standing_of(block: Block) -> Standing:
    """The state of a block in the customer's words."""
    words, tone = _WORDS[BlockState(block.state)]
    return Standing(words, tone, moving=block.state in MOVING, restorable=block.state in RESTORABLE)


def address_rows(entries: Sequence[TicketBlock], *, now: datetime, told: bool) -> list[AddressRow]:
    """Rows for these entries. told: with the story and the evidence of each, and how many others it attacked."""
    blocks = [entry.block for entry in entries]
    by_block = stories(blocks, evidence=True) if told else {}
    others = attacked_others(blocks, now=now) if told else {}
    return [
        AddressRow(
            entry,
            entry.block,
            standing_of(entry.block),
            by_block.get(entry.block_id),
            _why(entry.block),
            others.get(entry.block_id, 0),
        )
        for entry in entries
    ]


def kind_rows(whole: Story, findings: QuerySet[Finding]) -> list[tuple[KindText, str]]:
    """Each kind of attack with what really became of its addresses; where it names none, what we do about the kind."""
    done = handled(findings)
    return [(kind, done.get(kind.code, kind.handling)) for kind in whole.kinds]


def refused_rows(findings: QuerySet[Finding]) -> list[RefusedRow]:
    """One row for each address that the guard refused, with all that was found of it."""
    reasons = dict(findings.order_by("pk").values_list("address", "reason"))
    if not reasons:
        return []
    return [
        RefusedRow(address, story, why_left(reasons.get(address, "")))
        for address, story in stories_by_address(findings).items()
    ]


def _why(block: Block) -> str:
    """Why an address is not on the list (yet), or what still blocks it; nothing of one that is on it."""
    if block.state == BlockState.REFUSED:
        return why_left(block.reason)
    if block.state == BlockState.RESTORED and (block.covered_by or block.was_there_before):
        return "別の設定が WAF に残っているため、このアドレスからの通信は引き続き遮断されます。"
    return why_waiting(block.state, block.reason) if block.state == BlockState.PROPOSED else ""


def note_row(note: Note) -> NoteRow:
    """A note as the customer reads it: people of the SOC are not named."""
    return NoteRow(note.at, _author(note.by), note.text, list(note.attachments.all()))


def fingerprint(rows: Sequence[AddressRow], notes: int) -> str:
    """Changes whenever something that the page refreshes changes."""
    return f"{notes}-" + "-".join(f"{row.entry.pk}.{row.block.state}" for row in rows if row.standing.moving)


def _author(person: User | None) -> str:
    if person is None:
        return "SOC（自動記録）"
    return "SOC 担当者" if person.is_soc else f"{person.shown_name} 様"


_WORDS = {
    BlockState.PROPOSED: ("SOC が確認中", "wait"),
    BlockState.APPROVED: ("登録中", "wait"),
    BlockState.APPLYING: ("登録中", "wait"),
    BlockState.ACTIVE: ("遮断中", "stop"),
    BlockState.RESTORING: ("解除中", "wait"),
    BlockState.RESTORED: ("設定を戻しました（反映に数分）", "done"),
    BlockState.REFUSED: ("登録の対象外", "done"),
    BlockState.FAILED: ("登録できていません（SOC が対応中）", "wait"),
    BlockState.UNKNOWN: ("WAF の状態を確認中", "wait"),
}
