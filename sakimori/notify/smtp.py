"""Mailer over SMTP, as the setting SAKIMORI_MAIL_URL says: STARTTLS, TLS from the start, or plain to this machine."""

import smtplib
import ssl
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from ipaddress import ip_address
from urllib.parse import SplitResult, unquote, urlsplit

from sakimori.notify.interface import (
    Acceptance,
    MailDeferred,
    MailLoginRefused,
    MailNotTrusted,
    MailRefused,
    MailTooLarge,
    MailUnavailable,
    OutgoingMail,
)
from sakimori.notify.wire import as_bytes, wire_address

_TIMEOUT_SECONDS = 20.0
_DEFAULT_PORTS = {"smtp": 587, "smtps": 465, "smtp+plain": 25}
_TOO_LARGE = {523, 552}
_SERVER_BUSY = {421, 452, 454}
_TROUBLES = (smtplib.SMTPException, OSError, ValueError)


class SmtpMailer:
    """One connection for all mails until `close`; a mail after a trouble gets a new one.

    trust: whose certificates are believed; the machine's authorities unless it is given.
    """

    def __init__(self, url: str, *, trust: ssl.SSLContext | None = None, setting: str = "SAKIMORI_MAIL_URL") -> None:
        self._url: SplitResult = urlsplit(url)
        self._port = self._url.port or _DEFAULT_PORTS[self._url.scheme]
        self._trust = trust
        self._open: smtplib.SMTP | None = None
        if self._url.scheme == "smtp+plain" and not _is_loopback(self._url.hostname or ""):
            raise ValueError(f"{setting}: smtp+plain is only allowed to a server on this machine")

    @property
    def server(self) -> str:
        """Host and port, as proofs name it."""
        return f"{self._url.hostname}:{self._port}"

    def send(self, mail: OutgoingMail) -> Acceptance:
        """See `Mailer.send`."""
        raw = as_bytes(mail)
        with self._connection() as connection:
            return Acceptance(self.server, _hand_over(connection, mail, raw))

    def check(self) -> None:
        """See `Mailer.check`."""
        connection = self._signed_in()
        with suppress(*_TROUBLES):
            connection.quit()
        connection.close()

    def close(self) -> None:
        """See `Mailer.close`. The goodbye is a courtesy: nothing that the server says to it changes what is sent."""
        connection, self._open = self._open, None
        if connection is not None:
            with suppress(*_TROUBLES):
                connection.quit()
            connection.close()

    @contextmanager
    def _connection(self) -> Iterator[smtplib.SMTP]:
        """The open connection, or a new one. After any trouble but a refusal it is not used again."""
        connection = self._open
        if connection is not None and not _still_answers(connection):
            self.close()
            connection = None
        connection = self._open = connection or self._signed_in()
        try:
            yield connection
        except (MailRefused, MailDeferred):
            raise
        except MailUnavailable:
            self.close()
            raise
        except _TROUBLES as error:
            self.close()
            raise MailUnavailable(f"the mail server cannot be used: {error}") from error

    def _signed_in(self) -> smtplib.SMTP:
        """A new connection. What goes wrong here is about us, not about a mail: it is always worth another try."""
        try:
            return self._opened()
        except smtplib.SMTPAuthenticationError as error:
            raise MailLoginRefused(f"the mail server refuses our password: {error.smtp_code}") from error
        except ssl.SSLCertVerificationError as error:
            raise MailNotTrusted(f"the mail server's certificate is refused: {error.verify_message}") from error
        except _TROUBLES as error:
            raise MailUnavailable(f"the mail server cannot be used: {error}") from error

    def _opened(self) -> smtplib.SMTP:
        connection = self._connected()
        try:
            if self._url.scheme == "smtp":
                connection.starttls(context=self._context())
            if self._url.username:
                connection.login(unquote(self._url.username), unquote(self._url.password or ""))
            connection.ehlo_or_helo_if_needed()
        except BaseException:
            connection.close()
            raise
        return connection

    def _connected(self) -> smtplib.SMTP:
        host = self._url.hostname or ""
        if self._url.scheme == "smtps":
            return smtplib.SMTP_SSL(host, self._port, timeout=_TIMEOUT_SECONDS, context=self._context())
        return smtplib.SMTP(host, self._port, timeout=_TIMEOUT_SECONDS)

    def _context(self) -> ssl.SSLContext:
        return self._trust or ssl.create_default_context()


def _hand_over(connection: smtplib.SMTP, mail: OutgoingMail, raw: bytes) -> str:
    """One mail in the server's dialogue. Returns its last answer; raises a MailError, or what smtplib raises."""
    recipient, sender = wire_address(mail.recipient), wire_address(mail.return_path or mail.sender)
    options = _options(connection, recipient, sender, len(raw))
    code, words = connection.mail(sender, options)
    if code in _TOO_LARGE:
        raise MailTooLarge(_said(code, words))
    if code != 250:
        raise _login_or_unavailable(code, words)
    code, words = connection.rcpt(recipient)
    if code not in {250, 251}:
        raise _about_recipient(code, words)
    try:
        code, words = connection.data(raw)
    except smtplib.SMTPDataError as error:
        raise _about_content(error.smtp_code, error.smtp_error) from error
    if code != 250:
        raise _about_content(code, words)
    return _said(code, words)


def _options(connection: smtplib.SMTP, recipient: str, sender: str, size: int) -> list[str]:
    options = []
    if not (recipient + sender).isascii():
        if not connection.has_extn("smtputf8"):
            raise MailRefused("the mail server cannot take an address in Japanese signs (it has no SMTPUTF8)")
        options.append("SMTPUTF8")
        connection.command_encoding = "utf-8"
    limit = connection.esmtp_features.get("size", "")
    if limit.isdecimal() and 0 < int(limit) < size:
        raise MailTooLarge(f"the mail has {size} bytes, the server takes {limit}")
    if connection.has_extn("size"):
        options.append(f"size={size}")
    return options


def _still_answers(connection: smtplib.SMTP) -> bool:
    """Whether a kept connection takes another mail: servers hang up after a while, or after some mails."""
    try:
        return connection.rset()[0] == 250
    except _TROUBLES:
        return False


def _login_or_unavailable(code: int, answer: bytes | str) -> MailUnavailable:
    """A server that does not take our sender at all: our trouble, never the recipient's."""
    if code in {530, 535}:
        return MailLoginRefused(_said(code, answer))
    return MailUnavailable(_said(code, answer))


def _about_recipient(code: int, answer: bytes | str) -> MailRefused | MailUnavailable:
    if code == 530:
        return MailLoginRefused(_said(code, answer))
    if 500 <= code < 600:
        return MailRefused(_said(code, answer))
    return MailUnavailable(_said(code, answer)) if code in _SERVER_BUSY else MailDeferred(_said(code, answer))


def _about_content(code: int, answer: bytes | str) -> MailRefused | MailUnavailable:
    if code in _TOO_LARGE:
        return MailTooLarge(_said(code, answer))
    return MailRefused(_said(code, answer)) if 500 <= code < 600 else MailUnavailable(_said(code, answer))


def _said(code: int, answer: bytes | str) -> str:
    words = answer.decode("utf-8", "replace") if isinstance(answer, bytes) else answer
    return f"{code} {' '.join(words.split())}"


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
