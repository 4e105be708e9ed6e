"""The border of every simulator: loopback only, no page of another site may drive it, closed connections."""

import asyncio
import ipaddress
from collections.abc import Callable
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.protocols.http.h11_impl import H11Protocol

LOOPBACK_NAMES = frozenset({"127.0.0.1", "localhost", "::1"})


def check_loopback(host: str) -> None:
    """ValueError for an address that others could reach."""
    if not ipaddress.ip_address(host).is_loopback:
        raise ValueError(f"simulators listen on loopback only, not on {host}")


class LoopbackOnly:
    """Refuses calls under a foreign name (DNS rebinding) and from foreign pages (CSRF)."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the call on, or answer 403."""
        if scope["type"] == "http" and not _is_local(Headers(scope=scope)):
            await PlainTextResponse("loopback only", status_code=403)(scope, receive, send)
            return
        await self._app(scope, receive, send)


def _is_local(headers: Headers) -> bool:
    origin = headers.get("origin")
    names = [urlsplit("//" + headers.get("host", "")).hostname]
    if origin is not None:
        names.append(urlsplit(origin).hostname)
    return all(name in LOOPBACK_NAMES for name in names)


class ClosableProtocol(H11Protocol):
    """HTTP as usual, but a handler can hang up without an answer (see `hang_up`)."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Give each call of this connection the means to close it."""
        super().connection_made(transport)
        self.app_state = {**self.app_state, "hang_up": transport.abort}


async def hang_up(scope: Scope) -> None:
    """Close the connection under a call. Without a real connection: ConnectionAbortedError to the caller."""
    abort: Callable[[], None] | None = scope.get("state", {}).get("hang_up")
    if abort is None:
        raise ConnectionAbortedError("the simulated vendor closed the connection")
    abort()
    # The server must notice the closed connection before the handler ends, else it tries to answer 500.
    await asyncio.sleep(0.01)
