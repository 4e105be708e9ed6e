"""Our SMTP door, in a thread of its own: it takes the vendor's notices and reports of undeliverable mails only."""

import asyncio
import contextlib
import socket
import ssl
import threading

from aiosmtpd.smtp import SMTP
from django.conf import settings

from sakimori.lib.jst import utc_now
from sakimori.notify.inbox.actions import MAX_MAIL_BYTES
from sakimori.notify.inbox.door import DoorHandler, boxes
from sakimori.run.promptness import answer_promptly

_STOP_SECONDS = 10.0
_IDLE_SECONDS = 60.0


class MailDoor:
    """The door on SAKIMORI_SMTP_LISTEN. Port 0 is a free one; `port` says which, once started.

    STARTTLS is offered where SAKIMORI_TLS_CERTIFICATE is set: other mail servers would not take a self-made one.
    """

    def __init__(self, host: str, port: int) -> None:
        self.port = port
        self._host = host
        config = settings.CONFIG
        named = boxes(vendor_address=config.vendor_address, bounce_address=config.bounce_address)
        self._handler = DoorHandler(named, clock=utc_now)
        self._context = _context()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stopping = asyncio.Event()
        self._socket: socket.socket | None = None
        self._thread = threading.Thread(target=self._run, name="mail-door", daemon=True)

    def start(self) -> None:
        """Begin to answer. OSError if the port is taken."""
        answer_promptly()
        family = socket.AF_INET6 if ":" in self._host else socket.AF_INET
        self._socket = socket.create_server((self._host, self.port), family=family, backlog=50)
        self.port = self._socket.getsockname()[1]
        self._loop = asyncio.new_event_loop()
        self._thread.start()

    def stop(self) -> None:
        """Stop listening. What was not answered with 250 is sent again by its server."""
        if self._loop is not None and self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._stopping.set)
            self._thread.join(_STOP_SECONDS)

    def _run(self) -> None:
        if (loop := self._loop) is None or (listening := self._socket) is None:
            return
        with contextlib.closing(loop):
            asyncio.set_event_loop(loop)
            loop.run_until_complete(self._serve(loop, listening))
            loop.run_until_complete(loop.shutdown_default_executor())

    async def _serve(self, loop: asyncio.AbstractEventLoop, listening: socket.socket) -> None:
        server = await loop.create_server(self._protocol, sock=listening)
        await self._stopping.wait()
        server.close()
        open_tasks = [task for task in asyncio.all_tasks(loop) if task is not asyncio.current_task()]
        for task in open_tasks:
            task.cancel()
        await asyncio.gather(*open_tasks, return_exceptions=True)

    def _protocol(self) -> SMTP:
        return SMTP(
            self._handler,
            hostname=settings.CONFIG.base_url.partition("://")[2].partition(":")[0],
            ident="Sakimori",
            data_size_limit=MAX_MAIL_BYTES,
            enable_SMTPUTF8=True,
            tls_context=self._context,
            timeout=_IDLE_SECONDS,
            loop=self._loop,
        )


def _context() -> ssl.SSLContext | None:
    config = settings.CONFIG
    if config.tls_certificate is None or config.tls_key is None:
        return None
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.load_cert_chain(config.tls_certificate, config.tls_key)
    return context
