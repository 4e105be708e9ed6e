"""Both phones keep the contract; the simulated one over its real pages, and whatever else an HTTP server may answer."""

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from sakimori.lib.http import GuardedClient
from sakimori.notify.interface import PhoneDoubtful, PhoneRefused, PhoneState, PhoneStatus, PhoneUnavailable
from sakimori.notify.memory import MemoryPhone
from sakimori.notify.simulated_phone import SimulatedPhone
from sakimori.simulators.phone import Phone, PhoneAction
from sakimori.simulators.phone_pages import phone_app
from sakimori.simulators.state import State
from tests.notify.phone_contract import PhoneContract, Trouble, call
from tests.simulators.stage import LocalClient, MovableClock

ACTIONS = {
    PhoneState.ANSWERED: PhoneAction.ANSWER,
    PhoneState.CONFIRMED: PhoneAction.CONFIRM,
    PhoneState.DECLINED: PhoneAction.DECLINE,
    PhoneState.BUSY: PhoneAction.BUSY,
    PhoneState.NO_ANSWER: PhoneAction.NO_ANSWER,
    PhoneState.MACHINE: PhoneAction.MACHINE,
}


class MemoryLine:
    def __init__(self) -> None:
        self.phone = MemoryPhone()

    def act(self, reference: str, state: PhoneState) -> None:
        self.phone.press(reference, state)

    def lift_and_hang_up(self, reference: str) -> None:
        self.phone.press(reference, PhoneState.ANSWERED)
        self.phone.hang_up(reference)

    def numbers(self) -> list[str]:
        return [call.to for call in self.phone.placed]

    def trouble(self, kind: Trouble) -> None:
        if kind is Trouble.UNAVAILABLE:
            self.phone.failures.append(PhoneUnavailable("no connection"))
        else:
            self.phone.lose_answer = True


class SimulatedLine:
    """The simulator's own pages behind the guarded client, in this process."""

    def __init__(self, folder: Path) -> None:
        self.state = State(folder / "phone.sqlite3")
        self.exchange = Phone(self.state, MovableClock())
        self.app = LocalClient(phone_app(self.exchange))
        self.next_trouble: Trouble | None = None
        self.phone = SimulatedPhone("http://127.0.0.1", GuardedClient(transport=httpx.MockTransport(self._answer)))

    def _answer(self, request: httpx.Request) -> httpx.Response:
        trouble, self.next_trouble = self.next_trouble, None
        if trouble is Trouble.UNAVAILABLE:
            raise httpx.ConnectError("refused")
        path = request.url.raw_path.decode()
        headers = {"content-type": request.headers.get("content-type", "")}
        answer = self.app.request(request.method, path, content=request.content, headers=headers)
        if trouble is Trouble.LOST_ANSWER:
            raise httpx.ReadTimeout("no answer")
        return httpx.Response(answer.status_code, content=answer.content)

    def act(self, reference: str, state: PhoneState) -> None:
        self.exchange.act(self._id(reference), ACTIONS[state])

    def lift_and_hang_up(self, reference: str) -> None:
        self.exchange.act(self._id(reference), PhoneAction.ANSWER)
        self.exchange.act(self._id(reference), PhoneAction.HANG_UP)

    def numbers(self) -> list[str]:
        return [call.to for call in reversed(self.exchange.calls())]

    def trouble(self, kind: Trouble) -> None:
        self.next_trouble = kind

    def _id(self, reference: str) -> int:
        return next(call.id for call in self.exchange.calls() if call.reference == reference)


class TestMemoryPhone(PhoneContract):
    def make_line(self) -> MemoryLine:
        return MemoryLine()


class TestSimulatedPhone(PhoneContract):
    @pytest.fixture
    def line(self, tmp_path: Path) -> Iterator[SimulatedLine]:
        made = SimulatedLine(tmp_path)
        yield made
        made.state.close()


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (500, b"oops"),
        (302, b""),
        (200, b"<html>"),
        (200, b"[]"),
        (200, b'{"calls": 1}'),
        (200, b'{"calls": [{"state": "floating"}]}'),
    ],
)
def test_an_answer_that_cannot_be_read_is_doubtful(status: int, body: bytes) -> None:
    phone = _answering(status, body)
    with pytest.raises(PhoneDoubtful):
        phone.status("r-1")


def test_a_server_error_after_dialling_is_doubtful_and_a_refusal_is_not() -> None:
    with pytest.raises(PhoneDoubtful):
        call(_Line(_answering(500, b"{}")))
    with pytest.raises(PhoneRefused, match="400"):
        call(_Line(_answering(400, b"{}")))


def test_a_state_with_a_hyphen_is_ours_with_an_underscore() -> None:
    phone = _answering(200, b'{"calls": [{"state": "no-answer", "ended_ms": 5}]}')
    assert phone.status("r-1") == PhoneStatus(PhoneState.NO_ANSWER, is_over=True)


class _Line(MemoryLine):
    def __init__(self, phone: SimulatedPhone) -> None:
        self.phone = phone  # type: ignore[assignment]


def _answering(status: int, body: bytes) -> SimulatedPhone:
    transport = httpx.MockTransport(lambda _: httpx.Response(status, content=body))
    return SimulatedPhone("http://127.0.0.1:1", GuardedClient(transport=transport))
