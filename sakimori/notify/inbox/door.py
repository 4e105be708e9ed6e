"""What our SMTP door does with what is handed to it: two recipients are known, and 250 means kept in the database."""

import asyncio
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta

import structlog
from aiosmtpd.smtp import SMTP, Envelope, Session
from django.db import DatabaseError, connections

from sakimori.notify.actions import raise_alarm
from sakimori.notify.inbox.actions import keep
from sakimori.notify.models import Mailbox, ReceivedMail, Severity

_log = structlog.get_logger()
_MOST_RECIPIENTS = 5
_MOST_PER_HOUR = 1000
_BUSY = "451 4.3.0 Cannot keep it now, try again later"


class TooMany(Exception):
    """More mails come in than anybody could mean."""


class DoorHandler:
    """What aiosmtpd asks in each step. boxes: which inbox an address (in small letters) belongs to."""

    def __init__(self, boxes: Mapping[str, Mailbox], *, clock: Callable[[], datetime]) -> None:
        self._boxes = boxes
        self._clock = clock

    async def handle_RCPT(  # noqa: N802 - the names are aiosmtpd's
        self, server: SMTP, session: Session, envelope: Envelope, address: str, rcpt_options: list[str]
    ) -> str:
        """Whether the recipient is one of ours."""
        del server, session, rcpt_options
        if self.box_of(address) is None:
            return "550 5.7.1 Not here"
        if len(envelope.rcpt_tos) >= _MOST_RECIPIENTS:
            return "452 4.5.3 Too many recipients"
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        """Keep it for every inbox that was named; only then say yes."""
        del server
        peer = str(session.peer[0]).partition("%")[0] if isinstance(session.peer, tuple) else None
        helo, content = str(session.host_name or ""), envelope.content
        raw = content if isinstance(content, bytes) else str(content).encode("utf-8", "surrogateescape")
        try:
            await asyncio.to_thread(self._keep, raw, list(envelope.rcpt_tos), peer, helo, envelope.mail_from or "")
        except (DatabaseError, ValueError, TooMany) as error:
            _log.warning("mail_door.not_kept", error=f"{type(error).__name__}: {error}"[:300])
            return _BUSY
        return "250 2.0.0 Kept"

    def box_of(self, address: str) -> Mailbox | None:
        """The inbox of an address, whatever stands behind a plus in it."""
        local, _, domain = address.lower().rpartition("@")
        return self._boxes.get(f"{local.partition('+')[0]}@{domain}")

    def _keep(self, raw: bytes, recipients: list[str], peer: str | None, helo: str, return_path: str) -> None:
        try:
            self._check_flood()
            for address in recipients:
                box = self.box_of(address)
                if box is not None:
                    keep(
                        raw,
                        box=box,
                        now=self._clock(),
                        recipient=address,
                        peer=peer,
                        helo=helo.replace("\0", ""),
                        return_path=return_path.replace("\0", "").strip("<>"),
                    )
        finally:
            # Mails are few, and a thread of the pool may end: none of them keeps a connection for the next one.
            connections.close_all()

    def _check_flood(self) -> None:
        """Whoever floods the door does not fill the disk; what is genuine is sent again by its server."""
        now = self._clock()
        if ReceivedMail.objects.filter(received_at__gt=now - timedelta(hours=1)).count() >= _MOST_PER_HOUR:
            raise_alarm(
                key="mail-door-flood",
                severity=Severity.HIGH,
                sentence=f"メールの受信口に 1 時間で {_MOST_PER_HOUR} 通を超えるメールが届き、受け取りを断っています。",
                link="/console/received/",
                now=now,
            )
            raise TooMany("more mails within an hour than the door takes")


def boxes(*, vendor_address: str, bounce_address: str) -> dict[str, Mailbox]:
    """Which addresses the door takes mails for, as the settings name them."""
    named = {vendor_address.lower(): Mailbox.VENDOR, bounce_address.lower(): Mailbox.BOUNCES}
    return {address: box for address, box in named.items() if address}
