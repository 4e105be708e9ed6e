"""The syslog door behind TLS, in a thread of its own. Who is let in is told in `logs/receive/syslog_door.py`."""

import asyncio
import contextlib
import socket
import ssl
import threading
from datetime import timedelta

import structlog
from django.conf import settings
from django.db import DatabaseError

from sakimori import backends
from sakimori.lib.jst import utc_now
from sakimori.logs.receive.arriving import Arriving
from sakimori.logs.receive.syslog import SyslogLimits, SyslogReceiver
from sakimori.logs.receive.syslog_door import SyslogDoor
from sakimori.run.collector import certificate_files
from sakimori.run.promptness import answer_promptly

_log = structlog.get_logger()
_ROUND_SECONDS = 5.0
_STOP_SECONDS = 10.0
_FAILED_FOR = timedelta(seconds=30)


class SyslogServer:
    """The door on SAKIMORI_SYSLOG_LISTEN, TLS 1.2 or newer. Port 0 is a free one; `port` says which, once started."""

    def __init__(self, host: str, port: int, *, limits: SyslogLimits | None = None) -> None:
        self.port = port
        self._host = host
        self._door = SyslogDoor(settings.CONFIG.data / "syslog", backends.spool(), utc_now)
        self._context = _context(host)
        self._receiver = SyslogReceiver(self._door, self._context, limits or SyslogLimits())
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stopping = asyncio.Event()
        self._connections: set[asyncio.Task[None]] = set()
        self._known = ""
        self._socket: socket.socket | None = None
        self._thread = threading.Thread(target=self._run, name="syslog", daemon=True)

    def start(self) -> None:
        """Take what a killed process left, then begin to answer. OSError if the port is taken."""
        answer_promptly()
        family = socket.AF_INET6 if ":" in self._host else socket.AF_INET
        self._socket = socket.create_server((self._host, self.port), family=family, backlog=100)
        self.port = self._socket.getsockname()[1]
        self._round(older_than=timedelta(0))
        self._loop = asyncio.new_event_loop()
        self._thread.start()

    def stop(self) -> None:
        """Hand over what is whole, count what is not, then stop."""
        if self._loop is not None and self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._stopping.set)
            self._thread.join(_STOP_SECONDS)

    def _run(self) -> None:
        if (loop := self._loop) is None:
            return
        with contextlib.closing(loop):
            loop.run_until_complete(self._serve())
            loop.run_until_complete(loop.shutdown_default_executor())

    async def _serve(self) -> None:
        if self._socket is None:
            return
        server = await asyncio.get_running_loop().create_server(lambda: Arriving(self._take), sock=self._socket)
        rounds = asyncio.ensure_future(self._rounds())
        await self._stopping.wait()
        server.close()
        rounds.cancel()
        for task in self._connections:
            task.cancel()
        await asyncio.gather(rounds, *self._connections, return_exceptions=True)
        await asyncio.to_thread(self._write_down)

    def _take(self, arriving: Arriving) -> None:
        _keep_alive(arriving.transport)
        task = asyncio.get_running_loop().create_task(self._receiver.serve(arriving))
        self._connections.add(task)
        task.add_done_callback(self._connections.discard)

    async def _rounds(self) -> None:
        while True:
            await asyncio.sleep(_ROUND_SECONDS)
            await asyncio.to_thread(self._round, older_than=_FAILED_FOR)

    def _round(self, *, older_than: timedelta) -> None:
        try:
            self._write_down()
            self._trust()
            self._door.sweep(older_than=older_than)
        except (OSError, DatabaseError) as error:
            _log.warning("syslog.round_failed", error=f"{type(error).__name__}: {error}"[:300])

    def _write_down(self) -> None:
        self._door.write_cuts()
        self._door.refusals.write()

    def _trust(self) -> None:
        """Let in certificates that were registered meanwhile. One that was removed is refused by its fingerprint."""
        known = self._door.certificates()
        if known != self._known and known.strip():
            self._context.load_verify_locations(cadata=known)
        self._known = known


def _context(host: str) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.load_cert_chain(*certificate_files(host))
    # Who shows none may be known by his address. A registered certificate is trusted itself, whoever issued it.
    context.verify_mode = ssl.CERT_OPTIONAL
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    return context


def _keep_alive(transport: asyncio.Transport) -> None:
    """A sender that is gone without a word is noticed within minutes."""
    plain = transport.get_extra_info("socket")
    for name, seconds in (("TCP_KEEPIDLE", 60), ("TCP_KEEPINTVL", 20), ("TCP_KEEPCNT", 4)):
        if hasattr(socket, name):
            plain.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), seconds)
    plain.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
