"""The phone: every way that a call can end, by its API and its page."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from sakimori.simulators.phone import Phone, PhoneAction
from sakimori.simulators.phone_pages import phone_app
from sakimori.simulators.state import State
from tests.simulators.stage import LocalClient, MovableClock

CALL = {
    "to": "+815012345678",
    "from": "+815087654321",
    "say": "さきもり商店のサイトが表示できません。",
    "reference": "r-1",
}


class PhoneStage:
    def __init__(self, folder: Path) -> None:
        self.state = State(folder / "state.sqlite3")
        self.clock = MovableClock()
        self.phone = Phone(self.state, self.clock)
        self.client = LocalClient(phone_app(self.phone))


@pytest.fixture
def line(tmp_path: Path) -> Iterator[PhoneStage]:
    made = PhoneStage(tmp_path)
    yield made
    made.state.close()


def test_a_call_rings_and_can_be_found_by_its_reference(line: PhoneStage) -> None:
    made = line.client.post("/calls", json=CALL)
    assert made.status_code == 201
    call = line.client.get(f"/calls/{made.json()['id']}").json()
    assert call | CALL == call
    assert (call["state"], call["key"], call["ended_ms"]) == ("ringing", "", None)
    assert len(line.client.get("/calls?reference=r-1").json()["calls"]) == 1
    assert line.client.get("/calls?reference=r-2").json()["calls"] == []


@pytest.mark.parametrize(
    ("actions", "state", "key", "is_over"),
    [
        (["answer"], "answered", "", False),
        (["answer", "1"], "confirmed", "1", True),
        (["1"], "confirmed", "1", True),
        (["answer", "*", "2"], "declined", "2", True),
        (["answer", "*"], "answered", "*", False),
        (["answer", "hang-up"], "answered", "", True),
        (["hang-up"], "busy", "", True),
        (["busy"], "busy", "", True),
        (["no-answer"], "no-answer", "", True),
        (["machine"], "machine", "", True),
    ],
)
def test_what_is_done_decides_the_state(
    line: PhoneStage, actions: list[str], state: str, key: str, is_over: bool
) -> None:
    call_id = line.client.post("/calls", json=CALL).json()["id"]
    for action in actions:
        call = line.client.post(f"/calls/{call_id}/act", json={"action": action}).json()
    assert (call["state"], call["key"], call["ended_ms"] is not None) == (state, key, is_over)


def test_a_call_rings_out(line: PhoneStage) -> None:
    call_id = line.client.post("/calls", json=CALL).json()["id"]
    line.clock.forward(29)
    assert line.client.get(f"/calls/{call_id}").json()["state"] == "ringing"
    line.clock.forward(1)
    call = line.client.get(f"/calls/{call_id}").json()
    assert (call["state"], call["ended_ms"]) == ("no-answer", line.clock.now_ms)


def test_what_is_over_stays_over(line: PhoneStage) -> None:
    call_id = line.client.post("/calls", json=CALL).json()["id"]
    line.phone.act(call_id, PhoneAction.CONFIRM)
    assert line.client.post(f"/calls/{call_id}/act", json={"action": "2"}).status_code == 409
    assert line.phone.call(call_id).key == "1"


def test_an_answered_call_cannot_be_busy(line: PhoneStage) -> None:
    call_id = line.client.post("/calls", json=CALL).json()["id"]
    line.phone.act(call_id, PhoneAction.ANSWER)
    assert line.client.post(f"/calls/{call_id}/act", json={"action": "busy"}).status_code == 409


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [("/calls", {}, 400), ("/calls/9/act", {"action": "1"}, 404), ("/habits", {"number": "1", "action": "fly"}, 400)],
)
def test_nonsense_is_refused(line: PhoneStage, path: str, body: dict[str, str], status: int) -> None:
    assert line.client.post(path, json=body).status_code == status


def test_an_unknown_call_is_404(line: PhoneStage) -> None:
    assert line.client.get("/calls/7").status_code == 404


def test_a_number_with_a_habit_answers_by_itself(line: PhoneStage) -> None:
    line.client.post("/habits", json={"number": CALL["to"], "action": "1"})
    assert line.client.post("/calls", json=CALL).json()["state"] == "confirmed"
    line.client.post("/habits", json={"number": CALL["to"], "action": ""})
    assert line.client.post("/calls", json=CALL).json()["state"] == "ringing"


def test_calls_outlive_a_restart(line: PhoneStage, tmp_path: Path) -> None:
    call_id = line.phone.ring(to="1", caller="2", say="x").id
    again = State(tmp_path / "state.sqlite3")
    assert Phone(again, line.clock).call(call_id).say == "x"
    again.close()


def test_the_page_shows_a_ringing_call_with_its_keys(line: PhoneStage) -> None:
    line.phone.ring(to="<b>1</b>", caller="2", say="もしもし")
    text = line.client.get("/").text
    assert 'class="ringing"' in text
    assert "1 (確認した)" in text
    assert "&lt;b&gt;1&lt;/b&gt;" in text
    pressed = line.client.post("/calls/1/act", data={"action": "1"})
    assert (pressed.status_code, pressed.headers["location"]) == (303, "/")
    assert 'class="ringing"' not in line.client.get("/").text
    assert "確認済み (1)" in line.client.get("/").text


def test_its_own_script_and_style_are_served(line: PhoneStage) -> None:
    assert "AudioContext" in line.client.get("/static/phone.js").text
    assert "@keyframes" in line.client.get("/static/style.css").text
    assert line.client.get("/static/..%2fpage.py").status_code == 404
