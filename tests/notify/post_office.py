"""A mail server on loopback that keeps what it accepts and misbehaves on demand, for tests of the SMTP mailer."""

import asyncio
import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from typing import cast

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, Session

from sakimori.notify.interface import Acceptance, OutgoingMail
from sakimori.notify.smtp import SmtpMailer
from sakimori.simulators.loop_thread import LoopThread


@dataclass
class PostOffice:
    """Answers by stage: `rcpt`, `data` and `quit` hold what is answered instead of yes; `drop` hangs up after DATA."""

    rcpt: str = ""
    mail: str = ""
    data: str = ""
    quit: str = ""
    drop: bool = False
    utf8: bool = True
    password: str = ""
    size_limit: int = 0
    starttls: ssl.SSLContext | None = None
    tls: ssl.SSLContext | None = None
    port: int = 0
    connections: int = 0
    senders: list[str] = field(default_factory=list)
    kept: list[bytes] = field(default_factory=list)
    recipients: list[str] = field(default_factory=list)
    open_protocols: list[SMTP] = field(default_factory=list)

    @property
    def url(self) -> str:
        """What SAKIMORI_MAIL_URL would say."""
        return f"smtp+plain://127.0.0.1:{self.port}"

    @property
    def letters(self) -> list[EmailMessage]:
        """What was accepted, decoded."""
        return [cast("EmailMessage", message_from_bytes(content, policy=default)) for content in self.kept]

    async def handle_MAIL(  # noqa: N802 - the names are aiosmtpd's
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        """The answer to the sender."""
        if self.mail:
            return self.mail
        envelope.mail_from = address
        self.senders.append(address)
        return "250 OK"

    async def handle_RCPT(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        """The answer to a recipient."""
        if self.rcpt:
            return self.rcpt
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        """The answer to the end of DATA."""
        if self.data:
            return self.data
        self.kept.append(cast("bytes", envelope.content))
        self.recipients += envelope.rcpt_tos
        if self.drop:
            cast("asyncio.Transport", server.transport).abort()
        return "250 Kept"

    def hang_up(self) -> None:
        """End every connection, as a server does after a while."""
        for protocol in self.open_protocols:
            transport = cast("asyncio.Transport", protocol.transport)
            if transport is not None:
                protocol.loop.call_soon_threadsafe(transport.abort)

    async def handle_QUIT(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        """The goodbye."""
        return self.quit or "221 Bye"

    def authenticate(
        self, server: SMTP, session: Session, envelope: Envelope, mechanism: str, data: object
    ) -> AuthResult:
        """Whether the password is right."""
        given = getattr(data, "password", b"")
        return AuthResult(success=given == self.password.encode(), handled=False)


@contextmanager
def open_office(office: PostOffice) -> Iterator[PostOffice]:
    """The office listens on a free port while the context lasts."""

    async def serve(ready: Callable[[], None], stop: asyncio.Event) -> None:
        loop = asyncio.get_running_loop()
        server = await loop.create_server(lambda: _protocol(office), "127.0.0.1", 0, ssl=office.tls)
        office.port = server.sockets[0].getsockname()[1]
        async with server:
            ready()
            await stop.wait()

    thread = LoopThread(serve)
    thread.start()
    try:
        yield office
    finally:
        thread.stop()


def _protocol(office: PostOffice) -> SMTP:
    needs = bool(office.password)
    office.connections += 1
    protocol = SMTP(
        office,
        hostname="mail.example.jp",
        enable_SMTPUTF8=office.utf8,
        data_size_limit=office.size_limit or 33_554_432,
        tls_context=office.starttls,
        require_starttls=office.starttls is not None,
        authenticator=office.authenticate if needs else None,
        auth_required=needs,
        auth_require_tls=office.starttls is not None,
    )
    office.open_protocols.append(protocol)
    return protocol


def hand_over(url: str, mail: OutgoingMail, *, trust: ssl.SSLContext | None = None) -> Acceptance:
    """Send one mail over a connection of its own."""
    mailer = SmtpMailer(url, trust=trust)
    try:
        return mailer.send(mail)
    finally:
        mailer.close()
