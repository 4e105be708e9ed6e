"""The real doors, as somebody outside uses them: a browser that signs in, and the simulators' own records."""

import json
import re
import socket
import ssl
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from html import unescape
from pathlib import Path
from typing import Any

import httpx

_TOKEN = re.compile(r'name="csrfmiddlewaretoken" value="([^"]+)"')
# Of a form that knows itself again when it is sent twice, or that has only one choice.
_HIDDEN = re.compile(r'<input type="hidden" name="(token|contract)" value="([^"]*)"')
_TAG = re.compile(r"<[^>]+>")
_SPACE = re.compile(r"\s+")
_PAUSE_SECONDS = 0.2
# Generous: on a machine with more to do than it has cores a visit, a call and a mail take their time, and patience
# costs nothing where all is well. What takes how long is measured, not judged.
_LONG_SECONDS = 180.0
_DOOR_SECONDS = 120.0


SentFile = tuple[str, bytes]


class NotAsExpected(Exception):
    """What a door showed is not what the step promises. The text says what was seen."""


def expect(condition: object, what: str) -> None:
    """Raise NotAsExpected with `what` unless the condition holds."""
    if not condition:
        raise NotAsExpected(what)


def wait_for(look: Callable[[], object], what: str, *, seconds: float = _LONG_SECONDS) -> float:
    """Look again and again until something true is seen. Returns the seconds it took."""
    began = time.monotonic()
    while not look():
        if time.monotonic() - began > seconds:
            raise NotAsExpected(f"{what}: not within {seconds:.0f} s")
        time.sleep(_PAUSE_SECONDS)
    return time.monotonic() - began


class Browser:
    """One person at the pages, with a session of his own."""

    def __init__(self, base_url: str) -> None:
        self._client = httpx.Client(base_url=base_url, timeout=_DOOR_SECONDS, follow_redirects=True)

    def sign_in(self, login: str, password: str) -> str:
        """Sign in through the form. Returns the text of the page that follows."""
        self.post("/account/login/", {"login": login, "password": password}, page="/account/login/")
        page = self.text("/")
        expect("ログアウト" in page, f"{login} is signed in")
        return page

    def html(self, path: str) -> str:
        """A page as it came. Raises NotAsExpected unless it answers 200."""
        answer = self._client.get(path)
        expect(answer.status_code == httpx.codes.OK, f"{path} answers {answer.status_code}")
        return answer.text

    def text(self, path: str) -> str:
        """What a person reads on a page."""
        return readable(self.html(path))

    def status(self, path: str) -> int:
        """The status with which a page answers."""
        return self._client.get(path).status_code

    def file(self, path: str) -> httpx.Response:
        """A file as it is handed out. Raises NotAsExpected unless it answers 200."""
        answer = self._client.get(path)
        expect(answer.status_code == httpx.codes.OK, f"{path} answers {answer.status_code}")
        return answer

    def post(self, path: str, data: Mapping[str, str], *, page: str, files: Sequence[SentFile] = ()) -> str:
        """Send the form that stands on `page`, with its hidden fields, to `path`. Returns the page that follows.

        files: of the field `uploads`.
        """
        return self._send(path, data, page, [("uploads", file) for file in files]).text

    def submit(
        self, path: str, data: Mapping[str, str], *, page: str, files: Mapping[str, SentFile] | None = None
    ) -> httpx.Response:
        """As `post`, with files by their field. Returns the whole answer, which may be a file too."""
        return self._send(path, data, page, list((files or {}).items()))

    def _send(
        self, path: str, data: Mapping[str, str], page: str, files: Sequence[tuple[str, SentFile]]
    ) -> httpx.Response:
        html = self.html(page)
        token = _TOKEN.search(html)
        expect(token, f"{page} has a form")
        fields = {**dict(_HIDDEN.findall(html)), **data, "csrfmiddlewaretoken": token.group(1) if token else ""}
        parts = [(field, (name, content, "application/octet-stream")) for field, (name, content) in files]
        answer = self._client.post(
            path, data=fields, files=parts or None, headers={"Referer": str(self._client.base_url)}
        )
        expect(answer.status_code == httpx.codes.OK, f"the form on {page} answers {answer.status_code}")
        return answer


def wait_for_words(browser: Browser, page: str, *words: str) -> None:
    """Wait until a page shows each of these."""
    for each in words:
        wait_for(lambda: each in browser.text(page), f"{page} shows {each}")  # noqa: B023


def readable(html: str) -> str:
    """The text of a page in one line."""
    return _SPACE.sub(" ", unescape(_TAG.sub(" ", html)))


class Outside:
    """The simulators: attacks go in, and their own records of list, calls and mails come out."""

    def __init__(self, doors: Mapping[str, str], *, api_keys: Mapping[str, str] | None = None) -> None:
        self._doors = doors
        self._api_keys = api_keys or {}
        self._client = httpx.Client(timeout=_DOOR_SECONDS)

    def do(self, what: str, **data: object) -> dict[str, Any]:
        """POST to the control door: attacks, lines, faults, edit, switches, mailbox."""
        answer = self._client.post(f"{self._doors['control']}/control/{what}", json=data)
        expect(answer.is_success, f"control/{what} answers {answer.status_code}: {answer.text[:200]}")
        found: dict[str, Any] = answer.json()
        return found

    def site_page(self, site_id: int) -> str:
        """The address of a site's page, as a visitor would open it."""
        return f"{self._doors['site']}/{site_id}/"

    def blacklist(self, account: int) -> set[str]:
        """Addresses on the account's lists now, whoever put them there."""
        answer = self._client.get(f"{self._doors['control']}/control/blacklist", params={"account": account})
        return {entry["address"] for entry in answer.json()["entries"] if entry["is_active"]}

    def added(self, address: str) -> int:
        """How often the vendor was told to put this address on a list of ours (not by a human), over all time."""
        return sum(
            address in change["added"]
            for call in self.journal()
            if call["api_id"] != "console"
            for change in call["changes"]
        )

    def journal(self) -> list[dict[str, Any]]:
        """Every call that the vendor ever got (the first 10,000), the oldest first, with what it changed."""
        answer = self._client.get(f"{self._doors['control']}/control/journal", params={"after": 0})
        found: list[dict[str, Any]] = answer.json()["calls"]
        return found

    def mails(self) -> list[dict[str, Any]]:
        """Every mail that the mail server keeps, the newest first."""
        found: list[dict[str, Any]] = self._client.get(f"{self._doors['mailbox']}/mails.json").json()["mails"]
        return found

    def calls(self) -> list[dict[str, Any]]:
        """Every call that phones ever got, the newest first: id, to, from, say (so far), reference, state, keys, ..."""
        found: list[dict[str, Any]] = self._client.get(f"{self._doors['phone']}/calls").json()["calls"]
        return found

    def press(self, call_id: int, action: str) -> dict[str, Any]:
        """Do something with a call: answer, 1, 2, *, 9, hang-up, busy, no-answer, machine."""
        answer = self._client.post(f"{self._doors['phone']}/calls/{call_id}/act", json={"action": action})
        expect(answer.is_success, f"call {call_id}: {action} answers {answer.status_code}: {answer.text[:200]}")
        found: dict[str, Any] = answer.json()
        return found

    def habit(self, number: str, action: str) -> None:
        """From now on the number does this when it is called, and presses this key whenever one is asked for.

        silence: it answers and presses nothing. An empty action lets it ring again.
        """
        answer = self._client.post(f"{self._doors['phone']}/habits", json={"number": number, "action": action})
        expect(answer.is_success, f"the habit of {number} answers {answer.status_code}: {answer.text[:200]}")

    def drop_folder(self, contract: str) -> Path:
        """The folder into which a contract's SFTP server would write."""
        return Path(self._doors["drop"]) / contract

    def push(self, lines: Sequence[str], *, token: str) -> int:
        """Push lines to the collector over TLS, as the vendor does. Returns the status of the answer."""
        content = "".join(json.dumps({"event": line}) for line in lines)
        with httpx.Client(verify=self._trusting(), timeout=_DOOR_SECONDS, trust_env=False) as client:
            address, headers = f"{self._doors['hec']}/services/collector/event", {"Authorization": f"Splunk {token}"}
            return client.post(address, content=content, headers=headers).status_code

    def send_by_syslog(self, lines: Sequence[str]) -> None:
        """Send lines over TLS without a client certificate, as the vendor's forwarder does. Who is refused hears it
        from a connection that ends.
        """
        host, _, port = self._doors["syslog"].rpartition(":")
        with (
            suppress(OSError),
            socket.create_connection((host, int(port)), timeout=_DOOR_SECONDS) as plain,
            self._trusting().wrap_socket(plain, server_hostname=host) as connection,
        ):
            connection.sendall("".join(f"<134>{line}\n" for line in lines).encode())
            connection.unwrap()

    def _trusting(self) -> ssl.SSLContext:
        """TLS that trusts the demo's own certificate."""
        return ssl.create_default_context(cafile=self._doors["certificate"])

    def ask_vendor(self, path: str, *, api_id: str, account: str, **form: str) -> dict[str, Any]:
        """Ask the simulated vendor's own API (Cloud v1) with an account's key, past all of our code."""
        headers = {"x-API-Id": api_id, "x-API-Key": self._api_keys[account]}
        answer = self._client.post(f"{self._doors['imperva']}{path}", headers=headers, data=form)
        found: dict[str, Any] = answer.json()
        expect(str(found.get("res")) == "0", f"the vendor answers {path} with {found.get('res')}")
        return found
