"""MemoryMailer: a Mailer that keeps mails in a list and can be told to fail. For unit tests."""

from collections import deque
from dataclasses import dataclass, field

from sakimori.notify.interface import MailError, OutgoingMail


@dataclass
class MemoryMailer:
    """`sent` holds what was accepted; each error in `failures` is raised once, before anything else is accepted."""

    sent: list[OutgoingMail] = field(default_factory=list)
    failures: deque[MailError] = field(default_factory=deque)

    def send(self, mail: OutgoingMail) -> None:
        """See `Mailer.send`."""
        self.check()
        self.sent.append(mail)

    def check(self) -> None:
        """See `Mailer.check`."""
        if self.failures:
            raise self.failures.popleft()
