"""Visits a page with a headless Chromium where one is installed: repeats what the WAF questions, and takes pictures.

The browser runs in a process of its own (`browser_child.py`), few at once (`seats.py`), reaches the outside only
through our gate (`gate.py`), gets no secret of ours, and is killed when its time is over.
"""

import base64
import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from sakimori.incidents.beside import NoTime, NotVisited, Sight
from sakimori.incidents.body import shows
from sakimori.incidents.gate import Gate
from sakimori.incidents.resolving import Resolver
from sakimori.incidents.seats import Seats
from sakimori.incidents.vendor_pages import SITE, page_kind
from sakimori.incidents.via import via_of
from sakimori.incidents.visit import HEAD_BYTES, Limits, Target, Trouble, Visit
from sakimori.lib.addresses import Network

AUTO, OFF = "auto", "off"
_NAMES = ("chromium", "chromium-browser", "google-chrome")
_MOST_SECONDS = 30.0
_START_SECONDS = 15.0
_END_SECONDS = 4.0  # Of what a verdict can wait for: to start, and to tell what was seen.
_LEAST_SECONDS = 3.0
_SILENCE_SECONDS = 10.0  # A challenge that was passed, and behind it nothing comes for so long: the site is silent.
_PICTURE_WAITS = 60.0
_BUSY = "ほかの確認でブラウザーを使用中のため、ブラウザーでは確認していません。"
_BROKEN = "ブラウザーを利用できなかったため、ブラウザーでは確認していません。"
_LATE = "ブラウザーでの確認が時間内に終わりませんでした。"
_seats = Seats(3)


def browser_path(setting: str) -> str | None:
    """The browser that the setting SAKIMORI_BROWSER means; None where there is none or it is not wanted."""
    if setting == OFF or find_spec("playwright") is None:
        return None
    if setting != AUTO:
        return setting
    return next(filter(None, map(shutil.which, _NAMES)), None)


class Browser:
    """See `beside.Browsing`. path: of the browser; networks: the WAF's own."""

    def __init__(self, path: str, *, vendor: Iterable[Network] = (), resolver: Resolver | None = None) -> None:
        self._path = path
        self._vendor = tuple(vendor)
        self._resolver = resolver

    def __call__(
        self,
        target: Target,
        *,
        limits: Limits,
        at: datetime,
        seconds: float | None = None,
        is_wanted: Callable[[], bool] = lambda: True,
    ) -> Sight:
        """Visit a page once. Raises NotVisited where the browser itself does not work, or there is no time for it.

        Less time than a page may take proves nothing where it was not enough.
        """
        whole, began = min(limits.probe_seconds, _MOST_SECONDS), time.monotonic()
        waits = _PICTURE_WAITS if seconds is None else seconds - _END_SECONDS - min(whole, _LEAST_SECONDS)
        with _seats.taken(seconds=waits, urgent=seconds is not None, is_wanted=is_wanted) as had:
            if not had:
                raise NoTime(_BUSY)
            stay, kill = whole, whole + _START_SECONDS
            if seconds is not None:
                left = seconds - (time.monotonic() - began)
                stay, kill = min(whole, left - _END_SECONDS), min(kill, left)
            with Gate(limits, self._resolver) as gate:
                told = self._run(target, gate, stay=stay, kill=kill)
                if told["trouble"] == Trouble.TIMEOUT and (stay < whole or told.get("too_early")):
                    raise NoTime(_LATE)
                return _sight(told, target, gate, at=at, vendor=self._vendor)

    def _run(self, target: Target, gate: Gate, *, stay: float, kill: float) -> Mapping[str, Any]:
        """stay: seconds that the page has; kill: seconds after which the browser is killed."""
        order = {
            "url": target.url,
            "executable": self._path,
            "proxy_port": gate.port,
            "seconds": stay,
            "silence_seconds": _SILENCE_SECONDS,
        }
        with tempfile.TemporaryDirectory(prefix="sakimori-browser-", ignore_cleanup_errors=True) as folder:
            child = subprocess.Popen(
                [sys.executable, "-m", "sakimori.incidents.browser_child"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                env=_environment(folder),
                cwd=folder,
                start_new_session=True,
            )
            try:
                out, _ = child.communicate(json.dumps(order).encode(), kill)
                told: Mapping[str, Any] = json.loads(out)
            except subprocess.TimeoutExpired:
                raise NoTime(_LATE) from None
            except (ValueError, OSError) as error:
                raise NotVisited(_BROKEN) from error
            finally:
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(child.pid, signal.SIGKILL)
                child.communicate()
        return told


def _environment(folder: str) -> dict[str, str]:
    """Nothing of ours but where programs and modules are: settings hold secrets."""
    root = str(Path(__file__).parents[2])
    kept = {name: os.environ[name] for name in ("PATH", "LANG", "PLAYWRIGHT_BROWSERS_PATH") if name in os.environ}
    return {**kept, "HOME": folder, "TMPDIR": folder, "PYTHONPATH": root}


def _sight(told: Mapping[str, Any], target: Target, gate: Gate, *, at: datetime, vendor: tuple[Network, ...]) -> Sight:
    """What the browser's process has told, as a visit."""
    url = str(told.get("url", target.url))
    status = told.get("status")
    # Without an answer it is the browser's own page about that.
    content = str(told.get("content", "")).encode() if status is not None else b""
    headers = tuple((str(name)[:100], str(value)[:500]) for name, value in told.get("headers", ())[:60])
    trouble = Trouble(told["trouble"])
    address = gate.addresses.get(_host_of(url)) or gate.addresses.get(_host_of(target.url)) or ""
    if trouble and gate.refused and not gate.addresses:
        trouble = Trouble.FORBIDDEN
    kind = page_kind(headers, content) if status is not None else SITE
    found = None
    if target.expected_text and kind == SITE and status is not None:
        found = target.expected_text in str(told.get("words", "")) or shows(content, target.expected_text)
    visit = Visit(
        at=at,
        url=(url if url.startswith("http") else target.url)[:300],
        trouble=trouble,
        status=status,
        size_bytes=len(content) if status is not None else None,
        first_byte_ms=told.get("first_byte_ms"),
        total_ms=int(told["total_ms"]),
        text_found=found,
        address=address,
        headers=headers,
        head=content[:HEAD_BYTES],
        via=via_of(headers, address, vendor),
        page=kind,
        path="browser",
    )
    return Sight(visit, base64.b64decode(told.get("screenshot", "")))


def _host_of(url: str) -> str:
    try:
        return urlsplit(url).hostname or ""
    except ValueError:
        return ""
