"""Several phones as one: the second is asked when the first has provably not placed the call. Never do both ring."""

from collections.abc import Sequence

from sakimori.notify.interface import OutgoingCall, Phone, PhoneRefused, PhoneStatus, PhoneUnavailable


class Phones:
    """Phones in the order in which they are asked. A call stays with the one that has it, or may have it."""

    def __init__(self, phones: Sequence[Phone]) -> None:
        if not phones:
            raise ValueError("at least one phone is needed")
        self._phones = tuple(phones)

    def call(self, call: OutgoingCall) -> PhoneStatus:
        """See `Phone.call`. A doubtful answer goes to the caller: nobody else is asked then.

        All of them unable: PhoneUnavailable if any may be able later, else the first refusal.
        """
        refused: PhoneRefused | None = None
        unavailable: PhoneUnavailable | None = None
        for phone in self._phones:
            try:
                return phone.call(call)
            except PhoneRefused as error:
                refused = refused or error
            except PhoneUnavailable as error:
                unavailable = unavailable or error
        raise unavailable or refused or PhoneUnavailable("no phone")

    def status(self, reference: str) -> PhoneStatus | None:
        """See `Phone.status`: of the phone that has the call."""
        return next((found for phone in self._phones if (found := phone.status(reference)) is not None), None)

    def hang_up(self, reference: str) -> PhoneStatus | None:
        """See `Phone.hang_up`: at the phone that has the call."""
        return next((found for phone in self._phones if (found := phone.hang_up(reference)) is not None), None)

    def check(self) -> None:
        """See `Phone.check`: every one must give a sign of life, or the trouble would be found when it is needed."""
        for phone in self._phones:
            phone.check()
