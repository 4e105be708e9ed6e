"""The syslog door: one connection, from who its sender is to files of lines.

Syslog knows no "received": what a cut takes is gone, so it is counted. Reading pauses while a file is handed over, and
while the disk has no room; no client can make us hold more than one message and what `arriving.py` holds.
"""

import asyncio
import contextlib
import hashlib
import ssl
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import structlog
from django.db import DatabaseError

from sakimori.logs.formats.unreadable import MAX_LINE_BYTES
from sakimori.logs.models import Refusal
from sakimori.logs.receive.arriving import Arriving
from sakimori.logs.receive.carried import CarriedHead
from sakimori.logs.receive.gathered import Gathered
from sakimori.logs.receive.syslog_door import Peer, SyslogDoor
from sakimori.logs.receive.syslog_frames import Frames, log_line

_log = structlog.get_logger()
_DRAIN_SECONDS, _DRAIN_PAUSE_SECONDS = 3.0, 0.2
_ROOM_PAUSE_SECONDS = 0.5


@dataclass(frozen=True, slots=True)
class SyslogLimits:
    """What a sender may take. A message that was begun must go on within `pause_seconds`.

    A file is handed over when it is so old or so large (older where there are many connections); connections that are
    quiet end after `idle_seconds`. Whether a sender is still known is asked at each file, and every `ask_seconds`.
    """

    line_bytes: int = MAX_LINE_BYTES
    file_bytes: int = 8 << 20
    file_seconds: float = 1.0
    pause_seconds: float = 60.0
    idle_seconds: float = 24 * 3600.0
    ask_seconds: float = 5.0
    handshake_seconds: float = 10.0
    connections_per_contract: int = 20


@dataclass
class SyslogReceiver:
    """All connections of one server. `served`: how many have ended, those that were refused included."""

    door: SyslogDoor
    tls: ssl.SSLContext
    limits: SyslogLimits = field(default_factory=SyslogLimits)
    served: int = 0
    _open: Counter[int] = field(default_factory=Counter)

    async def serve(self, arriving: Arriving) -> None:
        """Take the lines of one connection until it ends, or until we are told to stop."""
        contract_id = None
        try:
            peer = await self._shake_hands(arriving)
            contract_id = await self._let_in(peer) if peer else None
            if peer is not None and contract_id is not None:
                self._open[contract_id] += 1
                try:
                    await _Connection(self, contract_id, peer).run(arriving)
                finally:
                    self._open[contract_id] -= 1
        except (OSError, DatabaseError) as error:
            _log.warning("syslog.failed", contract=contract_id, error=f"{type(error).__name__}: {error}"[:300])
        finally:
            arriving.transport.abort()
            self.served += 1

    async def _shake_hands(self, arriving: Arriving) -> Peer | None:
        """Who it is, once TLS stands; None if it does not. Who has left by himself before is nobody's concern."""
        try:
            await arriving.begin_tls(self.tls, seconds=self.limits.handshake_seconds)
        except ConnectionResetError:
            return None
        except OSError as error:
            is_certificate = isinstance(error, ssl.SSLCertVerificationError)
            self.door.refusals.note(arriving.peer, Refusal.UNKNOWN_CERTIFICATE if is_certificate else Refusal.NO_TLS)
            return None
        return Peer(arriving.peer, _fingerprint(arriving.transport))

    async def _let_in(self, peer: Peer) -> int | None:
        """The contract that he delivers for; None if he may not."""
        contract_id = await asyncio.to_thread(self.door.contract_of, peer)
        if contract_id is None:
            unknown = Refusal.UNKNOWN_CERTIFICATE if peer.fingerprint else Refusal.UNKNOWN_ADDRESS
            self.door.refusals.note(peer.address, unknown)
        elif self._open[contract_id] >= self.limits.connections_per_contract:
            self.door.refusals.note(peer.address, Refusal.TOO_MANY)
            return None
        return contract_id

    def file_seconds(self) -> float:
        """How long a connection's lines are gathered just now."""
        return self.door.gathering_seconds(self._open.total(), shortest=self.limits.file_seconds)


class _Connection:
    """One sender's connection."""

    def __init__(self, receiver: SyslogReceiver, contract_id: int, peer: Peer) -> None:
        self._receiver, self._door, self._limits = receiver, receiver.door, receiver.limits
        self._contract_id, self._peer = contract_id, peer
        self._frames = Frames(max_bytes=self._limits.line_bytes)
        self._head = CarriedHead()
        self._file = Gathered(self._door.folder, contract_id)
        self._unwritten_lines = self._unwritten_bytes = 0
        self._last_data = self._asked_who = time.monotonic()
        self._asked_for_room = -_ROOM_PAUSE_SECONDS

    async def run(self, arriving: Arriving) -> None:
        """Read to the end. Whatever ends it, what is whole is handed over and what is lost is counted."""
        broken = True
        try:
            while data := await self._read_with_room(arriving):
                self._write(data)
                if not await self._goes_on():
                    return  # He is not known any more: what he still sends is cut off.
            broken = False
        except TimeoutError:
            broken = self._frames.is_inside
        except asyncio.CancelledError:
            await self._drain(arriving)
        finally:
            self._give_up(arriving.rest())
            await asyncio.shield(asyncio.to_thread(self._end, broken=broken))

    async def _drain(self, arriving: Arriving) -> None:
        """The server stops: take what has arrived already, as far as it comes at once."""
        if (task := asyncio.current_task()) is not None:
            task.uncancel()
        stop_at = time.monotonic() + _DRAIN_SECONDS
        with contextlib.suppress(TimeoutError):
            while time.monotonic() < stop_at:
                async with asyncio.timeout(_DRAIN_PAUSE_SECONDS):
                    data = await arriving.read()
                if not data:
                    break
                self._write(data)

    async def _read_with_room(self, arriving: Arriving) -> bytes:
        """Wait until there is room on the disk, then read. Meanwhile what he sends waits with him."""
        while time.monotonic() - self._asked_for_room >= _ROOM_PAUSE_SECONDS:
            self._asked_for_room = time.monotonic()
            if await asyncio.to_thread(self._door.has_room):
                break
            await asyncio.sleep(_ROOM_PAUSE_SECONDS)
            self._last_data = time.monotonic()
        return await self._read(arriving)

    async def _read(self, arriving: Arriving) -> bytes:
        """What comes next; empty at the end. While nothing comes, a file that is due is handed over all the same."""
        while True:
            try:
                async with asyncio.timeout(self._seconds_to_wait()):
                    data = await arriving.read()
            except TimeoutError:
                if time.monotonic() >= self._quiet_until() and not self._is_file_due():
                    raise
                if not await self._goes_on():
                    return b""
            else:
                self._last_data = time.monotonic()
                return data

    def _quiet_until(self) -> float:
        return self._last_data + (self._limits.pause_seconds if self._frames.is_inside else self._limits.idle_seconds)

    def _seconds_to_wait(self) -> float:
        moments = [self._quiet_until(), self._asked_who + self._limits.ask_seconds]
        if self._file.since is not None:
            moments.append(self._file.since + self._receiver.file_seconds())
        return max(0.0, min(moments) - time.monotonic())

    def _write(self, data: bytes) -> None:
        head = b"" if self._file.size_bytes else self._head.lines()
        lines = self._lines(data)
        try:
            if lines:
                self._file.write(head + b"".join(lines))
        except OSError:
            self._count_unwritten(lines)
            raise

    def _lines(self, data: bytes) -> list[bytes]:
        lines = [line for message in self._frames.feed(data) if (line := log_line(message))]
        for line in lines:
            self._head.note(line)
        return [line + b"\n" for line in lines]

    def _count_unwritten(self, lines: list[bytes]) -> None:
        self._unwritten_lines += len(lines)
        self._unwritten_bytes += sum(map(len, lines))

    def _give_up(self, rest: bytes) -> None:
        """It ended on our side (disk full, sender not known any more): what had come and was not taken is lost."""
        self._count_unwritten(self._lines(rest))

    def _is_file_due(self) -> bool:
        file = self._file
        old = file.since is not None and time.monotonic() - file.since >= self._receiver.file_seconds()
        return old or file.size_bytes >= self._limits.file_bytes

    async def _goes_on(self) -> bool:
        """Hand over a file that is due and begin another. False if the sender is not known any more."""
        ready = None
        if self._is_file_due():
            ready, self._file = self._file.finish(), Gathered(self._door.folder, self._contract_id)
        elif time.monotonic() - self._asked_who < self._limits.ask_seconds:
            return True
        self._asked_who = time.monotonic()
        return await asyncio.to_thread(self._hand_over_and_ask, ready)

    def _hand_over_and_ask(self, ready: Path | None) -> bool:
        self._hand_over(ready)
        try:
            return self._door.contract_of(self._peer) == self._contract_id
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


def _fingerprint(transport: asyncio.Transport) -> str:
    """SHA-256 of the certificate that the sender has shown; empty without one."""
    tls = transport.get_extra_info("ssl_object")
    shown = tls.getpeercert(binary_form=True) if tls is not None else None
    return hashlib.sha256(shown).hexdigest() if shown else ""
