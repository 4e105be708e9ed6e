"""A real browser for tests, where there is one: Chromium without a window, spoken to through a pair of pipes.

No package is needed for that: the protocol is JSON with a zero byte behind each message. Where no browser is
installed the tests that ask for one are skipped.
"""

import json
import os
import select
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "headless_shell")
_SWITCHES = (
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-extensions",
    "--lang=ja",
    "--window-size=1280,900",
    # Nothing but this machine is ever asked for.
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE localhost, EXCLUDE 127.0.0.1",
    "--remote-debugging-pipe",
)
# The browser reads its orders from descriptor 3 and answers on 4.
_STARTER = (
    "import os, sys; r, w = (os.dup(int(n)) for n in sys.argv[1:3]); r, w = (os.dup2(n, 100 + n) for n in (r, w)); "
    "os.dup2(r, 3); os.dup2(w, 4); os.execv(sys.argv[3], sys.argv[3:])"
)
_PATIENCE_SECONDS = 15.0


def installed() -> str | None:
    """The path of a browser, if any."""
    return next((path for name in NAMES if (path := shutil.which(name))), None)


class Page:
    """One tab."""

    def __init__(self, pipe: "_Pipe") -> None:
        self._pipe = pipe
        target = pipe.call("Target.createTarget", {"url": "about:blank"})["targetId"]
        self._session = pipe.call("Target.attachToTarget", {"targetId": target, "flatten": True})["sessionId"]
        self._call("Runtime.enable")

    def give_cookie(self, name: str, value: str, address: str) -> None:
        """As if the server had set it."""
        self._call("Network.setCookie", {"name": name, "value": value, "url": address})

    def open(self, address: str) -> None:
        """Go there and wait until the page and its scripts are ready."""
        self._call("Page.navigate", {"url": address})
        self.until("document.readyState === 'complete' && location.href !== 'about:blank'")

    def ask(self, expression: str) -> Any:
        """The value of an expression on the page."""
        answer = self._call("Runtime.evaluate", {"expression": expression, "returnByValue": True})
        if "exceptionDetails" in answer:
            raise AssertionError(f"{expression}: {answer['exceptionDetails']}")
        return answer["result"].get("value")

    def until(self, expression: str) -> None:
        """Wait until an expression holds; a page that is just being left answers nothing, which is not yet."""
        end = time.monotonic() + _PATIENCE_SECONDS
        while time.monotonic() < end:
            try:
                if self.ask(expression):
                    return
            except (AssertionError, ProtocolError):
                pass
            time.sleep(0.02)
        raise AssertionError(f"never so: {expression}")

    def press(self, key: str, *, composing: bool = False) -> None:
        """One key, down and up. composing: as a keyboard for Japanese sends it while a word is being put together."""
        code = 229 if composing else ord(key.upper()) if len(key) == 1 else {"Enter": 13, "Escape": 27}.get(key, 0)
        text = {"text": "\r" if key == "Enter" else key} if len(key) == 1 or key == "Enter" else {}
        down = {"type": "keyDown", "key": key, "windowsVirtualKeyCode": code, **({} if composing else text)}
        self._call("Input.dispatchKeyEvent", down)
        self._call("Input.dispatchKeyEvent", {"type": "keyUp", "key": key, "windowsVirtualKeyCode": code})

    def leave_by(self, key: str) -> None:
        """Press a key that sends a form, and wait for the page that comes of it."""
        self.ask("window.before = true")
        self.press(key)
        self.until("window.before === undefined && document.readyState === 'complete'")

    def _call(self, method: str, parameters: Mapping[str, Any] | None = None) -> dict[str, Any]:
        return self._pipe.call(method, parameters or {}, session=self._session)


class ProtocolError(Exception):
    """The browser did not do what it was told."""


class _Pipe:
    def __init__(self, orders: int, answers: int) -> None:
        self._orders, self._answers = orders, answers
        self._number, self._rest = 0, b""

    def call(self, method: str, parameters: Mapping[str, Any], *, session: str | None = None) -> dict[str, Any]:
        self._number += 1
        order = {"id": self._number, "method": method, "params": parameters}
        if session:
            order["sessionId"] = session
        os.write(self._orders, json.dumps(order).encode() + b"\0")
        while True:
            answer = json.loads(self._next())
            if answer.get("id") == self._number:
                if "error" in answer:
                    raise ProtocolError(f"{method}: {answer['error']}")
                result: dict[str, Any] = answer["result"]
                return result

    def _next(self) -> bytes:
        while b"\0" not in self._rest:
            if not select.select([self._answers], [], [], _PATIENCE_SECONDS)[0]:
                raise ProtocolError("the browser does not answer")
            piece = os.read(self._answers, 65536)
            if not piece:
                raise ProtocolError("the browser is gone")
            self._rest += piece
        message, _, self._rest = self._rest.partition(b"\0")
        return message


@contextmanager
def running(path: str, folder: Path) -> Iterator[Page]:
    """A browser with a profile of its own in `folder`, and its one tab."""
    orders_out, orders_in = os.pipe()
    answers_out, answers_in = os.pipe()
    command = [sys.executable, "-c", _STARTER, str(orders_out), str(answers_in), path, *_SWITCHES]
    process = subprocess.Popen(
        [*command, f"--user-data-dir={folder}"],
        pass_fds=(orders_out, answers_in),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    os.close(orders_out)
    os.close(answers_in)
    try:
        yield Page(_Pipe(orders_in, answers_out))
    finally:
        process.terminate()
        process.wait(timeout=10)
        os.close(orders_in)
        os.close(answers_out)
