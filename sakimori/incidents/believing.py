"""Whether a mail is the vendor's own word. Pure.

Anybody can write a mail that looks like the vendor's. It counts only when the domain in From is one of the vendor's,
and a valid DKIM signature or SPF of that domain proves it; and only while it is fresh, for an old one with a valid
signature can be sent again by whoever has kept it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from email.message import Message
from email.utils import parseaddr, parsedate_to_datetime

_LONGEST_ID = 300


@dataclass(frozen=True, slots=True)
class Envelope:
    """What a mail says of itself. sent_at: None where its Date cannot be read. message_id: empty where it has none."""

    sent_at: datetime | None
    message_id: str


def envelope_of(raw: bytes) -> Envelope:
    """Read Date and Message-ID of a mail as it came in; it may be anything."""
    head = message_from_bytes(raw.partition(b"\r\n\r\n")[0] if b"\r\n\r\n" in raw else raw)
    return Envelope(_date(_header(head, "Date")), " ".join(_header(head, "Message-ID").split())[:_LONGEST_ID])


def why_not_believed(*, sender: str, authenticated: bool, domains: Sequence[str]) -> str:
    """Why a mail is not the vendor's word, as a Japanese sentence; empty where it is."""
    domain = parseaddr(sender)[1].rpartition("@")[2].lower().rstrip(".")
    if not any(domain == known or domain.endswith(f".{known}") for known in domains):
        return "差出人のドメインがベンダーのものではありません。"
    if not authenticated:
        return "DKIM・SPF で差出人を確認できません。偽の通知の可能性があります。"
    return ""


def is_fresh(sent_at: datetime | None, *, received_at: datetime, limit: timedelta) -> bool:
    """Whether a mail was written when it came in, give or take the limit."""
    return sent_at is not None and abs(received_at - sent_at) <= limit


def _header(head: Message, name: str) -> str:
    return str(head.get(name, ""))


def _date(text: str) -> datetime | None:
    try:
        at = parsedate_to_datetime(text)
    except (ValueError, TypeError, OverflowError, IndexError):
        return None
    try:
        return at.astimezone(UTC) if at.tzinfo else at.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        return None
