"""All addresses of a ticket as a table for spreadsheet programs: UTF-8 with a byte order mark, headings in Japanese."""

import csv
import io
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime

from sakimori.blacklist.models import Block
from sakimori.lib.jst import JST
from sakimori.logs.exports.writing import BYTE_ORDER_MARK, defused
from sakimori.tickets.models import Ticket, TicketBlock, TicketFinding
from sakimori.tickets.summary import refused, unlisted
from sakimori.tickets.texts.blocked_mail import UnlistedAddress

_AT_ONCE = 500
_HEADINGS = (
    "IPアドレス",
    "状態",
    "登録していない理由",
    "国",
    "攻撃種別",
    "サイト",
    "遮断した件数",
    "通過した件数",
    "最初の検知（日本時間）",
    "最後の検知（日本時間）",
    "登録の確認（日本時間）",
    "登録の期限（日本時間）",
    "解除の確認（日本時間）",
)


def as_table(ticket: Ticket, *, words: Callable[[Block], str]) -> Iterator[bytes]:
    """The table in pieces. words: the state of a block, as the face that shows it says it."""
    yield _written([_HEADINGS], begin=BYTE_ORDER_MARK)
    entries = TicketBlock.objects.filter(ticket=ticket).select_related("block").order_by("pk")
    for place in range(0, entries.count(), _AT_ONCE):
        chunk = list(entries[place : place + _AT_ONCE])
        yield _written(
            [_row(words(entry.block), told, entry.block) for entry, told in zip(chunk, unlisted(chunk), strict=True)]
        )
    yield _written([_row("登録の対象外", told, None) for told in refused(_refused(ticket))])


def _refused(ticket: Ticket) -> list[TicketFinding]:
    """Of every address that the guard refused the newest finding."""
    rows = TicketFinding.objects.filter(ticket=ticket).select_related("finding").order_by("pk")
    return list({row.finding.address: row for row in rows}.values())


def _row(state: str, told: UnlistedAddress, block: Block | None) -> Sequence[str | int]:
    seen = told.seen
    listed = block is not None and block.active_at is not None
    moments = (block.active_at, block.ends_at, block.restored_at) if block else (None, None, None)
    return (
        seen.address,
        state,
        "" if listed else told.why,
        seen.country,
        "、".join(kind.label for kind in seen.kinds),
        "、".join(seen.sites),
        seen.blocked,
        seen.passed,
        *(_moment(moment) for moment in (seen.first_at, seen.last_at, *moments)),
    )


def _moment(value: datetime | None) -> str:
    return value.astimezone(JST).replace(tzinfo=None).isoformat(sep=" ", timespec="seconds") if value else ""


def _written(rows: Sequence[Sequence[str | int]], *, begin: str = "") -> bytes:
    buffer = io.StringIO(newline="")
    buffer.write(begin)
    writer = csv.writer(buffer, quoting=csv.QUOTE_NONNUMERIC, lineterminator="\r\n")
    for row in rows:
        writer.writerow([defused(cell) if isinstance(cell, str) else cell for cell in row])
    return buffer.getvalue().encode()
