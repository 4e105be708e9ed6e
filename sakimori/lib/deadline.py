"""A limit on the whole of one HTTP call, kept at the socket, for `lib/http.py` only.

httpx limits each read but not their sum: a header sent byte by byte would hold a duty for hours.
"""

import ssl
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

import httpcore
import httpx


class Deadline:
    """The moment at which one call must be over, whichever socket operation is under way then."""

    def __init__(self, clock: Callable[[], float], seconds: float) -> None:
        self._clock = clock
        self._end = clock() + seconds

    def remaining_seconds(self) -> float:
        return self._end - self._clock()

    @contextmanager
    def running(self) -> Iterator[None]:
        """Inside, every socket operation of this thread is cut off at the deadline."""
        token = _current_deadline.set(self)
        try:
            yield
        finally:
            _current_deadline.reset(token)


_current_deadline: ContextVar[Deadline | None] = ContextVar("current_deadline", default=None)


class DeadlineTransport(httpx.HTTPTransport):
    """The ordinary transport, on sockets that know the deadline of the call in whose name they work."""

    def __init__(self, context: ssl.SSLContext) -> None:
        super().__init__(verify=context, trust_env=False)
        self._pool.close()
        self._pool = httpcore.ConnectionPool(
            ssl_context=context,
            max_connections=50,
            max_keepalive_connections=10,
            keepalive_expiry=5.0,
            network_backend=_DeadlineBackend(),
        )


class _DeadlineBackend(httpcore.SyncBackend):
    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        timeout = _cut_to_deadline(timeout, error=httpcore.ConnectTimeout)
        return _DeadlineStream(super().connect_tcp(host, port, timeout, local_address, socket_options))


class _DeadlineStream(httpcore.NetworkStream):
    def __init__(self, stream: httpcore.NetworkStream) -> None:
        self._stream = stream

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._stream.read(max_bytes, _cut_to_deadline(timeout, error=httpcore.ReadTimeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._stream.write(buffer, _cut_to_deadline(timeout, error=httpcore.WriteTimeout))

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        timeout = _cut_to_deadline(timeout, error=httpcore.ConnectTimeout)
        return _DeadlineStream(self._stream.start_tls(ssl_context, server_hostname, timeout))

    def close(self) -> None:
        self._stream.close()

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)


def _cut_to_deadline(timeout: float | None, *, error: type[Exception]) -> float | None:
    """The shorter of the step's own time-out and what is left of the whole call."""
    deadline = _current_deadline.get()
    if deadline is None:
        return timeout
    left = deadline.remaining_seconds()
    if left <= 0:
        raise error("total time is up")
    return left if timeout is None else min(timeout, left)
