"""One TLS connection's bytes on their way to us, held in a buffer of our own.

asyncio's stream forgets what it still holds when a connection breaks. Syslog's senders do not send again, so here what
had arrived is given first and the error after it.
"""

import asyncio
import ssl
from collections.abc import Callable

# Above this nothing more is read from the connection until somebody takes what is held; one read may come on top.
_ENOUGH_BYTES = 128 << 10
_READ_BYTES = 1 << 16


class Arriving(asyncio.Protocol):
    """What comes through one connection. `serve` is called with it when the connection is made, and begins TLS.

    transport: the plain connection, and once `begin_tls` is through that of TLS. peer: the other end's address.
    """

    transport: asyncio.Transport
    peer: str

    def __init__(self, serve: Callable[["Arriving"], None]) -> None:
        self._serve = serve
        self._held = bytearray()
        self._came = asyncio.Event()
        self._is_over = False
        self._error: Exception | None = None
        self._tls: ssl.SSLObject | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The connection stands."""
        assert isinstance(transport, asyncio.Transport)  # noqa: S101 - a promise of asyncio, for the types
        self.transport = transport
        self.peer = str(transport.get_extra_info("peername", ("",))[0])
        transport.pause_reading()  # Nothing is read in the clear.
        self._serve(self)

    async def begin_tls(self, context: ssl.SSLContext, *, seconds: float) -> None:
        """Shake hands within so many seconds. OSError (ssl's errors are of this kind) if it comes to nothing."""
        begun: asyncio.Transport | None = await asyncio.get_running_loop().start_tls(
            self.transport, self, context, server_side=True, ssl_handshake_timeout=seconds
        )
        if begun is None:
            raise ConnectionResetError("the other side has left in the middle of the handshake")
        self.transport = begun
        self._tls = begun.get_extra_info("ssl_object")
        if len(self._held) >= _ENOUGH_BYTES:  # It came with the end of the handshake.
            begun.pause_reading()

    def data_received(self, data: bytes) -> None:
        """Some bytes have come."""
        self._held += data
        if self._tls is not None and len(self._held) >= _ENOUGH_BYTES:
            self.transport.pause_reading()
        self._came.set()

    def eof_received(self) -> None:
        """The sender has said that nothing more comes."""
        self._is_over = True
        self._came.set()

    def connection_lost(self, exc: Exception | None) -> None:
        """The connection is gone. What TLS had for us while we did not read is still with it."""
        if not self._is_over:
            self._take_from_tls()
            self._error = exc
        self._is_over = True
        self._came.set()

    def _take_from_tls(self) -> None:
        try:
            while self._tls is not None and (data := self._tls.read(_READ_BYTES)):
                self._held += data
        except OSError:
            return  # No more whole records (ssl's errors are all of this kind).

    async def read(self) -> bytes:
        """Some of what has come; nothing at the end. OSError where it broke, once all that had come is read."""
        while not self._held and not self._is_over:
            self._came.clear()
            await self._came.wait()
        if not self._held and self._error is not None:
            raise self._error
        return self._first(_READ_BYTES)

    def rest(self) -> bytes:
        """All that has come and nobody has read yet, without waiting."""
        return self._first(len(self._held))

    def _first(self, size_bytes: int) -> bytes:
        data = bytes(self._held[:size_bytes])
        del self._held[:size_bytes]
        if not self._is_over and len(self._held) < _ENOUGH_BYTES:
            self.transport.resume_reading()
        return data
