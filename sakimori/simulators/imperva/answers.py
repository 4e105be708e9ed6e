"""How each of the vendor's services words its answers and its refusals."""

import base64
import itertools
import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from sakimori.simulators.state import JsonObject

HTML_PAGE = "<html><head><title>Error</title></head><body><h1>Request unsuccessful</h1></body></html>"


@dataclass(frozen=True, slots=True)
class Reply:
    """An HTTP answer, ready to send."""

    status: int
    content: bytes
    media_type: str = "application/json"
    headers: Mapping[str, str] = field(default_factory=dict)


class Refusal(Exception):
    """The vendor understood and says no. `res` is for Cloud v1, `status` for the others."""

    def __init__(self, detail: str, *, res: int = 2, status: int = 400, title: str = "", pointer: str = "") -> None:
        super().__init__(detail)
        self.detail = detail
        self.res = res
        self.status = status
        self.title = title
        self.pointer = pointer


RES_MESSAGES = {
    0: "OK",
    1: "Unexpected error",
    2: "Invalid input",
    2002: "Object is not found",
    6001: "Invalid configuration parameter name",
    # Assumption: the code for a wrong key is in none of the sources that we have; the wording is ours.
    9411: "Authentication missing or invalid",
    9403: "Unknown/unauthorized account_id",
    9413: "Unknown/unauthorized site_id",
    9418: "Disabled API Key",
}
STATUS_TITLES = {400: "Bad Request", 401: "Unauthorized", 403: "Forbidden", 404: "Not Found", 429: "Too Many Requests"}


def unauthorised() -> Refusal:
    """For a wrong key."""
    return Refusal("Authentication missing or invalid", res=9411, status=401)


def disabled_key() -> Refusal:
    """For a right key that was switched off."""
    return Refusal("Disabled API Key", res=9418, status=401)


class Dialect(Protocol):
    """One service's way to speak."""

    def answer(self, value: object) -> Reply:
        """A success; `value` is what a handler returned."""

    def refuse(self, refusal: Refusal) -> Reply:
        """A refusal."""


class CloudV1:
    """HTTP 200 whatever happens; `res` tells, now as a number and now as a string, as it does live."""

    def __init__(self) -> None:
        self._turns = itertools.count()

    def answer(self, value: object) -> Reply:
        """The value's keys beside `res`."""
        fields = value if isinstance(value, dict) else {}
        return json_reply(200, {**self._envelope(0), "debug_info": {"id-info": "999999"}, **fields})

    def refuse(self, refusal: Refusal) -> Reply:
        """`res` is not 0; debug_info says what was wrong."""
        debug_info = {(refusal.pointer or "problem"): refusal.detail, "id-info": "999999"}
        return json_reply(200, {**self._envelope(refusal.res), "debug_info": debug_info})

    def _envelope(self, res: int) -> JsonObject:
        shown: int | str = res if next(self._turns) % 2 == 0 else str(res)
        return {"res": shown, "res_message": RES_MESSAGES.get(res, "Unexpected error")}


class PoliciesV2:
    """`value` and `isError`; refusals are a list of `errors` with a true HTTP status."""

    def answer(self, value: object) -> Reply:
        """A Reply passes as it is: v3 answers with `data`."""
        return value if isinstance(value, Reply) else json_reply(200, {"value": value, "isError": False})

    def refuse(self, refusal: Refusal) -> Reply:
        """The fields of one error are the documented ones."""
        error: JsonObject = {
            "status": refusal.status,
            "id": secrets.token_hex(8),
            "code": str(1000 + refusal.status % 100),
            "source": {"pointer": refusal.pointer} if refusal.pointer else {},
            "title": refusal.title or STATUS_TITLES.get(refusal.status, "Error"),
            "detail": refusal.detail,
        }
        return json_reply(refusal.status, {"errors": [error]})


class LogService:
    """Plain text."""

    def answer(self, value: object) -> Reply:
        """Handlers of this service make their own replies."""
        if not isinstance(value, Reply):
            raise TypeError("the log service answers with bytes")
        return value

    def refuse(self, refusal: Refusal) -> Reply:
        """Status and one line."""
        headers = {"WWW-Authenticate": 'Basic realm="logs"'} if refusal.status == 401 else {}
        return Reply(refusal.status, refusal.detail.encode(), "text/plain", headers)


def json_reply(status: int, value: object, headers: Mapping[str, str] | None = None) -> Reply:
    """JSON in UTF-8."""
    return Reply(status, json.dumps(value, ensure_ascii=False).encode(), "application/json", headers or {})


def basic_credentials(header: str) -> tuple[str, str]:
    """User and password of an Authorization header; empty texts if it is none."""
    scheme, _, token = header.partition(" ")
    if scheme.lower() != "basic":
        return "", ""
    try:
        user, _, password = base64.b64decode(token, validate=True).decode().partition(":")
    except ValueError:
        return "", ""
    return user, password
