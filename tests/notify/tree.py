"""A desk for tests of the call tree: a customer with three contacts, a fake phone, and a clock that moves."""

from collections import deque
from dataclasses import dataclass, field
from datetime import timedelta

from sakimori.customers.models import Contact, Contract
from sakimori.notify.calling import call_contacts
from sakimori.notify.duties import ring_due
from sakimori.notify.interface import OutgoingCall, PhoneState, PhoneStatus
from sakimori.notify.memory import MemoryPhone
from sakimori.notify.models import Call, CallRound
from sakimori.notify.ringing import Voice
from tests.moments import Clock

ONE, TWO, THREE = "03-0000-1001", "03-0000-1002", "03-0000-1003"
NAMES = {ONE: "一郎", TWO: "次郎", THREE: "三郎"}


@dataclass
class MortalPhone(MemoryPhone):
    """A phone while whose use the worker may be killed: before it rings, or after."""

    deaths: deque[str] = field(default_factory=deque)

    def call(self, call: OutgoingCall) -> PhoneStatus:
        """See `Phone.call`."""
        how = self.deaths.popleft() if self.deaths else ""
        if how == "before":
            raise KeyboardInterrupt
        answer = super().call(call)
        if how == "after":
            raise KeyboardInterrupt
        return answer

    def works_again(self) -> None:
        """Nobody is killed, every answer arrives, and phones ring."""
        self.deaths.clear()
        self.failures.clear()
        self.lose_answer = self.never_rings = False

    def goes_on(self, reference: str) -> bool:
        """Whether this call was placed and has not ended."""
        return reference in self._states and not self._states[reference].is_over

    def press_all(self, answer: PhoneState) -> None:
        """The same comes of every call that goes on."""
        for call in self.placed:
            if self.goes_on(call.reference):
                self.press(call.reference, answer)

    def hang_up_where_an_operator_dials(self) -> None:
        """A provider that was away for a minute has lost the calls of the round: their phones do not ring for ever."""
        for reference in Call.objects.filter(round__by_hand=True).values_list("reference", flat=True):
            if self.goes_on(reference):
                self.press(reference, PhoneState.NO_ANSWER)


@dataclass
class Tree:
    """One installation with a customer of three contacts."""

    contract: Contract
    phone: MortalPhone = field(default_factory=MortalPhone)
    clock: Clock = field(default_factory=Clock)

    def begin(self, key: str = "incident:1", subject: str = "サイト停止", **more: object) -> CallRound:
        return call_contacts(
            key=key,
            customer=self.contract.customer,
            subject=subject,
            say=f"{subject}です。",
            now=self.clock(),
            **more,  # type: ignore[arg-type]
        )

    def ring(self, *, seconds: int = 1, worker: str = "one", by_hand: bool = False) -> int:
        """Let the duty work for some seconds. Returns how many steps it took."""
        voice = None if by_hand else Voice(self.phone, "03-0000-0000", "保護サービス", timedelta(seconds=45))
        steps = 0
        for _ in range(seconds):
            for _ in range(20):
                if not (taken := ring_due(voice=voice, worker=worker, clock=self.clock)):
                    break
                steps += taken
            self.clock.pass_time(seconds=1)
        return steps

    def press(self, state: PhoneState) -> None:
        """The person whose phone was dialled last does something, and the duty sees it."""
        self.phone.press(self.phone.placed[-1].reference, state)
        self.ring()

    def dialled(self) -> list[str]:
        return [call.to for call in self.phone.placed]

    def states(self, lap: int = 1) -> list[str]:
        return list(Call.objects.filter(lap=lap).order_by("round", "place").values_list("state", flat=True))


def add_contact(contract: Contract, number: str, priority: int, **columns: object) -> Contact:
    """A contact with a phone."""
    values = {"name": NAMES.get(number, number), "email": f"{priority}@example.jp", "phone": number}
    return Contact.objects.create(customer=contract.customer, priority=priority, **{**values, **columns})
