"""Mailer over SMTP, as the setting SAKIMORI_MAIL_URL says: STARTTLS, TLS from the start, or plain to this machine."""

import smtplib
import ssl
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from email.errors import MessageError
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from ipaddress import ip_address
from urllib.parse import SplitResult, unquote, urlsplit

from sakimori.lib.jst import JST
from sakimori.notify.interface import MailRefused, MailUnavailable, OutgoingMail

_TIMEOUT_SECONDS = 20.0
_DEFAULT_PORTS = {"smtp": 587, "smtps": 465, "smtp+plain": 25}


class SmtpMailer:
    """One connection per mail: simple, and nothing is left half-open when a server restarts."""

    def __init__(self, url: str) -> None:
        self._url: SplitResult = urlsplit(url)
        self._port = self._url.port or _DEFAULT_PORTS[self._url.scheme]
        if self._url.scheme == "smtp+plain" and not _is_loopback(self._url.hostname or ""):
            raise ValueError("SAKIMORI_MAIL_URL: smtp+plain is only allowed to a server on this machine")

    def send(self, mail: OutgoingMail) -> None:
        """See `Mailer.send`."""
        message = as_message(mail)
        with self._connection() as connection:
            try:
                connection.send_message(message, from_addr=mail.sender, to_addrs=[mail.recipient])
            except smtplib.SMTPRecipientsRefused as error:
                code, answer = next(iter(error.recipients.values()))
                raise _refused(code, answer) from error
            except smtplib.SMTPDataError as error:
                raise _refused(error.smtp_code, error.smtp_error) from error
            except smtplib.SMTPNotSupportedError as error:
                raise MailRefused(f"the mail server cannot take this address: {error}") from error
            except (smtplib.SMTPException, OSError) as error:
                raise MailUnavailable(f"the mail server cannot be used: {error}") from error

    def check(self) -> None:
        """See `Mailer.check`."""
        with self._connection():
            pass

    @contextmanager
    def _connection(self) -> Iterator[smtplib.SMTP]:
        """A connection, signed in. What goes wrong here is about us, not about a mail: it is always worth another try.

        The goodbye is a courtesy: once a mail is accepted, nothing that the server says about QUIT changes that.
        """
        try:
            connection = self._signed_in()
        except (smtplib.SMTPException, OSError, ValueError) as error:
            raise MailUnavailable(f"the mail server cannot be used: {error}") from error
        try:
            yield connection
        finally:
            with suppress(smtplib.SMTPException, OSError):
                connection.quit()
            connection.close()

    def _signed_in(self) -> smtplib.SMTP:
        connection = self._connected()
        try:
            if self._url.scheme == "smtp":
                connection.starttls(context=ssl.create_default_context())
            if self._url.username:
                connection.login(unquote(self._url.username), unquote(self._url.password or ""))
        except BaseException:
            connection.close()
            raise
        return connection

    def _connected(self) -> smtplib.SMTP:
        host = self._url.hostname or ""
        if self._url.scheme == "smtps":
            secure = ssl.create_default_context()
            return smtplib.SMTP_SSL(host, self._port, timeout=_TIMEOUT_SECONDS, context=secure)
        return smtplib.SMTP(host, self._port, timeout=_TIMEOUT_SECONDS)


def as_message(mail: OutgoingMail) -> EmailMessage:
    """The mail as it goes over the wire. The library refuses line breaks in headers; that is a MailRefused here."""
    message = EmailMessage(policy=SMTP)
    try:
        message["Message-ID"] = mail.message_id
        message["Date"] = format_datetime(mail.written_at.astimezone(JST))
        message["From"] = mail.sender
        message["To"] = Address(display_name=f"{mail.recipient_name} 様", addr_spec=mail.recipient)
        message["Subject"] = mail.subject
    except (ValueError, IndexError, MessageError) as error:
        raise MailRefused(f"a header of the mail is not allowed: {error}") from error
    message["Auto-Submitted"] = "auto-generated"
    message["Content-Language"] = "ja"
    message.set_content(mail.body, charset="utf-8", cte="base64")
    for file in mail.attachments:
        main, _, sub = file.content_type.partition("/")
        message.add_attachment(file.content, maintype=main, subtype=sub or "octet-stream", filename=file.name)
    return message


def _refused(code: int, answer: bytes | str) -> MailRefused | MailUnavailable:
    words = answer.decode("utf-8", "replace") if isinstance(answer, bytes) else answer
    if 500 <= code < 600:
        return MailRefused(f"{code} {words}")
    return MailUnavailable(f"{code} {words}")


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
