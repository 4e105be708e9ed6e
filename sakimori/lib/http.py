"""The one guarded way out over HTTP: every call is limited in time and size, and no redirect is followed.

TLS certificates are always verified and no setting turns that off. Cookies, and the environment's proxies and
.netrc, are ignored. Nothing is repeated here: the error says whether repeating is safe, the caller decides.

    HttpError             no usable answer
     +-- HttpNotSent      the request never reached the other side: repeating it is safe
     +-- HttpDoubtful     the request was on its way; it may have been carried out
          +-- HttpTooLarge    there was an answer, longer than we are willing to read
"""

import time
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from http.cookiejar import CookieJar, DefaultCookiePolicy
from typing import Self

import httpx

from sakimori.lib.deadline import Deadline, DeadlineTransport

USER_AGENT = "Sakimori/0.1 (managed web site protection)"

_NOT_SENT = (
    httpx.ConnectError,
    httpx.ConnectTimeout,
    httpx.PoolTimeout,
    httpx.ProxyError,
    httpx.UnsupportedProtocol,
    httpx.LocalProtocolError,
)


def retry_after_seconds(headers: Mapping[str, str]) -> float | None:
    """The other side's wish in seconds (RFC 9110, 10.2.3), or None; a date is measured against its own clock."""
    wish = headers.get("retry-after", "").strip()
    if wish.isascii() and wish.isdigit():
        return float(wish[:9])
    try:
        return max(0.0, (parsedate_to_datetime(wish) - parsedate_to_datetime(headers["date"])).total_seconds())
    except (KeyError, ValueError, TypeError):
        return None


class HttpError(Exception):
    """Base for callers that only want to know that there is no usable answer. Names no header and no body."""


class HttpNotSent(HttpError):
    """The request never reached the other side (no connection, no TLS, no free place in the pool)."""


class HttpDoubtful(HttpError):
    """The request was at least partly sent, and how it ended is unknown."""


class HttpTooLarge(HttpDoubtful):
    """The answer passed the size limit; reading stopped there."""


@dataclass(frozen=True, slots=True)
class HttpLimits:
    """What one call may cost. `total_seconds` runs from the call until the last byte of the body."""

    connect_seconds: float = 5.0
    read_seconds: float = 20.0
    total_seconds: float = 60.0
    body_bytes: int = 16 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class BasicAuth:
    """User and password of HTTP Basic authentication."""

    user: str
    password: str

    def __repr__(self) -> str:
        return f"BasicAuth(user={self.user!r})"


@dataclass(frozen=True, slots=True)
class Response:
    """A whole answer, whatever its status. Header names are lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class StreamedResponse:
    """An answer whose body is still on its way; `chunks` can be run through once, inside the context only."""

    status: int
    headers: Mapping[str, str]
    chunks: Iterator[bytes]


class GuardedClient:
    """HTTP for one neighbour or for many; may be used from several threads. Close it when done.

    `transport` is for tests (httpx.MockTransport), `clock` gives seconds that only grow.
    """

    def __init__(
        self,
        *,
        limits: HttpLimits | None = None,
        transport: httpx.BaseTransport | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._limits = limits or HttpLimits()
        self._clock = clock
        self._client = httpx.Client(
            transport=transport or DeadlineTransport(httpx.create_ssl_context()),
            # The next caller may be another customer: whatever a neighbour wants us to remember is forgotten.
            cookies=CookieJar(DefaultCookiePolicy(allowed_domains=[])),
            follow_redirects=False,
            trust_env=False,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the connections."""
        self._client.close()

    def request(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        params: Mapping[str, str] | None = None,
        form: Mapping[str, str | Sequence[str]] | None = None,
        json: object = None,
        auth: BasicAuth | None = None,
        limits: HttpLimits | None = None,
    ) -> Response:
        """Send, and read the whole answer. A status such as 404 or 500 is an answer, not an error."""
        with self.stream(
            method, url, headers=headers, params=params, form=form, json=json, auth=auth, limits=limits
        ) as answer:
            return Response(answer.status, answer.headers, b"".join(answer.chunks))

    @contextmanager
    def stream(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        params: Mapping[str, str] | None = None,
        form: Mapping[str, str | Sequence[str]] | None = None,
        json: object = None,
        auth: BasicAuth | None = None,
        limits: HttpLimits | None = None,
    ) -> Generator[StreamedResponse]:
        """Send, and hand over the body piece by piece. `HttpError` may come while chunks are read, too."""
        limits = limits or self._limits
        deadline = Deadline(self._clock, limits.total_seconds)
        with _errors_told_apart():
            request = self._client.build_request(
                method,
                url,
                headers={"user-agent": USER_AGENT, "accept-encoding": "identity", **(headers or {})},
                params=params,
                data=form,
                json=json,
                timeout=_timeout(limits),
            )
        basic = httpx.BasicAuth(auth.user, auth.password) if auth else None
        with _errors_told_apart(), deadline.running():
            response = self._client.send(request, auth=basic, stream=True)
        try:
            yield StreamedResponse(
                response.status_code,
                dict(response.headers),
                _chunks(response, limits=limits, deadline=deadline),
            )
        finally:
            response.close()


def _timeout(limits: HttpLimits) -> httpx.Timeout:
    return httpx.Timeout(limits.read_seconds, connect=limits.connect_seconds, pool=limits.connect_seconds)


def _chunks(response: httpx.Response, *, limits: HttpLimits, deadline: Deadline) -> Iterator[bytes]:
    """The body within the limits.

    We ask for no compression, so an encoded body is refused rather than inflated: nobody can send us a bomb.
    """
    if response.headers.get("content-encoding", "identity") != "identity":
        raise HttpDoubtful("the answer is encoded although we asked for a plain one")
    announced = response.headers.get("content-length", "")
    if announced.isascii() and announced.isdigit() and int(announced[:20]) > limits.body_bytes:
        raise HttpTooLarge(f"the answer is announced as longer than {limits.body_bytes} bytes")
    taken = 0
    for chunk in _within_time(response.iter_bytes(), deadline):
        taken += len(chunk)
        if taken > limits.body_bytes:
            raise HttpTooLarge(f"the answer is longer than {limits.body_bytes} bytes")
        yield chunk


def _within_time(chunks: Iterable[bytes], deadline: Deadline) -> Iterator[bytes]:
    waiting = iter(chunks)
    while True:
        with _errors_told_apart(), deadline.running():
            chunk = next(waiting, None)
        if chunk is None:
            return
        if deadline.remaining_seconds() <= 0:
            raise HttpDoubtful("the whole answer took too long")
        yield chunk


@contextmanager
def _errors_told_apart() -> Iterator[None]:
    """Turn the library's errors into our two kinds. Only the type's name is told: texts may hold a URL."""
    try:
        yield
    except (*_NOT_SENT, httpx.InvalidURL, UnicodeEncodeError) as error:
        raise HttpNotSent(type(error).__name__) from error
    except (httpx.HTTPError, httpx.StreamError) as error:
        raise HttpDoubtful(type(error).__name__) from error
