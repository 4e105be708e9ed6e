"""A site on loopback that answers exactly what a test says, and a twin of the visit for tests without a network."""

import asyncio
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import httpx
from starlette.applications import Starlette

from sakimori.incidents.visit import Limits, Target, Visit
from sakimori.incidents.visitors import Examination

Talk = Callable[[socket.socket, str], None]


class Site:
    """Serves one connection after the other; `asked` keeps the requests' heads."""

    def __init__(self, talk: Talk, tls: ssl.SSLContext | None = None) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._talk, self._tls = talk, tls
        self.asked: list[str] = []
        self.port: int = self._listener.getsockname()[1]
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while True:
            try:
                plain, _ = self._listener.accept()
            except OSError:
                return
            with plain:
                try:
                    self._answer(plain)
                except OSError:
                    continue

    def _answer(self, plain: socket.socket) -> None:
        peer = self._tls.wrap_socket(plain, server_side=True) if self._tls else plain
        with peer:
            head = b""
            while b"\r\n\r\n" not in head:
                piece = peer.recv(4096)
                if not piece:
                    return
                head += piece
            self.asked.append(head.decode())
            self._talk(peer, self.asked[-1])

    def url(self, path: str = "/", host: str = "127.0.0.1", scheme: str = "http") -> str:
        return f"{scheme}://{host}:{self.port}{path}"

    def close(self) -> None:
        # Closing alone would leave the thread in accept().
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()


@contextmanager
def serving(talk: Talk | bytes, tls: ssl.SSLContext | None = None) -> Iterator[Site]:
    """A site that talks like this, or that sends these bytes and hangs up."""
    site = Site(talk if callable(talk) else lambda peer, _: peer.sendall(talk), tls)
    try:
        yield site
    finally:
        site.close()


def answer(body: bytes, *, status: str = "200 OK", headers: str = "", length: int | None = None) -> bytes:
    """A whole HTTP answer."""
    announced = len(body) if length is None else length
    return f"HTTP/1.1 {status}\r\nContent-Length: {announced}\r\n{headers}\r\n".encode() + body


class Door:
    """Asks a service of ours without a network."""

    def __init__(self, app: Starlette) -> None:
        self._app = app

    def __call__(self, method: str, path: str, **more: Any) -> httpx.Response:
        async def send() -> httpx.Response:
            transport = httpx.ASGITransport(self._app)
            async with httpx.AsyncClient(transport=transport, base_url="http://vantage.example.jp") as client:
                return await client.request(method, path, **more)

        return asyncio.run(send())


class AtOnce:
    """A runner without threads: what is sent is done before the call returns."""

    def __init__(self) -> None:
        self._results: list[Examination] = []

    def free(self) -> int:
        return 16

    def send(self, work: Callable[[], Examination]) -> None:
        self._results.append(work())

    def fetch(self) -> Examination | None:
        return self._results.pop(0) if self._results else None


@dataclass
class Pages:
    """A twin of `probing.visit`: pages by their URL, each made anew at every visit. Others answer well."""

    states: dict[str, Callable[[datetime, str], Visit]] = field(default_factory=dict)
    visited: list[str] = field(default_factory=list)

    def __call__(self, target: Target, *, limits: Limits, at: datetime) -> Visit:
        self.visited.append(target.url)
        make = self.states.get(target.url)
        return make(at, target.url) if make else Visit(at=at, url=target.url, status=200, size_bytes=900, total_ms=120)
