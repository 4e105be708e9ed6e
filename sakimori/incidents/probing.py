"""Visits a page as a browser would, and times the phases: DNS, connect, TLS, first byte, whole body.

Guarded (see `resolving.py`): only public addresses, ports 80 and 443, three redirects each tested anew, one limit
on the whole time whatever the other side does, and no more than the first MiB of the body.
"""

import http.client
import io
import socket
import ssl
import time
from contextlib import closing
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from typing import Any
from urllib.parse import urljoin, urlsplit

from sakimori.incidents.body import shows
from sakimori.incidents.resolving import (
    CannotResolve,
    NotPublic,
    Resolver,
    ResolvingTooSlow,
    addresses_of,
)
from sakimori.incidents.visit import BODY_BYTES, Limits, Target, Trouble, Visit
from sakimori.lib.addresses import Address

_MOST_REDIRECTS = 3
_REDIRECTS = (301, 302, 303, 307, 308)
_PORTS = (80, 443)
_AGENT = "Mozilla/5.0 (compatible; Sakimori site check)"
_PIECE = 1 << 16


class _Stopped(Exception):
    """The visit ends here, with this trouble."""

    def __init__(self, trouble: Trouble) -> None:
        super().__init__(trouble)
        self.trouble = trouble


@dataclass
class _Progress:
    """What is known of the visit so far. `limit` is the moment (monotonic seconds) at which it must be over."""

    began: float
    limit: float
    url: str
    found: dict[str, Any] = field(default_factory=dict)
    text_found: bool | None = None

    def left(self) -> float:
        seconds = self.limit - time.monotonic()
        if seconds <= 0:
            raise _Stopped(Trouble.TIMEOUT)
        return seconds


def visit(target: Target, *, limits: Limits, at: datetime, resolver: Resolver | None = None) -> Visit:
    """Visit a page once. Never raises: whatever happens is the visit's trouble."""
    began = time.monotonic()
    progress = _Progress(began, began + limits.probe_seconds, target.url)
    trouble = Trouble.NONE
    try:
        _follow(progress, target, limits, resolver)
    except _Stopped as stop:
        trouble = stop.trouble
    total_ms = _since(began)
    return Visit(
        at=at,
        url=progress.url[:300],
        trouble=trouble,
        total_ms=total_ms,
        text_found=progress.text_found,
        **progress.found,
    )


def _follow(progress: _Progress, target: Target, limits: Limits, resolver: Resolver | None) -> None:
    for _ in range(_MOST_REDIRECTS + 1):
        further = _open_page(progress, target, limits, resolver)
        if not further:
            return
        progress.url, progress.found = further, {}
    raise _Stopped(Trouble.REDIRECTS)


def _open_page(progress: _Progress, target: Target, limits: Limits, resolver: Resolver | None) -> str:
    """Fetch one page. Returns where it redirects to, or nothing when it is the last."""
    scheme, host, port, path = _parts(progress.url, training=limits.training)
    began = time.monotonic()
    addresses = _addresses(host, port, progress, limits, resolver)
    progress.found["dns_ms"] = _since(began)
    with closing(_connect(addresses, port, progress, host if scheme == "https" else "")) as plain:
        connection = _connection(host, port, scheme)
        connection.sock = _Limited(plain, progress)
        try:
            return _talk(connection, path, progress, target)
        except TimeoutError as error:
            raise _Stopped(Trouble.TIMEOUT) from error
        except (OSError, http.client.HTTPException, ValueError) as error:
            raise _Stopped(Trouble.BROKEN) from error


def _parts(url: str, *, training: bool) -> tuple[str, str, int, str]:
    """Scheme, host, port and path of a URL that may be visited."""
    try:
        parts = urlsplit(url)
        port = parts.port or (443 if parts.scheme == "https" else 80)
        host = (parts.hostname or "").encode("idna").decode() if "%" not in (parts.hostname or "") else ""
    except (ValueError, UnicodeError) as error:
        raise _Stopped(Trouble.FORBIDDEN) from error
    if parts.scheme not in ("http", "https") or not host or (port not in _PORTS and not training):
        raise _Stopped(Trouble.FORBIDDEN)
    path = parts.path or "/"
    return parts.scheme, host, port, f"{path}?{parts.query}" if parts.query else path


def _addresses(host: str, port: int, progress: _Progress, limits: Limits, resolver: Resolver | None) -> list[Address]:
    try:
        return addresses_of(host, port, seconds=progress.left(), training=limits.training, resolver=resolver)
    except CannotResolve as error:
        raise _Stopped(Trouble.DNS) from error
    except ResolvingTooSlow as error:
        raise _Stopped(Trouble.TIMEOUT) from error
    except NotPublic as error:
        raise _Stopped(Trouble.FORBIDDEN) from error


def _connection(host: str, port: int, scheme: str) -> http.client.HTTPConnection:
    """Only the protocol: the connection itself is ours. The class decides whether the port stands in `Host`."""
    kind = http.client.HTTPSConnection if scheme == "https" else http.client.HTTPConnection
    connection = kind(host, port)
    connection.auto_open = 0
    return connection


def _connect(addresses: list[Address], port: int, progress: _Progress, server_name: str) -> socket.socket:
    """Connect to the first address that answers, each with its share of the time, and begin TLS."""
    began = time.monotonic()
    plain = None
    for number, address in enumerate(addresses):
        try:
            plain = socket.create_connection((str(address), port), progress.left() / (len(addresses) - number))
            break
        except OSError:
            continue
    progress.left()
    if plain is None:
        raise _Stopped(Trouble.CONNECT)
    progress.found["connect_ms"] = _since(began)
    return _with_tls(plain, progress, server_name) if server_name else plain


def _with_tls(plain: socket.socket, progress: _Progress, server_name: str) -> socket.socket:
    began = time.monotonic()
    try:
        plain.settimeout(progress.left())
        wrapped = tls_context().wrap_socket(plain, server_hostname=server_name)
    except TimeoutError as error:
        plain.close()
        raise _Stopped(Trouble.TIMEOUT) from error
    except (OSError, ValueError) as error:
        plain.close()
        raise _Stopped(Trouble.TLS) from error
    progress.found["tls_ms"] = _since(began)
    return wrapped


@cache
def tls_context() -> ssl.SSLContext:
    """Certificates are verified as a visitor's browser would."""
    return ssl.create_default_context()


def _talk(connection: http.client.HTTPConnection, path: str, progress: _Progress, target: Target) -> str:
    began = time.monotonic()
    headers = {"User-Agent": _AGENT, "Accept": "text/html,*/*", "Accept-Language": "ja", "Connection": "close"}
    connection.request("GET", _quoted(path), headers=headers)
    response = connection.getresponse()
    progress.found["first_byte_ms"] = _since(began)
    progress.found["status"] = response.status
    place = response.getheader("Location") if response.status in _REDIRECTS else None
    if place:
        return urljoin(progress.url, place)
    body = _read(response)
    progress.found["size_bytes"] = len(body)
    if target.expected_text:
        found = shows(body, target.expected_text, response.getheader("Content-Encoding") or "")
        progress.text_found = found or (None if len(body) >= BODY_BYTES else found)
    return ""


def _quoted(path: str) -> str:
    """Signs that a browser would encode before sending."""
    return "".join(sign if "!" <= sign <= "~" else "".join(f"%{byte:02X}" for byte in sign.encode()) for sign in path)


def _read(response: http.client.HTTPResponse) -> bytes:
    """The whole body, or its first MiB. One that ends before its announced length is an error."""
    pieces = io.BytesIO()
    while pieces.tell() < BODY_BYTES:
        piece = response.read(min(_PIECE, BODY_BYTES - pieces.tell()))
        if not piece:
            break
        pieces.write(piece)
    if pieces.tell() < BODY_BYTES and response.length:
        raise http.client.IncompleteRead(b"", response.length)
    return pieces.getvalue()


def _since(began: float) -> int:
    return round((time.monotonic() - began) * 1000)


class _Limited:
    """A socket for http.client on which every single read and write ends with the visit's limit.

    A time-out by itself would begin anew with each byte that the other side lets drip.
    """

    def __init__(self, plain: socket.socket, progress: _Progress) -> None:
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
    def __init__(self, plain: socket.socket, progress: _Progress) -> None:
        super().__init__()
        self._plain = plain
        self._progress = progress

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        self._plain.settimeout(self._progress.left())
        return self._plain.recv_into(buffer)
