"""MemoryMailer and MemoryPhone: keep mails and calls in a list and can be told to fail. For unit tests."""

from collections import deque
from dataclasses import dataclass, field

from sakimori.lib.phone_numbers import NotDialable, dialable
from sakimori.notify.interface import (
    Acceptance,
    MailError,
    OutgoingCall,
    OutgoingMail,
    PhoneDoubtful,
    PhoneError,
    PhoneRefused,
    PhoneState,
    PhoneStatus,
)

_GOES_ON = (PhoneState.QUEUED, PhoneState.RINGING, PhoneState.ANSWERED)


@dataclass
class MemoryMailer:
    """`sent` holds what was accepted; each error in `failures` is raised once, before anything else is accepted."""

    sent: list[OutgoingMail] = field(default_factory=list)
    failures: deque[MailError] = field(default_factory=deque)

    def send(self, mail: OutgoingMail) -> Acceptance:
        """See `Mailer.send`."""
        self.check()
        self.sent.append(mail)
        return Acceptance("memory", f"250 {len(self.sent)}")

    def close(self) -> None:
        """See `Mailer.close`."""

    def check(self) -> None:
        """See `Mailer.check`."""
        if self.failures:
            raise self.failures.popleft()


@dataclass
class MemoryPhone:
    """`placed` holds every call in order; the called people act through `press`.

    Each error in `failures` is raised once by the next thing asked. `lose_answer`: the next call rings, but its
    placing ends in PhoneDoubtful. `never_rings`: calls are taken, and no phone rings. `habits`: numbers that do
    something at once when they are called.
    """

    placed: list[OutgoingCall] = field(default_factory=list)
    failures: deque[PhoneError] = field(default_factory=deque)
    habits: dict[str, PhoneState] = field(default_factory=dict)
    lose_answer: bool = False
    never_rings: bool = False
    _states: dict[str, PhoneStatus] = field(default_factory=dict)

    def call(self, call: OutgoingCall) -> PhoneStatus:
        """See `Phone.call`."""
        self.check()
        try:
            dialable(call.to)
        except NotDialable as error:
            raise PhoneRefused(str(error)) from error
        self.placed.append(call)
        state = PhoneState.QUEUED if self.never_rings else PhoneState.RINGING
        self._states[call.reference] = PhoneStatus(state, is_over=False)
        if call.to in self.habits:
            self.press(call.reference, self.habits[call.to])
        if self.lose_answer:
            self.lose_answer = False
            raise PhoneDoubtful("the answer was lost")
        return self._states[call.reference]

    def status(self, reference: str) -> PhoneStatus | None:
        """See `Phone.status`."""
        self.check()
        return self._states.get(reference)

    def hang_up(self, reference: str) -> PhoneStatus | None:
        """See `Phone.hang_up`."""
        found = self.status(reference)
        if found is not None and not found.is_over:
            cut_off = {PhoneState.RINGING: PhoneState.BUSY, PhoneState.QUEUED: PhoneState.FAILED}
            self._states[reference] = PhoneStatus(cut_off.get(found.state, found.state), is_over=True)
        return self._states.get(reference)

    def check(self) -> None:
        """See `Phone.check`."""
        if self.failures:
            raise self.failures.popleft()

    def press(self, reference: str, state: PhoneState) -> None:
        """The called person answers, presses a key, or the line ends the call."""
        self._states[reference] = PhoneStatus(state, is_over=state not in _GOES_ON)

    @property
    def ringing(self) -> list[str]:
        """The numbers of calls that go on, in the order of dialling."""
        return [call.to for call in self.placed if not self._states[call.reference].is_over]
