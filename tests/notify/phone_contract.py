"""What every `Phone` must do, whoever implements it. Subclasses provide `make_line`."""

from enum import StrEnum
from typing import Protocol

import pytest

from sakimori.notify.interface import (
    OutgoingCall,
    Phone,
    PhoneDoubtful,
    PhoneError,
    PhoneRefused,
    PhoneState,
    PhoneStatus,
    PhoneUnavailable,
)

NUMBER = "03-0000-1001"
QUEUED = PhoneStatus(PhoneState.QUEUED, is_over=False)


class Trouble(StrEnum):
    UNAVAILABLE = "no connection"
    LOST_ANSWER = "the phone rings, the answer is lost"


class Line(Protocol):
    """A phone together with what only the called person, or the provider, could do or see."""

    phone: Phone

    def act(self, reference: str, state: PhoneState) -> None:
        """The called person answers or presses a key, or the line says how it ended."""

    def lift_and_hang_up(self, reference: str) -> None:
        """The called person answers and hangs up without a key."""

    def numbers(self) -> list[str]:
        """Every number that was ever dialled, in order."""

    def never_ring(self) -> None:
        """From now on calls are taken, but no phone rings."""

    def let_ring(self) -> None:
        """The provider dials what it has taken."""

    def trouble(self, kind: Trouble) -> None:
        """The next thing asked meets it."""


def call(line: Line, reference: str = "r-1", to: str = NUMBER) -> PhoneStatus:
    return line.phone.call(OutgoingCall(reference=reference, to=to, caller="03-0000-0000", say="お知らせです。"))


class PhoneContract:
    def make_line(self) -> Line:
        raise NotImplementedError

    @pytest.fixture
    def line(self) -> Line:
        return self.make_line()

    def test_a_call_rings_and_is_found_by_our_reference(self, line: Line) -> None:
        ringing = PhoneStatus(PhoneState.RINGING, is_over=False)
        assert call(line) in (ringing, QUEUED)
        line.let_ring()
        assert line.phone.status("r-1") == ringing
        assert line.numbers() == [NUMBER]

    def test_a_reference_that_was_never_used_is_none(self, line: Line) -> None:
        call(line)
        assert line.phone.status("r-2") is None
        assert line.phone.hang_up("r-2") is None

    @pytest.mark.parametrize(
        ("state", "is_over"),
        [
            (PhoneState.ANSWERED, False),
            (PhoneState.CONFIRMED, True),
            (PhoneState.DECLINED, True),
            (PhoneState.BUSY, True),
            (PhoneState.NO_ANSWER, True),
            (PhoneState.MACHINE, True),
        ],
    )
    def test_what_the_called_person_does_is_seen(self, line: Line, state: PhoneState, is_over: bool) -> None:
        call(line)
        line.act("r-1", state)
        assert line.phone.status("r-1") == PhoneStatus(state, is_over=is_over)

    def test_lifting_the_receiver_without_a_key_ends_as_answered(self, line: Line) -> None:
        call(line)
        line.lift_and_hang_up("r-1")
        assert line.phone.status("r-1") == PhoneStatus(PhoneState.ANSWERED, is_over=True)

    def test_hanging_up_ends_a_call_and_a_second_time_changes_nothing(self, line: Line) -> None:
        call(line)
        ended = line.phone.hang_up("r-1")
        assert ended is not None
        assert ended.is_over
        assert line.phone.hang_up("r-1") == ended == line.phone.status("r-1")

    def test_hanging_up_does_not_change_how_a_call_had_ended(self, line: Line) -> None:
        call(line)
        line.act("r-1", PhoneState.CONFIRMED)
        assert line.phone.hang_up("r-1") == PhoneStatus(PhoneState.CONFIRMED, is_over=True)

    def test_a_call_that_is_taken_and_does_not_ring_is_told_from_one_that_rings(self, line: Line) -> None:
        line.never_ring()
        assert call(line) == QUEUED
        line.let_ring()
        assert line.phone.status("r-1") == QUEUED

    def test_a_call_that_never_rang_has_failed_when_it_is_given_up(self, line: Line) -> None:
        line.never_ring()
        call(line)
        line.let_ring()
        assert line.phone.hang_up("r-1") == PhoneStatus(PhoneState.FAILED, is_over=True) == line.phone.status("r-1")

    def test_calls_with_two_references_are_two_calls(self, line: Line) -> None:
        call(line, "r-1")
        call(line, "r-2", "03-0000-1002")
        line.let_ring()
        line.act("r-2", PhoneState.BUSY)
        states = [line.phone.status(reference) for reference in ("r-1", "r-2")]
        assert [status.state for status in states if status] == [PhoneState.RINGING, PhoneState.BUSY]

    @pytest.mark.parametrize("number", ["", "内線 12", "+1-202-555-0100", "110", "03-0000-1001;postd=1"])
    def test_a_number_that_cannot_be_dialled_is_refused_with_the_reason(self, line: Line, number: str) -> None:
        with pytest.raises(PhoneRefused, match=r"。$"):
            call(line, to=number)
        assert line.numbers() == []

    def test_without_a_connection_nothing_was_placed(self, line: Line) -> None:
        line.trouble(Trouble.UNAVAILABLE)
        with pytest.raises(PhoneUnavailable):
            call(line)
        assert line.phone.status("r-1") is None
        assert line.numbers() == []

    def test_without_a_connection_nothing_is_known(self, line: Line) -> None:
        call(line)
        line.let_ring()
        for ask in (lambda: line.phone.status("r-1"), lambda: line.phone.hang_up("r-1"), line.phone.check):
            line.trouble(Trouble.UNAVAILABLE)
            with pytest.raises(PhoneError):
                ask()
        assert line.phone.status("r-1") == PhoneStatus(PhoneState.RINGING, is_over=False)

    def test_a_lost_answer_is_doubtful_and_the_call_is_found(self, line: Line) -> None:
        line.trouble(Trouble.LOST_ANSWER)
        with pytest.raises(PhoneDoubtful):
            call(line)
        line.let_ring()
        assert line.phone.status("r-1") == PhoneStatus(PhoneState.RINGING, is_over=False)
        assert line.numbers() == [NUMBER]

    def test_a_sign_of_life_calls_nobody(self, line: Line) -> None:
        line.phone.check()
        assert line.numbers() == []
