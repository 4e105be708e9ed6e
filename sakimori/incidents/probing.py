"""Visits a page as a browser would, and times the phases: DNS, connect, TLS, first byte, whole body.

Guarded (see `resolving.py`): only public addresses, ports 80 and 443, three redirects each tested anew, one limit
on the whole time whatever the other side does, and no more than the first MiB of the body. The path straight to the
origin takes the same way through the same tests.
"""

import http.client
import io
import re
import socket
import ssl
import time
from collections.abc import Iterable
from contextlib import closing
from datetime import datetime
from functools import cache
from urllib.parse import urljoin, urlsplit

from sakimori.incidents.body import shows, unpacked
from sakimori.incidents.limited import LimitedSocket, Progress, Stopped, since
from sakimori.incidents.resolving import (
    CannotResolve,
    NotPublic,
    Resolver,
    ResolvingTooSlow,
    addresses_of,
)
from sakimori.incidents.vendor_pages import SITE, page_kind
from sakimori.incidents.via import via_of
from sakimori.incidents.visit import BODY_BYTES, HEAD_BYTES, START_BYTES, Limits, Target, Trouble, Visit
from sakimori.lib.addresses import Address, Network

_MOST_REDIRECTS = 3
_REDIRECTS = (301, 302, 303, 307, 308)
_PORTS = (80, 443)
_AGENT = "Mozilla/5.0 (compatible; Sakimori site check)"
_PIECE = 1 << 16
_AMBIGUOUS = re.compile(r"[\\\x00-\x1f\x7f]")  # Read in different ways by different programs.
_MOST_HEADERS, _LONGEST_HEADER = 60, 500


def visit(
    target: Target,
    *,
    limits: Limits,
    at: datetime,
    resolver: Resolver | None = None,
    vendor: Iterable[Network] = (),
) -> Visit:
    """Visit a page once. Never raises: whatever happens is the visit's trouble. vendor: the WAF's own networks."""
    began = time.monotonic()
    progress = Progress(began + limits.probe_seconds, target.url)
    trouble = Trouble.NONE
    try:
        _follow(progress, target, limits, resolver)
    except Stopped as stop:
        trouble = stop.trouble
    total_ms = since(began)
    found = progress.found
    return Visit(
        at=at,
        url=progress.url[:300],
        trouble=trouble,
        total_ms=total_ms,
        text_found=progress.text_found,
        via=via_of(found.get("headers", ()), found.get("address", ""), vendor),
        path="origin" if target.connect_to else "visitor",
        **found,
    )


def _follow(progress: Progress, target: Target, limits: Limits, resolver: Resolver | None) -> None:
    for _ in range(_MOST_REDIRECTS + 1):
        further = _open_page(progress, target, limits, resolver)
        if not further:
            return
        progress.url, progress.found = further, {}
    raise Stopped(Trouble.REDIRECTS)


def _open_page(progress: Progress, target: Target, limits: Limits, resolver: Resolver | None) -> str:
    """Fetch one page. Returns where it redirects to, or nothing when it is the last."""
    scheme, host, port, path = _parts(progress.url, training=limits.training)
    began = time.monotonic()
    addresses = _addresses(_leads_to(target, host), port, progress, limits, resolver)
    progress.found["dns_ms"] = since(began)
    with closing(_connect(addresses, port, progress, host if scheme == "https" else "")) as plain:
        connection = _connection(host, port, scheme)
        connection.sock = LimitedSocket(plain, progress)
        try:
            return _talk(connection, path, progress, target)
        except TimeoutError as error:
            raise Stopped(Trouble.TIMEOUT) from error
        except (OSError, http.client.HTTPException, ValueError) as error:
            raise Stopped(Trouble.BROKEN) from error


def _leads_to(target: Target, host: str) -> str:
    """The host to connect to: past the WAF for the page's own host, never for another that it redirects to."""
    own = (urlsplit(target.url).hostname or "").encode("idna").decode() if target.connect_to else ""
    return target.connect_to if own and own == host else host


def _parts(url: str, *, training: bool) -> tuple[str, str, int, str]:
    """Scheme, host, port and path of a URL that may be visited."""
    if _AMBIGUOUS.search(url):
        raise Stopped(Trouble.FORBIDDEN)
    try:
        parts = urlsplit(url)
        port = parts.port if parts.port is not None else (443 if parts.scheme == "https" else 80)
        host = (parts.hostname or "").encode("idna").decode() if "%" not in (parts.hostname or "") else ""
    except (ValueError, UnicodeError) as error:
        raise Stopped(Trouble.FORBIDDEN) from error
    if parts.scheme not in ("http", "https") or not host or (port not in _PORTS and not training):
        raise Stopped(Trouble.FORBIDDEN)
    path = parts.path or "/"
    return parts.scheme, host, port, f"{path}?{parts.query}" if parts.query else path


def _addresses(host: str, port: int, progress: Progress, limits: Limits, resolver: Resolver | None) -> list[Address]:
    try:
        return addresses_of(host, port, seconds=progress.left(), training=limits.training, resolver=resolver)
    except CannotResolve as error:
        raise Stopped(Trouble.DNS) from error
    except ResolvingTooSlow as error:
        raise Stopped(Trouble.TIMEOUT) from error
    except NotPublic as error:
        raise Stopped(Trouble.FORBIDDEN) from error


def _connection(host: str, port: int, scheme: str) -> http.client.HTTPConnection:
    """Only the protocol: the connection itself is ours. The class decides whether the port stands in `Host`."""
    kind = http.client.HTTPSConnection if scheme == "https" else http.client.HTTPConnection
    connection = kind(host, port)
    connection.auto_open = 0
    return connection


def _connect(addresses: list[Address], port: int, progress: Progress, server_name: str) -> socket.socket:
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
        raise Stopped(Trouble.CONNECT)
    progress.found.update(connect_ms=since(began), address=str(addresses[number]))
    return _with_tls(plain, progress, server_name) if server_name else plain


def _with_tls(plain: socket.socket, progress: Progress, server_name: str) -> socket.socket:
    began = time.monotonic()
    try:
        plain.settimeout(progress.left())
        wrapped = tls_context().wrap_socket(plain, server_hostname=server_name)
    except TimeoutError as error:
        plain.close()
        raise Stopped(Trouble.TIMEOUT) from error
    except (OSError, ValueError) as error:
        plain.close()
        raise Stopped(Trouble.TLS) from error
    progress.found["tls_ms"] = since(began)
    return wrapped


@cache
def tls_context() -> ssl.SSLContext:
    """Certificates are verified as a visitor's browser would."""
    return ssl.create_default_context()


def _talk(connection: http.client.HTTPConnection, path: str, progress: Progress, target: Target) -> str:
    began = time.monotonic()
    headers = {"User-Agent": _AGENT, "Accept": "text/html,*/*", "Accept-Language": "ja", "Connection": "close"}
    connection.request("GET", _quoted(path), headers=headers)
    response = connection.getresponse()
    progress.found.update(first_byte_ms=since(began), status=response.status, headers=_headers(response))
    place = response.getheader("Location") if response.status in _REDIRECTS else None
    if place:
        return urljoin(progress.url, place)
    most = BODY_BYTES if target.whole else START_BYTES
    body = _read(response, most)
    progress.found["size_bytes"] = len(body)
    _look_at(body, response, progress, target, is_cut=len(body) >= most)
    return ""


def _headers(response: http.client.HTTPResponse) -> tuple[tuple[str, str], ...]:
    """The answer's headers as they came, bounded."""
    return tuple((name[:100], value[:_LONGEST_HEADER]) for name, value in response.getheaders()[:_MOST_HEADERS])


def _look_at(
    body: bytes, response: http.client.HTTPResponse, progress: Progress, target: Target, *, is_cut: bool
) -> None:
    """Whose page it is, and then whether it shows what it must. Of a page of the WAF nothing is expected."""
    plain = unpacked(body, response.getheader("Content-Encoding") or "")
    progress.found["head"] = (plain or b"")[:HEAD_BYTES]
    kind = page_kind(progress.found["headers"], plain or b"")
    progress.found["page"] = kind
    if target.expected_text and kind == SITE and plain is not None:
        progress.text_found = shows(plain, target.expected_text) or (None if is_cut else False)


def _quoted(path: str) -> str:
    """Signs that a browser would encode before sending."""
    return "".join(sign if "!" <= sign <= "~" else "".join(f"%{byte:02X}" for byte in sign.encode()) for sign in path)


def _read(response: http.client.HTTPResponse, most: int) -> bytes:
    """The whole body, or its beginning. One that ends before its announced length is an error."""
    pieces = io.BytesIO()
    while pieces.tell() < most:
        piece = response.read(min(_PIECE, most - pieces.tell()))
        if not piece:
            break
        pieces.write(piece)
    if pieces.tell() < most and response.length:
        raise http.client.IncompleteRead(b"", response.length)
    return pieces.getvalue()
