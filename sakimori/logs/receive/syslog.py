"""The syslog door: one connection, from the sender's certificate to files of lines.

Syslog knows no "received": what a cut takes is gone, so it is counted. Reading pauses while a file is handed over, and
while the disk has no room; no client can make us hold more than one message and one read.
"""

import asyncio
import contextlib
import hashlib
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import structlog
from django.db import DatabaseError

from sakimori.logs.formats.unreadable import MAX_LINE_BYTES
from sakimori.logs.receive.gathered import Gathered
from sakimori.logs.receive.syslog_door import SyslogDoor
from sakimori.logs.receive.syslog_frames import Frames, log_line

_log = structlog.get_logger()
_READ_BYTES = 1 << 16
_DRAIN_SECONDS, _DRAIN_PAUSE_SECONDS = 3.0, 0.2
_ROOM_PAUSE_SECONDS = 0.5


@dataclass(frozen=True, slots=True)
class SyslogLimits:
    """What a sender may take. A message that was begun must go on within `pause_seconds`.

    A file is handed over when it is so old or so large (older where there are many connections); connections that are
    quiet end after `idle_seconds`.
    """

    line_bytes: int = MAX_LINE_BYTES
    file_bytes: int = 8 << 20
    file_seconds: float = 1.0
    pause_seconds: float = 60.0
    idle_seconds: float = 24 * 3600.0
    connections_per_contract: int = 20


@dataclass
class SyslogReceiver:
    """All connections of one server. `served`: how many have ended, those that were refused included."""

    door: SyslogDoor
    limits: SyslogLimits = field(default_factory=SyslogLimits)
    served: int = 0
    _open: Counter[int] = field(default_factory=Counter)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Take the lines of one connection until it ends, or until we are told to stop."""
        contract_id = None
        try:
            contract_id = await asyncio.to_thread(self.door.contract_of, _fingerprint(writer))
            if contract_id is None or self._open[contract_id] >= self.limits.connections_per_contract:
                _log.warning("syslog.refused", contract=contract_id)
                return
            self._open[contract_id] += 1
            try:
                await _Connection(self, contract_id, _fingerprint(writer)).run(reader)
            finally:
                self._open[contract_id] -= 1
        except (OSError, DatabaseError) as error:
            _log.warning("syslog.failed", contract=contract_id, error=f"{type(error).__name__}: {error}"[:300])
        finally:
            writer.transport.abort()
            self.served += 1

    def file_seconds(self) -> float:
        """How long a connection's lines are gathered just now."""
        return self.door.gathering_seconds(self._open.total(), shortest=self.limits.file_seconds)


class _Connection:
    """One sender's connection."""

    def __init__(self, receiver: SyslogReceiver, contract_id: int, fingerprint: str) -> None:
        self._receiver, self._door, self._limits = receiver, receiver.door, receiver.limits
        self._contract_id, self._fingerprint = contract_id, fingerprint
        self._frames = Frames(max_bytes=self._limits.line_bytes)
        self._file = Gathered(self._door.folder, contract_id)
        self._unwritten_lines = self._unwritten_bytes = 0
        self._last_data = time.monotonic()
        self._asked_for_room = -_ROOM_PAUSE_SECONDS

    async def run(self, reader: asyncio.StreamReader) -> None:
        """Read to the end. Whatever ends it, what is whole is handed over and what is lost is counted."""
        broken = True
        try:
            while data := await self._read_with_room(reader):
                self._write(data)
                if self._is_file_due() and not await self._next_file():
                    return  # He is not known any more: what he still sends is cut off.
            broken = False
        except TimeoutError:
            broken = self._frames.is_inside
        except asyncio.CancelledError:
            await self._drain(reader)
        finally:
            await asyncio.shield(asyncio.to_thread(self._end, broken=broken))

    async def _drain(self, reader: asyncio.StreamReader) -> None:
        """The server stops: take what has arrived already, as far as it comes at once."""
        if (task := asyncio.current_task()) is not None:
            task.uncancel()
        stop_at = time.monotonic() + _DRAIN_SECONDS
        with contextlib.suppress(TimeoutError):
            while time.monotonic() < stop_at:
                async with asyncio.timeout(_DRAIN_PAUSE_SECONDS):
                    data = await reader.read(_READ_BYTES)
                if not data:
                    break
                self._write(data)

    async def _read_with_room(self, reader: asyncio.StreamReader) -> bytes:
        """Wait until there is room on the disk, then read. Meanwhile what he sends waits with him."""
        while time.monotonic() - self._asked_for_room >= _ROOM_PAUSE_SECONDS:
            self._asked_for_room = time.monotonic()
            if await asyncio.to_thread(self._door.has_room):
                break
            await asyncio.sleep(_ROOM_PAUSE_SECONDS)
            self._last_data = time.monotonic()
        return await self._read(reader)

    async def _read(self, reader: asyncio.StreamReader) -> bytes:
        """What comes next; empty at the end. While nothing comes, a file that is due is handed over all the same."""
        while True:
            try:
                async with asyncio.timeout(self._seconds_to_wait()):
                    data = await reader.read(_READ_BYTES)
            except TimeoutError:
                if self._is_file_due():
                    if not await self._next_file():
                        return b""
                elif time.monotonic() >= self._quiet_until():
                    raise
            else:
                self._last_data = time.monotonic()
                return data

    def _quiet_until(self) -> float:
        return self._last_data + (self._limits.pause_seconds if self._frames.is_inside else self._limits.idle_seconds)

    def _seconds_to_wait(self) -> float:
        moments = [self._quiet_until()]
        if self._file.since is not None:
            moments.append(self._file.since + self._receiver.file_seconds())
        return max(0.0, min(moments) - time.monotonic())

    def _write(self, data: bytes) -> None:
        lines = [line for message in self._frames.feed(data) if (line := log_line(message))]
        if not lines:
            return
        whole = b"\n".join(lines) + b"\n"
        try:
            self._file.write(whole)
        except OSError:
            self._unwritten_lines, self._unwritten_bytes = len(lines), len(whole)
            raise

    def _is_file_due(self) -> bool:
        file = self._file
        old = file.since is not None and time.monotonic() - file.since >= self._receiver.file_seconds()
        return old or file.size_bytes >= self._limits.file_bytes

    async def _next_file(self) -> bool:
        """Hand the file over and begin another. False if the sender is not known any more."""
        ready, self._file = self._file.finish(), Gathered(self._door.folder, self._contract_id)
        return await asyncio.to_thread(self._hand_over_and_ask, ready)

    def _hand_over_and_ask(self, ready: Path | None) -> bool:
        self._hand_over(ready)
        try:
            return self._door.contract_of(self._fingerprint) == self._contract_id
        except DatabaseError:
            return True  # Nobody can tell just now; the lines wait on our disk.

    def _hand_over(self, ready: Path | None) -> None:
        if ready is None:
            return
        try:
            self._door.hand_over(ready)
        except (OSError, DatabaseError) as error:
            _log.warning("syslog.postponed", file=ready.name, error=f"{type(error).__name__}: {error}"[:300])

    def _end(self, *, broken: bool) -> None:
        frames = self._frames
        lines = frames.lost_lines + int(frames.pending_bytes > 0) + self._unwritten_lines
        size = frames.lost_bytes + frames.pending_bytes + self._unwritten_bytes
        self._hand_over(self._file.finish())
        if broken or lines:
            self._door.note_cut(self._contract_id, lines=lines, size_bytes=size)


def _fingerprint(writer: asyncio.StreamWriter) -> str:
    """SHA-256 of the certificate that the sender has shown; empty without one."""
    tls = writer.get_extra_info("ssl_object")
    shown = tls.getpeercert(binary_form=True) if tls is not None else None
    return hashlib.sha256(shown).hexdigest() if shown else ""
