"""The only way out of our browser: a proxy on loopback that connects to what a probe may connect to, and nowhere else.

The browser resolves no name and opens no connection by itself. Each host is resolved here, every address tested, and
the connection goes to the tested address (`resolving.py`), for redirects, frames and scripts alike. TLS stays between
browser and site. The bytes of a whole page are bounded.
"""

import contextlib
import select
import socket
import threading
from collections.abc import Generator
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit

from sakimori.incidents.resolving import CannotResolve, NotPublic, Resolver, ResolvingTooSlow, addresses_of
from sakimori.incidents.visit import Limits

MOST_BYTES = 16 << 20
MOST_CONNECTIONS = 200
_PORTS = (80, 443)
_LONGEST_HEAD = 64 << 10
_PIECE = 1 << 16
_CONNECT_SECONDS = 10.0
_IDLE_SECONDS = 30.0


class _Refused(Exception):
    """This request goes nowhere."""


@dataclass
class Gate:
    """A proxy for one page. `addresses` tells where each host was connected to, `refused` what was not."""

    limits: Limits
    resolver: Resolver | None = None
    most_bytes: int = MOST_BYTES
    addresses: dict[str, str] = field(default_factory=dict)
    refused: list[str] = field(default_factory=list)
    port: int = 0
    _bytes: int = 0
    _opened: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _sockets: set[socket.socket] = field(default_factory=set)
    _listener: socket.socket | None = None

    def __enter__(self) -> Self:
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=100)
        self.port = int(self._listener.getsockname()[1])
        threading.Thread(target=self._serve, args=(self._listener,), name="gate", daemon=True).start()
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        if self._listener is not None:
            with contextlib.suppress(OSError):
                self._listener.shutdown(socket.SHUT_RDWR)
            self._listener.close()
        with self._lock:
            open_ones = list(self._sockets)
        for each in open_ones:
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)

    def _serve(self, listener: socket.socket) -> None:
        while True:
            try:
                client, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=self._attend, args=(client,), name="gate", daemon=True).start()

    def _attend(self, client: socket.socket) -> None:
        with contextlib.suppress(OSError), self._known(client):
            client.settimeout(_IDLE_SECONDS)
            with contextlib.suppress(_Refused, ValueError):  # Closed without a word: an answer would be the site's.
                head, rest = _head_of(client)
                self._pass(client, head, rest)

    def _pass(self, client: socket.socket, head: list[bytes], rest: bytes) -> None:
        method, target = _asked(head)
        parts = urlsplit(target if method != "CONNECT" else f"//{target}")
        host, port = self._place(parts.scheme or "https", parts.hostname, parts.port, method)
        with self._known(self._connect(host, port)) as far:
            if method == "CONNECT":
                client.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
                far.sendall(rest)
            else:
                path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
                far.sendall(_plain_head(method, path, head[1:]) + rest)
            self._relay(client, far)

    def _place(self, scheme: str, host: str | None, port: int | None, method: str) -> tuple[str, int]:
        """Host and port that may be asked for."""
        number = port or (443 if method == "CONNECT" or scheme == "https" else 80)
        if not host or scheme not in ("http", "https") or (number not in _PORTS and not self.limits.training):
            self._refuse(host or "")
        return host or "", number

    def _connect(self, host: str, port: int) -> socket.socket:
        with self._lock:
            self._opened += 1
            too_many = self._opened > MOST_CONNECTIONS or self._bytes > self.most_bytes
        if too_many:
            self._refuse(host)
        try:
            found = addresses_of(
                host, port, seconds=_CONNECT_SECONDS, training=self.limits.training, resolver=self.resolver
            )
        except (NotPublic, CannotResolve, ResolvingTooSlow):
            self._refuse(host)
        for address in found:
            with contextlib.suppress(OSError):
                far = socket.create_connection((str(address), port), _CONNECT_SECONDS)
                far.settimeout(_IDLE_SECONDS)
                self.addresses[host] = str(address)
                return far
        raise _Refused

    def _refuse(self, host: str) -> None:
        with self._lock:
            self.refused.append(host[:253])
        raise _Refused

    def _relay(self, client: socket.socket, far: socket.socket) -> None:
        """Both ways, until one side ends, nothing comes for a while, or the page is too large."""
        while True:
            ready, _, _ = select.select([client, far], [], [], _IDLE_SECONDS)
            if not ready:
                return
            for source in ready:
                piece = source.recv(_PIECE)
                with self._lock:
                    self._bytes += len(piece)
                    too_large = self._bytes > self.most_bytes
                if not piece or too_large:
                    return
                (far if source is client else client).sendall(piece)

    @contextlib.contextmanager
    def _known(self, each: socket.socket) -> Generator[socket.socket]:
        """The socket, closed in the end, and by us when the page is over."""
        with self._lock:
            self._sockets.add(each)
        try:
            with each:
                yield each
        finally:
            with self._lock:
                self._sockets.discard(each)


def _head_of(client: socket.socket) -> tuple[list[bytes], bytes]:
    """The lines of a request's head, and what came after it."""
    data = b""
    while b"\r\n\r\n" not in data:
        piece = client.recv(_PIECE)
        data += piece
        if not piece or len(data) > _LONGEST_HEAD:
            raise _Refused
    head, _, rest = data.partition(b"\r\n\r\n")
    return head.split(b"\r\n"), rest


def _asked(head: list[bytes]) -> tuple[str, str]:
    """Method and target of a request to a proxy."""
    words = head[0].decode("latin-1").split()
    if len(words) != 3:
        raise _Refused
    return words[0], words[1]


def _plain_head(method: str, path: str, lines: list[bytes]) -> bytes:
    """The head for the site itself: without what is meant for a proxy, one request on each connection."""
    dropped = (b"proxy-", b"connection:", b"keep-alive:")
    kept = [line for line in lines if not line.lower().startswith(dropped)]
    return b"\r\n".join([f"{method} {path} HTTP/1.1".encode("latin-1"), *kept, b"Connection: close"]) + b"\r\n\r\n"
