"""Mailer: how a mail leaves the house.

    MailError                 the mail was not accepted
     +-- MailUnavailable      retry helps: no connection, a 4xx answer, a connection lost in the middle
     +-- MailRefused          retry does not help: a 5xx answer for this mail or recipient

After `MailUnavailable` the server may have taken the mail all the same (a connection lost after DATA). The same
mail is then sent again with the same Message-ID, by which mail systems recognise it.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol


class MailError(Exception):
    """The mail was not accepted; the text is the server's word, for the operator."""


class MailUnavailable(MailError):
    """Trying again later may help."""


class MailRefused(MailError):
    """The server will not take this mail."""


@dataclass(frozen=True, slots=True)
class OutgoingMail:
    """One mail to one recipient. No field may hold a line break except `body`."""

    message_id: str
    sender: str
    recipient: str
    recipient_name: str
    subject: str
    body: str
    written_at: datetime


class Mailer(Protocol):
    """Hands mails to a mail server."""

    def send(self, mail: OutgoingMail) -> None:
        """Return when the server has accepted the mail; raise a MailError otherwise."""

    def check(self) -> None:
        """Connect and sign in without sending; raise a MailError when that fails."""
