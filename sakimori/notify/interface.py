"""Mailer: how a mail leaves the house. Phone: how somebody is called.

    MailError                 the mail was not accepted
     +-- MailUnavailable      retry helps: no connection, a 4xx answer, a connection lost in the middle
     |    +-- MailDeferred    only this recipient has to wait; the server works
     |    +-- MailLoginRefused   the server does not take our user name and password
     |    +-- MailNotTrusted  the server's certificate is not the one of the host that the setting names
     +-- MailRefused          retry does not help: a 5xx answer for this mail or recipient
          +-- MailTooLarge    the mail is larger than the server takes; without its files it may go

After `MailUnavailable` the server may have taken the mail all the same (a connection lost after DATA). The same
mail is then sent again with the same Message-ID, by which mail systems recognise it.

    PhoneError                the phone provider did not do what was asked
     +-- PhoneUnavailable     provably not done: retry helps
     +-- PhoneDoubtful        may have been done: ask for the call by its reference before anything is dialled again
     +-- PhoneRefused         will never work, such as a number that cannot be dialled
          +-- PhoneNotAllowed  our account may not call it: a setting at the provider is to blame, not the number
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol


class MailError(Exception):
    """The mail was not accepted; the text is the server's word, for the operator."""


class MailUnavailable(MailError):
    """Trying again later may help."""


class MailDeferred(MailUnavailable):
    """This recipient has to wait, such as one whose server greylists; others need not."""


class MailLoginRefused(MailUnavailable):
    """The server refuses our user name or password: nothing leaves until a setting is mended."""


class MailNotTrusted(MailUnavailable):
    """The server's certificate cannot be verified: nothing is told to whoever answers there."""


class MailRefused(MailError):
    """The server will not take this mail."""


class MailTooLarge(MailRefused):
    """The server takes no mail of this size."""


@dataclass(frozen=True, slots=True)
class Acceptance:
    """Proof that a mail was handed over: which server took it, and its own words.

    detour: why the first server could not take it, where another one did.
    """

    server: str
    answer: str
    detour: str = ""


@dataclass(frozen=True, slots=True)
class AttachedFile:
    """A file that goes out with a mail. content_type: such as image/png."""

    name: str
    content_type: str
    content: bytes


@dataclass(frozen=True, slots=True)
class OutgoingMail:
    """One mail to one recipient. No text may hold a line break except `body` and `html`.

    html: the same as `body`, or empty. reply_to: where answers go; empty: to the sender. return_path: where reports
    that it could not be delivered go; empty: to the sender.
    """

    message_id: str
    sender: str
    recipient: str
    recipient_name: str
    subject: str
    body: str
    written_at: datetime
    attachments: tuple[AttachedFile, ...] = ()
    html: str = ""
    sender_name: str = ""
    reply_to: str = ""
    return_path: str = ""


class Mailer(Protocol):
    """Hands mails to a mail server. It may keep a connection from one mail to the next, until `close`."""

    def send(self, mail: OutgoingMail) -> Acceptance:
        """Return when the server has accepted the mail; raise a MailError otherwise."""

    def close(self) -> None:
        """Say goodbye to the server; never raises. The next mail makes a new connection."""

    def check(self) -> None:
        """Connect and sign in without sending; raise a MailError when that fails."""


class PhoneError(Exception):
    """The phone provider did not do what was asked; the text is for the operator."""


class PhoneUnavailable(PhoneError):
    """Nothing was done: no connection, or the provider says so. Trying again later may help."""


class PhoneDoubtful(PhoneError):
    """The end of what was asked is not known: a phone may be ringing."""


class PhoneRefused(PhoneError):
    """The provider will never make this call. The text is a Japanese sentence."""


class PhoneNotAllowed(PhoneRefused):
    """The number may be alive, but the provider's settings for our account forbid the call. The text names them."""


@dataclass(frozen=True, slots=True)
class OutgoingCall:
    """One call to one person. `reference` is our own mark, by which the provider finds the call again.

    say: everything that a patient listener hears. A provider that asks our door for each sentence takes it from the
    rows instead. caller: the number that is shown, where the provider's account has none of its own.
    """

    reference: str
    to: str
    caller: str
    say: str


class PhoneState(StrEnum):
    """What is known of a call. CONFIRMED and DECLINED come from the keys, or from an operator who took it over.

    QUEUED: the provider has taken the call, but no phone rings yet. It may stay so for ever.
    """

    QUEUED = "queued"
    RINGING = "ringing"
    ANSWERED = "answered"
    CONFIRMED = "confirmed"
    DECLINED = "declined"
    BUSY = "busy"
    NO_ANSWER = "no_answer"
    MACHINE = "machine"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class PhoneStatus:
    """Where a call stands. A call that was answered and hung up without a key is over in state ANSWERED.

    is_bridged: an operator of the SOC took the call over.
    """

    state: PhoneState
    is_over: bool
    is_bridged: bool = False


class Phone(Protocol):
    """Calls people, says something, and takes a key."""

    def call(self, call: OutgoingCall) -> PhoneStatus:
        """Place a call: it rings when this returns, or will. Raise a PhoneError otherwise. Never repeats by itself."""

    def status(self, reference: str) -> PhoneStatus | None:
        """Where our call with this reference stands; None when the provider has none."""

    def hang_up(self, reference: str) -> PhoneStatus | None:
        """End the call if it still goes on. Returns where it stands then; None when the provider has none.

        A call that has never rung has FAILED.
        """

    def check(self) -> None:
        """Ask the provider for a sign of life without calling anybody; raise a PhoneError when there is none."""
