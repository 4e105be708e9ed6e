"""Phone over the JSON API of the simulator's phone: for the demo and for training."""

import json
from collections.abc import Mapping

from sakimori.lib.http import GuardedClient, HttpError, HttpLimits, HttpNotSent, Response
from sakimori.notify.interface import (
    OutgoingCall,
    PhoneDoubtful,
    PhoneRefused,
    PhoneState,
    PhoneStatus,
    PhoneUnavailable,
)
from sakimori.notify.numbers import NotDialable, dialable

_LIMITS = HttpLimits(connect_seconds=3.0, read_seconds=5.0, total_seconds=8.0, body_bytes=4 * 1024 * 1024)


class SimulatedPhone:
    """One simulator, by its address. Keeps nothing between calls."""

    def __init__(self, url: str, client: GuardedClient) -> None:
        self._url = url
        self._client = client

    def call(self, call: OutgoingCall) -> PhoneStatus:
        """See `Phone.call`."""
        try:
            dialable(call.to)
        except NotDialable as error:
            raise PhoneRefused(str(error)) from error
        body = {"to": call.to, "from": call.caller, "say": call.say, "reference": call.reference}
        answer = self._ask("POST", "/calls", body)
        if 400 <= answer.status < 500:
            raise PhoneRefused(f"発信サービスが受け付けませんでした。（{answer.status}）")
        return _status(_content(answer, 201))

    def status(self, reference: str) -> PhoneStatus | None:
        """See `Phone.status`."""
        found = self._find(reference)
        return _status(found) if found else None

    def hang_up(self, reference: str) -> PhoneStatus | None:
        """See `Phone.hang_up`."""
        found = self._find(reference)
        if not found or _status(found).is_over:
            return _status(found) if found else None
        # It may end by itself between the two; then the simulator says 409 and what counts is how it ended.
        self._ask("POST", f"/calls/{found['id']}/act", {"action": "hang-up"})
        return self.status(reference)

    def check(self) -> None:
        """See `Phone.check`."""
        self._find("sign-of-life")

    def _find(self, reference: str) -> Mapping[str, object] | None:
        content = _content(self._ask("GET", "/calls", params={"reference": reference}), 200)
        calls = content.get("calls")
        if not isinstance(calls, list):
            raise PhoneDoubtful("the list of calls is not a list")
        return calls[0] if calls else None

    def _ask(self, method: str, path: str, body: object = None, params: Mapping[str, str] | None = None) -> Response:
        try:
            return self._client.request(method, f"{self._url}{path}", json=body, params=params, limits=_LIMITS)
        except HttpNotSent as error:
            raise PhoneUnavailable(f"no connection: {error}") from error
        except HttpError as error:
            raise PhoneDoubtful(f"no whole answer: {error}") from error


def _content(answer: Response, wanted: int) -> Mapping[str, object]:
    if answer.status != wanted:
        raise PhoneDoubtful(f"the answer has status {answer.status}")
    try:
        content = json.loads(answer.body)
    except ValueError as error:
        raise PhoneDoubtful("the answer is not JSON") from error
    if not isinstance(content, dict):
        raise PhoneDoubtful("the answer is not an object")
    return content


def _status(call: Mapping[str, object]) -> PhoneStatus:
    try:
        state = PhoneState(str(call.get("state")).replace("-", "_"))
    except ValueError as error:
        raise PhoneDoubtful("the state of the call is not known to us") from error
    return PhoneStatus(state, is_over=call.get("ended_ms") is not None)
