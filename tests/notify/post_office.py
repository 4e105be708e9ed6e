"""A mail server on loopback that keeps what it accepts and misbehaves on demand, for tests of the SMTP mailer."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from typing import cast

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, Session

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
    port: int = 0
    kept: list[bytes] = field(default_factory=list)
    recipients: list[str] = field(default_factory=list)

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
        server = await loop.create_server(lambda: _protocol(office), "127.0.0.1", 0)
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
    return SMTP(
        office,
        hostname="mail.example.jp",
        enable_SMTPUTF8=office.utf8,
        authenticator=office.authenticate if needs else None,
        auth_required=needs,
        auth_require_tls=False,
    )
