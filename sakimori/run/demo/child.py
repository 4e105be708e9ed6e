"""A demo in a process of its own: started, killed at any moment, started again, stopped."""

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Mapping
from pathlib import Path
from queue import Empty, Queue

from sakimori.run.demo.notes import FILE

DOORS_FILE = "doors.json"
_READY = "Sakimori is ready"
_START_SECONDS = 180.0
_STOP_SECONDS = 60.0


class ChildFailed(Exception):
    """The demo did not start or did not stop. The text is one sentence."""


class Child:
    """One demo folder and the process that runs it. Its messages go to `demo.log` in the folder."""

    def __init__(self, folder: Path, *, environment: Mapping[str, str]) -> None:
        self._folder = folder
        self._environment = {**os.environ, **environment}
        self._process: subprocess.Popen[str] | None = None

    def start(self) -> None:
        """Start, and return when the pages answer. Raises ChildFailed."""
        self._folder.mkdir(parents=True, exist_ok=True)
        command = [sys.executable, "-m", "sakimori", "demo", "--data", str(self._folder), "--port", "0", "--quiet"]
        with (self._folder / "demo.log").open("a") as log:
            self._process = subprocess.Popen(  # noqa: S603 - our own interpreter and module, no text from outside
                command, stdout=subprocess.PIPE, stderr=log, env=self._environment, text=True
            )
        lines: Queue[str] = Queue()
        threading.Thread(target=self._listen, args=(self._process, lines), daemon=True).start()
        try:
            while _READY not in (line := lines.get(timeout=_START_SECONDS)):
                if not line:
                    raise ChildFailed(f"the demo ended before it was ready; see {self._folder / 'demo.log'}")
        except Empty as error:
            raise ChildFailed(f"the demo was not ready after {_START_SECONDS:.0f} s") from error

    def _listen(self, process: subprocess.Popen[str], lines: Queue[str]) -> None:
        if process.stdout is not None:
            for line in process.stdout:
                lines.put(line)
        lines.put("")

    def kill(self) -> None:
        """kill -9: no goodbye, nothing flushed."""
        if self._process is not None:
            self._process.send_signal(signal.SIGKILL)
            self._process.wait()

    def stop(self) -> int:
        """Ctrl-C. Returns the exit code. Raises ChildFailed when the process hangs."""
        if self._process is None:
            return 0
        self._process.send_signal(signal.SIGINT)
        try:
            return self._process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired as error:
            self.kill()
            raise ChildFailed(f"the demo did not stop within {_STOP_SECONDS:.0f} s of Ctrl-C") from error

    def doors(self) -> dict[str, str]:
        """Addresses of pages and simulators."""
        found: dict[str, str] = json.loads((self._folder / DOORS_FILE).read_text())
        return found

    def password(self) -> str:
        """The password of everybody in this demo."""
        return str(json.loads((self._folder / FILE).read_text())["password"])

    def api_keys(self) -> dict[str, str]:
        """Keys of the simulated vendor's API by account."""
        found: dict[str, str] = json.loads((self._folder / FILE).read_text())["api_keys"]
        return found
