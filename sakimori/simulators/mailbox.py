"""Mailbox: an SMTP server that keeps every mail, on the disk before it says 250; and how it can misbehave."""

import asyncio
import hashlib
import json
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from email import message_from_bytes
from email.message import EmailMessage, Message
from email.policy import default
from enum import StrEnum
from smtplib import SMTPException
from typing import cast

from aiosmtpd.smtp import SMTP, Envelope, Session

from sakimori.simulators.mail_door import is_bounced, report_failure
from sakimori.simulators.state import Clock, State, milliseconds

MAX_MAIL_BYTES = 50_000_000


class MailboxMode(StrEnum):
    """What happens at the end of DATA."""

    ACCEPT = "accept"
    TEMPORARY = "temporary"  # 451
    PERMANENT = "permanent"  # 550
    DROP = "drop"  # Kept, then hung up without an answer: the sender cannot know.
    DROP_UNKEPT = "drop_unkept"  # Hung up without an answer and without keeping it.


@dataclass(frozen=True, slots=True)
class MailFile:
    """A file that came with a mail; what is in it is never shown."""

    name: str
    content_type: str
    size: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Mail:
    """A mail as received; a mail delivered again under its Message-ID counts up `deliveries`.

    recipients: envelope addresses, and how often the mail came for each. text, html: its two parts.
    """

    id: int
    message_id: str
    received_ms: int
    sender: str
    recipients: dict[str, int]
    deliveries: int
    subject: str
    to: str
    text: str
    html: str
    files: list[MailFile]


def mailbox_mode(state: State) -> MailboxMode:
    """How the mailbox behaves now."""
    return MailboxMode(state.setting("mailbox_mode") or MailboxMode.ACCEPT)


def set_mailbox_mode(state: State, mode: MailboxMode) -> None:
    """Switch it; stays until switched again."""
    state.set_setting("mailbox_mode", mode)


def mails(state: State) -> list[Mail]:
    """All mails, newest first."""
    return [_mail(dict(row)) for row in state.rows("SELECT * FROM mail ORDER BY id DESC")]


class MailboxHandler:
    """What aiosmtpd calls for each mail."""

    def __init__(self, state: State, clock: Clock) -> None:
        self._state = state
        self._clock = clock
        self._tasks: set[asyncio.Task[None]] = set()

    async def handle_DATA(  # noqa: N802  (The name is aiosmtpd's.)
        self, server: SMTP, session: Session, envelope: Envelope
    ) -> str:
        """The answer to the end of DATA."""
        del session
        content, recipients = cast("bytes", envelope.content), list(envelope.rcpt_tos)
        mode = mailbox_mode(self._state)
        if mode in (MailboxMode.ACCEPT, MailboxMode.DROP):
            keep(self._state, envelope, milliseconds(self._clock()))
        if mode is MailboxMode.ACCEPT:
            self._report(content, envelope.mail_from or "", recipients)
        if mode in (MailboxMode.DROP, MailboxMode.DROP_UNKEPT):
            cast("asyncio.Transport", server.transport).abort()
        if mode is MailboxMode.TEMPORARY:
            return "451 4.3.0 Try again later"
        return "550 5.7.1 Refused" if mode is MailboxMode.PERMANENT else "250 2.0.0 Kept"

    def _report(self, content: bytes, return_path: str, recipients: list[str]) -> None:
        """Tell the sender of addresses that are said not to exist, after the mail was taken."""
        for recipient in recipients:
            if is_bounced(self._state, recipient):
                task = asyncio.create_task(self._told(content, return_path, recipient))
                self._tasks.add(task)
                task.add_done_callback(self._tasks.discard)

    async def _told(self, content: bytes, return_path: str, recipient: str) -> None:
        with suppress(OSError, SMTPException):
            await asyncio.to_thread(
                report_failure,
                self._state,
                content,
                return_path=return_path,
                recipient=recipient,
                now=self._clock(),
            )


def smtp_protocol(handler: MailboxHandler) -> SMTP:
    """The protocol of one connection; to be made inside the running loop."""
    return SMTP(handler, hostname="mailbox.example.jp", data_size_limit=MAX_MAIL_BYTES, enable_SMTPUTF8=True)


def keep(state: State, envelope: Envelope, now_ms: int) -> None:
    """Store the mail, or count it up if its Message-ID is known. On the disk when this returns."""
    content = cast("bytes", envelope.content)
    message_id = str(_message(content)["Message-ID"] or "").strip()
    message_id = message_id or f"<{hashlib.sha256(content).hexdigest()}@no-message-id>"
    with state.change() as db:
        rows = state.rows("SELECT recipients FROM mail WHERE message_id = ?", message_id)
        known = json.loads(rows[0]["recipients"]) if rows else {}
        recipients = json.dumps(_counted(known, envelope.rcpt_tos))
        db.execute(
            "INSERT INTO mail (message_id, received_ms, last_ms, sender, recipients, content, deliveries)"
            " VALUES (?1, ?2, ?2, ?3, ?4, ?5, 1) ON CONFLICT (message_id) DO UPDATE SET"
            " deliveries = deliveries + 1, last_ms = ?2, recipients = ?4",
            (message_id, now_ms, envelope.mail_from or "", recipients, content),
        )


def _counted(known: dict[str, int], recipients: Iterable[str]) -> dict[str, int]:
    counts = dict(known)
    for recipient in recipients:
        counts[recipient] = counts.get(recipient, 0) + 1
    return counts


def _mail(row: dict[str, object]) -> Mail:
    message = _message(cast("bytes", row["content"]))
    body, page = message.get_body(("plain",)), message.get_body(("html",))
    return Mail(
        id=cast("int", row["id"]),
        message_id=str(row["message_id"]),
        received_ms=cast("int", row["received_ms"]),
        sender=str(row["sender"]),
        recipients=json.loads(str(row["recipients"])),
        deliveries=cast("int", row["deliveries"]),
        subject=str(message["Subject"] or ""),
        to=str(message["To"] or ""),
        text=str(body.get_content()) if body is not None else "",
        html=str(page.get_content()) if page is not None else "",
        files=[_file(part) for part in message.iter_attachments()],
    )


def _file(part: Message) -> MailFile:
    payload = part.get_payload(decode=True)
    content = payload if isinstance(payload, bytes) else b""
    digest = hashlib.sha256(content).hexdigest()
    return MailFile(part.get_filename() or "", part.get_content_type(), len(content), digest)


def _message(content: bytes) -> EmailMessage:
    return message_from_bytes(content, policy=default)
