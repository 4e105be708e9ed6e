"""Calls of the simulated provider as they lie in its file, and what people may do with them."""

import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from sakimori.simulators.state import Clock, State, milliseconds

FINAL = ("completed", "busy", "no-answer", "canceled", "failed")
RINGS = ("queued", "ringing")


class PhoneAction(StrEnum):
    """What the called person, or the line, does. REPEAT is the key * : say it again."""

    ANSWER = "answer"
    CONFIRM = "1"
    DECLINE = "2"
    REPEAT = "*"
    OTHER = "9"
    HANG_UP = "hang-up"
    BUSY = "busy"
    NO_ANSWER = "no-answer"
    MACHINE = "machine"


KEYS = (PhoneAction.CONFIRM, PhoneAction.DECLINE, PhoneAction.REPEAT, PhoneAction.OTHER)
ONLY_WHILE_RINGING = (PhoneAction.ANSWER, PhoneAction.BUSY, PhoneAction.NO_ANSWER, PhoneAction.MACHINE)


@dataclass(frozen=True, slots=True)
class PhoneCall:
    """One call. status: the provider's word. waiting: for what it waits (gather, dial, talk), or empty.

    keys: all that were pressed. parent: the call that dialled this one, or 0. told: the last status called back.
    """

    id: int
    sid: str
    parent: int
    to: str
    caller: str
    urls: Mapping[str, str]
    events: tuple[str, ...]
    ring_seconds: float
    at_ms: int
    status: str = "queued"
    told: str = ""
    said: str = ""
    keys: str = ""
    answered_by: str = ""
    waiting: Mapping[str, Any] | None = None
    answered_ms: int | None = None
    ended_ms: int | None = None
    hung_up_by_us: bool = False

    @property
    def is_over(self) -> bool:
        """Whether the line is free again."""
        return self.status in FINAL

    @property
    def reference(self) -> str:
        """The caller's own mark, which stands in the addresses that are called back. Calls to the SOC have none."""
        parts = self.urls.get("answer", "").rstrip("/").split("/")
        return parts[-2] if len(parts) > 2 and not self.parent else ""

    @property
    def state(self) -> str:
        """In one word for people: ringing, answered, confirmed, declined, busy, no-answer, machine, failed."""
        if not self.is_over:
            return "ringing" if self.status in RINGS else "answered"
        if self.answered_by.startswith("machine"):
            return "machine"
        if self.status != "completed":
            return "no-answer" if self.status == "canceled" else self.status
        if self.hung_up_by_us and self.keys.count("1") >= 2 and self.keys.endswith("1"):
            return "confirmed"
        return "declined" if self.hung_up_by_us and self.keys.endswith("2") else "answered"


class PhoneRows:
    """All calls ever made, what numbers do by themselves, and what goes wrong on demand."""

    def __init__(self, state: State, clock: Clock) -> None:
        self._state = state
        self._clock = clock

    @property
    def now_ms(self) -> int:
        """The simulator's time."""
        return milliseconds(self._clock())

    def add(
        self,
        *,
        to: str,
        caller: str,
        urls: Mapping[str, str],
        events: tuple[str, ...] = (),
        ring_seconds: float = 60.0,
        parent: int = 0,
    ) -> PhoneCall:
        """A new call that waits to be dialled."""
        body = {
            "sid": f"CA{secrets.token_hex(16)}",
            "urls": dict(urls),
            "events": list(events),
            "ring_seconds": ring_seconds,
        }
        with self._state.change() as db:
            cursor = db.execute(
                "INSERT INTO voice_call (recipient, caller, parent, at_ms, sid, body) VALUES (?, ?, ?, ?, ?, ?)",
                (to, caller, parent, self.now_ms, body["sid"], json.dumps(body)),
            )
        return self.call(cursor.lastrowid or 0)

    def keep(self, call: PhoneCall, **changes: Any) -> PhoneCall:
        """Change some of a call."""
        with self._state.change() as db:
            found = self._state.rows("SELECT body FROM voice_call WHERE id = ?", call.id)
            body = json.loads(found[0]["body"]) | changes
            db.execute("UPDATE voice_call SET body = ? WHERE id = ?", (json.dumps(body), call.id))
        return self.call(call.id)

    def call(self, call_id: int) -> PhoneCall:
        """One call; KeyError if there is none."""
        rows = self._state.rows("SELECT * FROM voice_call WHERE id = ?", call_id)
        if not rows:
            raise KeyError(call_id)
        return _call(dict(rows[0]))

    def by_sid(self, sid: str) -> PhoneCall:
        """One call by the provider's mark; KeyError if there is none."""
        rows = self._state.rows("SELECT * FROM voice_call WHERE sid = ?", sid)
        if not rows:
            raise KeyError(sid)
        return _call(dict(rows[0]))

    def calls(self) -> list[PhoneCall]:
        """All calls, newest first."""
        return [_call(dict(row)) for row in self._state.rows("SELECT * FROM voice_call ORDER BY id DESC")]

    def going_on(self, *, parent: int | None = None) -> list[PhoneCall]:
        """Calls that are not over, the oldest first; with `parent` those that this call has dialled."""
        where, values = ("", ()) if parent is None else (" AND parent = ?", (parent,))
        query = f"SELECT * FROM voice_call WHERE json_extract(body, '$.ended_ms') IS NULL{where} ORDER BY id"  # noqa: S608
        return [_call(dict(row)) for row in self._state.rows(query, *values)]

    def habit(self, number: str) -> str:
        """What a number does by itself when it is called; empty: it rings."""
        found = self._state.rows("SELECT action FROM phone_habit WHERE number = ?", number)
        return str(found[0]["action"]) if found else ""

    def set_habit(self, number: str, action: str) -> None:
        """From now on the number does this at once when called; empty: it rings again."""
        with self._state.change() as db:
            db.execute("DELETE FROM phone_habit WHERE number = ?", (number,))
            if action:
                db.execute("INSERT INTO phone_habit (number, action) VALUES (?, ?)", (number, action))

    def next_fault(self) -> str:
        """What goes wrong with the next call that is asked for; empty: nothing."""
        kind, _, left = self._state.setting("phone_fault").partition(" ")
        if not kind:
            return ""
        self.set_fault(kind, int(left or 1) - 1)
        return kind

    def set_fault(self, kind: str, calls: int) -> None:
        """Let the next calls that are asked for meet a fault."""
        self._state.set_setting("phone_fault", f"{kind} {calls}" if kind and calls > 0 else "")


def national(number: str) -> str:
    """A number in Japan as people there write it; any other as it is."""
    if not number.startswith("+81"):
        return number
    digits = f"0{number[3:]}"
    if len(digits) == 11:
        cuts = (3, 7)
    elif digits.startswith(("03", "06")):
        cuts = (2, 6)
    else:
        cuts = (4, 7) if digits.startswith(("0120", "0570")) else (3, 6)
    return f"{digits[: cuts[0]]}-{digits[cuts[0] : cuts[1]]}-{digits[cuts[1] :]}"


def international(number: str) -> str:
    """A number as people in Japan write it, or E.164 already, in E.164."""
    digits = "".join(sign for sign in number if sign.isdigit() or sign == "+")
    return f"+81{digits[1:]}" if digits.startswith("0") else digits


def _call(row: dict[str, Any]) -> PhoneCall:
    body = json.loads(row["body"])
    body["events"] = tuple(body["events"])
    return PhoneCall(
        id=row["id"], to=row["recipient"], caller=row["caller"], parent=row["parent"], at_ms=row["at_ms"], **body
    )
