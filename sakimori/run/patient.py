"""uvicorn's server with an end to its patience: for the TLS handshake, for a request's head, and for connections."""

import asyncio
import socket
from dataclasses import dataclass

import structlog
import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Patience:
    """How long is waited for a client, and for how many at once.

    Who pauses finds his connection open for `keep_alive_seconds`: one that closes while he sends is an error to him.
    """

    handshake_seconds: float = 10.0
    head_seconds: float = 30.0
    keep_alive_seconds: int = 75
    connections: int = 500


class PatientServer(uvicorn.Server):
    """Serves HTTP on the sockets that `serve` is given."""

    def __init__(self, config: uvicorn.Config, patience: Patience) -> None:
        super().__init__(config)
        self._patience = patience

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begin to answer, with limits that uvicorn has no settings for. RuntimeError if it cannot."""
        await self.lifespan.startup()
        if self.lifespan.should_exit:
            raise RuntimeError("the collector cannot start")
        loop = asyncio.get_running_loop()
        seconds = self._patience.handshake_seconds
        self.servers = [
            await loop.create_server(
                self._protocol,
                sock=sock,
                ssl=self.config.ssl,
                backlog=self.config.backlog,
                ssl_handshake_timeout=seconds,
                ssl_shutdown_timeout=seconds,
            )
            for sock in sockets or ()
        ]
        self.started = True

    def _protocol(self) -> asyncio.Protocol:
        return _Connection(self._patience, self.config, self.server_state, self.lifespan.state)


class _Connection(H11Protocol):
    """One connection. From the handshake, or from the first byte after an answer, its next head must come in time."""

    def __init__(
        self,
        patience: Patience,
        config: uvicorn.Config,
        state: uvicorn.server.ServerState,
        app_state: dict[str, object],
    ) -> None:
        super().__init__(config, state, app_state)
        self._patience = patience
        self._too_late: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """The handshake is done."""
        super().connection_made(transport)
        if len(self.connections) > self._patience.connections:
            _log.warning("collector.full", connections=self._patience.connections)
            transport.abort()
        else:
            self._wait_for_head()

    def data_received(self, data: bytes) -> None:
        """Something has come: of a head, or of what follows it, for which the application has its own patience."""
        super().data_received(data)
        if self.cycle is None or self.cycle.response_complete:
            self._wait_for_head()
        else:
            self._stop_waiting()

    def connection_lost(self, exc: Exception | None) -> None:
        """The connection is gone."""
        self._stop_waiting()
        super().connection_lost(exc)

    def _wait_for_head(self) -> None:
        if self._too_late is None and not self.transport.is_closing():
            self._too_late = self.loop.call_later(self._patience.head_seconds, self.transport.abort)

    def _stop_waiting(self) -> None:
        if self._too_late is not None:
            self._too_late.cancel()
            self._too_late = None
