"""A visit's limit on time, kept through every single read and write, and what is known of it so far."""

import io
import socket
import time
from dataclasses import dataclass, field
from typing import Any

from sakimori.incidents.visit import Trouble


class Stopped(Exception):
    """The visit ends here, with this trouble."""

    def __init__(self, trouble: Trouble) -> None:
        super().__init__(trouble)
        self.trouble = trouble


@dataclass
class Progress:
    """What is known of the visit so far. `limit` is the moment (monotonic seconds) at which it must be over."""

    limit: float
    url: str
    found: dict[str, Any] = field(default_factory=dict)
    text_found: bool | None = None

    def left(self) -> float:
        """Seconds that are left. Raises Stopped when there are none."""
        seconds = self.limit - time.monotonic()
        if seconds <= 0:
            raise Stopped(Trouble.TIMEOUT)
        return seconds


def since(began: float) -> int:
    """Milliseconds since a moment of the monotonic clock."""
    return round((time.monotonic() - began) * 1000)


class LimitedSocket:
    """A socket for http.client on which every single read and write ends with the visit's limit.

    A time-out by itself would begin anew with each byte that the other side lets drip.
    """

    def __init__(self, plain: socket.socket, progress: Progress) -> None:
        self._plain = plain
        self._progress = progress

    def makefile(self, _mode: str) -> io.BufferedReader:
        """What http.client reads from."""
        return io.BufferedReader(_LimitedReader(self._plain, self._progress))

    def sendall(self, data: bytes) -> None:
        """Send everything in time."""
        self._plain.settimeout(self._progress.left())
        self._plain.sendall(data)

    def close(self) -> None:
        """http.client lets go before the body is read; whoever connected closes."""


class _LimitedReader(io.RawIOBase):
    def __init__(self, plain: socket.socket, progress: Progress) -> None:
        super().__init__()
        self._plain = plain
        self._progress = progress

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        self._plain.settimeout(self._progress.left())
        return self._plain.recv_into(buffer)
