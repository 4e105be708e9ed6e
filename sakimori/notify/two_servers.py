"""Mailer with a second server: it takes over while the first one cannot be used. Every mail keeps its Message-ID."""

from collections.abc import Callable
from datetime import datetime, timedelta

from sakimori.notify.interface import Acceptance, MailDeferred, Mailer, MailUnavailable, OutgoingMail

_REST = timedelta(seconds=60)


class Memory:
    """What is remembered from one round to the next: until when the first server is left alone, and why."""

    def __init__(self) -> None:
        self.rests_until: datetime | None = None
        self.trouble = ""


class TwoServers:
    """The first server, and the second one while the first cannot be used. A refusal of the first is final."""

    def __init__(self, first: Mailer, second: Mailer, *, memory: Memory, clock: Callable[[], datetime]) -> None:
        self._first = first
        self._second = second
        self._memory = memory
        self._clock = clock

    def send(self, mail: OutgoingMail) -> Acceptance:
        """See `Mailer.send`. Raises what the first server said when neither can be used."""
        memory = self._memory
        if memory.rests_until is None or self._clock() >= memory.rests_until:
            try:
                accepted = self._first.send(mail)
            except MailDeferred:
                raise
            except MailUnavailable as error:
                memory.rests_until, memory.trouble = self._clock() + _REST, str(error)
                return self._by_second(mail, error)
            memory.rests_until = None
            return accepted
        return self._by_second(mail, MailUnavailable(memory.trouble))

    def check(self) -> None:
        """See `Mailer.check`: both are looked at, for the second is needed when it is too late to mend it."""
        self._first.check()
        self._second.check()

    def close(self) -> None:
        """See `Mailer.close`."""
        self._first.close()
        self._second.close()

    def _by_second(self, mail: OutgoingMail, trouble: MailUnavailable) -> Acceptance:
        try:
            accepted = self._second.send(mail)
        except MailUnavailable as error:
            raise trouble from error
        return Acceptance(accepted.server, accepted.answer, detour=str(trouble))
