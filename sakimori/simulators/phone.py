"""Phone: the simulated provider. It dials, plays what it is told to say, takes keys, and calls back as Twilio does.

A call that is asked for waits until `tick`, which also lets time pass: rings end, silence is told, habits act. One
thing at a time: whoever acts waits until a call-back that is under way has been answered.
"""

import threading
from collections.abc import Mapping

from sakimori.simulators.phone_rows import (
    FINAL,
    KEYS,
    ONLY_WHILE_RINGING,
    PhoneAction,
    PhoneCall,
    PhoneRows,
    international,
)
from sakimori.simulators.phone_script import BadScript, Dial, Gather, Hangup, Say, speech_seconds, verbs_of
from sakimori.simulators.phone_wire import PhoneSpec, Post
from sakimori.simulators.state import Clock, State

NEVER_RINGS = "never-rings"
_HABITS = {"silence", *PhoneAction}
_EVENT_OF = {"initiated": "initiated", "ringing": "ringing", "in-progress": "answered"}


class Phone:
    """One account at the simulated provider, and all phones that it may call."""

    def __init__(self, state: State, clock: Clock, post: Post, spec: PhoneSpec | None = None) -> None:
        self.spec = spec or PhoneSpec()
        self.rows = PhoneRows(state, clock)
        self._post = post
        self._turn = threading.RLock()

    def act(self, call_id: int, action: PhoneAction) -> PhoneCall:
        """Do something with a call. KeyError if there is none, ValueError if it is over or already answered."""
        with self._turn:
            call = self.rows.call(call_id)
            if call.status == "queued":
                call = self._ring(call)
            if call.is_over:
                raise ValueError("the call is over")
            if call.status == "in-progress" and action in ONLY_WHILE_RINGING:
                raise ValueError("the call is already answered")
            self._act(call, action)
            return self.rows.call(call_id)

    def set_habit(self, number: str, action: str) -> None:
        """From now on the number does this at once when called, and presses this key whenever one is asked for.

        silence: it answers and presses nothing. Empty: it rings again. ValueError for anything else.
        """
        if action and action not in _HABITS:
            raise ValueError("no such habit")
        self.rows.set_habit(international(number), action)

    def end(self, call: PhoneCall, wish: str) -> bool:
        """The caller ends a call: canceled works while it rings, completed always. False when it is over already."""
        with self._turn:
            call = self.rows.call(call.id)
            if call.is_over:
                return False
            if wish == "canceled" and call.status == "in-progress":
                return True
            self._over(call, wish, by_us=True)
            return True

    def tick(self) -> None:
        """Let time pass."""
        with self._turn:
            for seen in self.rows.going_on():
                call = self.rows.call(seen.id)
                if not call.is_over:
                    self._pass_time(call)

    def _pass_time(self, call: PhoneCall) -> None:
        now = self.rows.now_ms
        if call.status == "queued" and call.urls.get("fault") != NEVER_RINGS:
            call = self._ring(call)
            self._follow_habit(call)
        elif call.status == "ringing" and now >= call.at_ms + call.ring_seconds * 1000:
            self._over(call, "no-answer")
        elif call.waiting and call.waiting["kind"] == "gather":
            if self.rows.habit(call.to) in KEYS:
                self._follow_habit(call)
            elif now >= call.waiting["until_ms"]:
                self._ask(call, call.waiting["action"], {"Digits": ""})

    def _ring(self, call: PhoneCall) -> PhoneCall:
        self._tell(call, "initiated")
        call = self.rows.keep(call, status="ringing")
        self._tell(call, "ringing")
        return call

    def _follow_habit(self, call: PhoneCall) -> None:
        habit = self.rows.habit(call.to)
        if habit == "silence" and call.status == "ringing":
            self._act(call, PhoneAction.ANSWER)
        elif habit in set(PhoneAction):
            self._act(call, PhoneAction(habit))
            # It answers with the first key, and presses it again whenever it is asked for one.
            while habit in KEYS and self._is_gathering(call) and not self.rows.call(call.id).keys.endswith(habit * 8):
                self._act(self.rows.call(call.id), PhoneAction(habit))

    def _is_gathering(self, call: PhoneCall) -> bool:
        call = self.rows.call(call.id)
        return not call.is_over and bool(call.waiting) and dict(call.waiting or {}).get("kind") == "gather"

    def _act(self, call: PhoneCall, action: PhoneAction) -> None:
        if action is PhoneAction.BUSY or action is PhoneAction.NO_ANSWER:
            self._over(call, action.value)
        elif action is PhoneAction.HANG_UP:
            # A call that is rejected while it rings is reported as busy by the networks.
            self._over(call, "busy" if call.status == "ringing" else "completed")
        else:
            if call.status == "ringing":
                self._answer(call, "machine_start" if action is PhoneAction.MACHINE else "human")
                call = self.rows.call(call.id)
            if action in KEYS and not call.is_over:
                self._press(call, action.value)

    def _answer(self, call: PhoneCall, answered_by: str) -> None:
        now = self.rows.now_ms
        call = self.rows.keep(call, status="in-progress", answered_ms=now, answered_by=answered_by)
        self._tell(call, "in-progress")
        self._ask(call, call.urls["answer"], {})
        call = self.rows.call(call.id)
        if call.urls.get("machine") and not call.is_over:
            self._post(call.urls["machine"], self._fields(call) | {"AnsweredBy": answered_by})

    def _press(self, call: PhoneCall, sign: str) -> None:
        call = self.rows.keep(call, keys=call.keys + sign)
        if call.waiting and call.waiting["kind"] == "gather":
            self._ask(call, call.waiting["action"], {"Digits": sign})

    def _ask(self, call: PhoneCall, url: str, more: Mapping[str, str]) -> None:
        """Fetch the next document and play it. Without a usable one the call ends, as with the real provider."""
        call = self.rows.keep(call, waiting=None)
        document = self._post(url, self._fields(call) | dict(more))
        try:
            self._play(self.rows.call(call.id), document)
        except BadScript:
            self._over(self.rows.call(call.id), "completed")

    def _play(self, call: PhoneCall, document: str) -> None:
        for verb in verbs_of(document):
            if call.is_over:
                return
            if isinstance(verb, Say | Gather):
                call = self.rows.keep(call, said=f"{call.said}\n{verb.words}".strip())
            if isinstance(verb, Gather):
                until = self.rows.now_ms + (verb.seconds + speech_seconds(verb.words)) * 1000
                self.rows.keep(call, waiting={"kind": "gather", "action": verb.action, "until_ms": until})
                return
            if isinstance(verb, Dial):
                self._dial(call, verb)
                return
            if isinstance(verb, Hangup):
                self._over(call, "completed", by_us=True)
                return
        self._end_of_document(call)

    def _end_of_document(self, call: PhoneCall) -> None:
        """The operator is put through; for anybody else the call is over."""
        if not call.parent:
            self._over(call, "completed", by_us=True)
            return
        self.rows.keep(call, waiting={"kind": "talk"})
        parent = self.rows.call(call.parent)
        self.rows.keep(parent, waiting={**(parent.waiting or {}), "kind": "talk"})

    def _dial(self, call: PhoneCall, verb: Dial) -> None:
        self.rows.keep(call, waiting={"kind": "dial", "action": verb.action})
        self.rows.add(
            to=verb.number,
            caller=verb.caller,
            urls={"answer": verb.operator_url},
            ring_seconds=verb.seconds,
            parent=call.id,
        )

    def _over(self, call: PhoneCall, status: str, *, by_us: bool = False) -> None:
        call = self.rows.keep(call, status=status, ended_ms=self.rows.now_ms, waiting=None, hung_up_by_us=by_us)
        self._tell(call, status)
        for child in self.rows.going_on(parent=call.id):
            self._over(child, "completed" if child.status == "in-progress" else "canceled", by_us=True)
        parent = self.rows.call(call.parent) if call.parent else None
        if parent is not None and not parent.is_over and parent.waiting:
            talked = parent.waiting["kind"] == "talk"
            told = {"DialCallStatus": "completed" if talked else _unreached(status), "DialCallSid": call.sid}
            self._ask(parent, parent.waiting["action"], told)

    def _tell(self, call: PhoneCall, status: str) -> None:
        event = "completed" if status in FINAL else _EVENT_OF[status]
        if call.urls.get("status") and event in call.events:
            self._post(call.urls["status"], self._fields(call) | {"CallStatus": status})

    def _fields(self, call: PhoneCall) -> dict[str, str]:
        fields = {
            "AccountSid": self.spec.account,
            "ApiVersion": "2010-04-01",
            "CallSid": call.sid,
            "CallStatus": call.status,
            "Direction": "outbound-dial" if call.parent else "outbound-api",
            "From": call.caller,
            "To": call.to,
        }
        return fields | ({"ParentCallSid": self.rows.call(call.parent).sid} if call.parent else {})


def _unreached(status: str) -> str:
    return "no-answer" if status in ("completed", "canceled") else status
