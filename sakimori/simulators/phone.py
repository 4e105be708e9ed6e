"""Phone: calls that ring until somebody answers, presses a key, hangs up, or time runs out."""

from dataclasses import dataclass
from enum import StrEnum
from typing import cast

from sakimori.simulators.state import Clock, State, milliseconds

RING_SECONDS = 30


class CallState(StrEnum):
    """Where a call stands. CONFIRMED and DECLINED come from the keys 1 and 2."""

    RINGING = "ringing"
    ANSWERED = "answered"
    CONFIRMED = "confirmed"
    DECLINED = "declined"
    BUSY = "busy"
    NO_ANSWER = "no-answer"
    MACHINE = "machine"


class PhoneAction(StrEnum):
    """What the called person, or the line, does. REPEAT is the key * : say it again."""

    ANSWER = "answer"
    CONFIRM = "1"
    DECLINE = "2"
    REPEAT = "*"
    HANG_UP = "hang-up"
    BUSY = "busy"
    NO_ANSWER = "no-answer"
    MACHINE = "machine"


OUTCOMES: dict[PhoneAction, CallState] = {
    PhoneAction.ANSWER: CallState.ANSWERED,
    PhoneAction.CONFIRM: CallState.CONFIRMED,
    PhoneAction.DECLINE: CallState.DECLINED,
    PhoneAction.REPEAT: CallState.ANSWERED,
    PhoneAction.BUSY: CallState.BUSY,
    PhoneAction.NO_ANSWER: CallState.NO_ANSWER,
    PhoneAction.MACHINE: CallState.MACHINE,
}
KEYS = (PhoneAction.CONFIRM, PhoneAction.DECLINE, PhoneAction.REPEAT)
GOING_ON = (CallState.RINGING, CallState.ANSWERED)
ONLY_WHILE_RINGING = (PhoneAction.ANSWER, PhoneAction.BUSY, PhoneAction.NO_ANSWER, PhoneAction.MACHINE)


@dataclass(frozen=True, slots=True)
class PhoneCall:
    """One call. `reference` is the caller's own mark, so that it can find its call after a doubtful time-out.

    key: the last key pressed, or empty. ended_ms: None while it goes on; a call that was answered and hung up
    without a key ends in state ANSWERED.
    """

    id: int
    to: str
    caller: str
    say: str
    reference: str
    at_ms: int
    state: CallState
    key: str
    ended_ms: int | None


class Phone:
    """All calls ever made."""

    def __init__(self, state: State, clock: Clock) -> None:
        self._state = state
        self._clock = clock

    def ring(self, *, to: str, caller: str, say: str, reference: str = "") -> PhoneCall:
        """Start a call. A number with a habit answers by itself. ValueError without a number."""
        if not to.strip():
            raise ValueError("a number to call is needed")
        with self._state.change() as db:
            cursor = db.execute(
                "INSERT INTO phone_call (recipient, caller, say, reference, at_ms, state, key)"
                " VALUES (?, ?, ?, ?, ?, ?, '')",
                (to, caller, say, reference, milliseconds(self._clock()), CallState.RINGING),
            )
            call_id = cursor.lastrowid or 0
            habit = self._state.rows("SELECT action FROM phone_habit WHERE number = ?", to)
            if habit:
                self.act(call_id, PhoneAction(habit[0]["action"]))
        return self.call(call_id)

    def act(self, call_id: int, action: PhoneAction) -> PhoneCall:
        """Do something with a call. KeyError if there is none, ValueError if it is over or already answered."""
        with self._state.change() as db:
            call = self.call(call_id)
            if call.ended_ms is not None:
                raise ValueError("the call is over")
            if call.state is CallState.ANSWERED and action in ONLY_WHILE_RINGING:
                raise ValueError("the call is already answered")
            after = _after(call, action)
            is_over = action is PhoneAction.HANG_UP or after not in GOING_ON
            ended_ms = milliseconds(self._clock()) if is_over else None
            key = action.value if action in KEYS else call.key
            row = (after, key, ended_ms, call_id)
            db.execute("UPDATE phone_call SET state = ?, key = ?, ended_ms = ? WHERE id = ?", row)
        return self.call(call_id)

    def set_habit(self, number: str, action: PhoneAction | None) -> None:
        """From now on the number does this at once when called; None = it rings again."""
        with self._state.change() as db:
            db.execute("DELETE FROM phone_habit WHERE number = ?", (number,))
            if action is not None:
                db.execute("INSERT INTO phone_habit (number, action) VALUES (?, ?)", (number, action))

    def call(self, call_id: int) -> PhoneCall:
        """One call; KeyError if there is none."""
        self._give_up()
        rows = self._state.rows("SELECT * FROM phone_call WHERE id = ?", call_id)
        if not rows:
            raise KeyError(call_id)
        return _call(dict(rows[0]))

    def calls(self) -> list[PhoneCall]:
        """All calls, newest first."""
        self._give_up()
        return [_call(dict(row)) for row in self._state.rows("SELECT * FROM phone_call ORDER BY id DESC")]

    def _give_up(self) -> None:
        """What has rung for too long was not answered."""
        now_ms = milliseconds(self._clock())
        waited_too_long = "state = ? AND at_ms <= ?"
        values = (CallState.RINGING, now_ms - RING_SECONDS * 1000)
        if self._state.rows(f"SELECT 1 FROM phone_call WHERE {waited_too_long}", *values):  # noqa: S608
            with self._state.change() as db:
                db.execute(
                    f"UPDATE phone_call SET state = ?, ended_ms = ? WHERE {waited_too_long}",  # noqa: S608
                    (CallState.NO_ANSWER, now_ms, *values),
                )


def _after(call: PhoneCall, action: PhoneAction) -> CallState:
    if action is not PhoneAction.HANG_UP:
        return OUTCOMES[action]
    # A call that is rejected while it rings is reported as busy by the networks.
    return CallState.BUSY if call.state is CallState.RINGING else call.state


def _call(row: dict[str, object]) -> PhoneCall:
    return PhoneCall(
        id=cast("int", row["id"]),
        to=str(row["recipient"]),
        caller=str(row["caller"]),
        say=str(row["say"]),
        reference=str(row["reference"]),
        at_ms=cast("int", row["at_ms"]),
        state=CallState(str(row["state"])),
        key=str(row["key"]),
        ended_ms=cast("int | None", row["ended_ms"]),
    )
