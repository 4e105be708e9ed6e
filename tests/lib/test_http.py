"""The guarded client: what it sends, where it stops, and which of its errors allow a second try."""

import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from sakimori.lib.http import (
    USER_AGENT,
    BasicAuth,
    GuardedClient,
    HttpDoubtful,
    HttpError,
    HttpLimits,
    HttpNotSent,
    HttpTooLarge,
    Response,
)

URL = "https://api.example.jp/x"
SHORT = HttpLimits(connect_seconds=5, read_seconds=0.1, total_seconds=5, body_bytes=1000)


def client(answer: Callable[[httpx.Request], httpx.Response], **more) -> GuardedClient:
    return GuardedClient(transport=httpx.MockTransport(answer), **more)


def failing(error: Exception) -> GuardedClient:
    def answer(request: httpx.Request) -> httpx.Response:
        raise error

    return client(answer)


class Stream(httpx.SyncByteStream):
    """Chunks, or errors instead of one; remembers how far it was read and whether it was closed."""

    def __init__(self, *chunks: bytes | Exception, before: Callable[[], None] = lambda: None) -> None:
        self.chunks = chunks
        self.before = before
        self.taken = 0
        self.closed = False

    def __iter__(self) -> Iterator[bytes]:
        for chunk in self.chunks:
            self.before()
            self.taken += 1
            if isinstance(chunk, Exception):
                raise chunk
            yield chunk

    def close(self) -> None:
        self.closed = True


def streaming(stream: Stream, **more) -> GuardedClient:
    return client(lambda _: httpx.Response(200, stream=stream), **more)


# What is sent and what comes back


def test_an_answer_is_a_plain_record() -> None:
    got = client(lambda _: httpx.Response(404, headers={"X-Some": "1"}, content=b"none")).request("GET", URL)
    assert got == Response(404, {"x-some": "1", "content-length": "4"}, b"none")


def test_it_says_who_it_is_and_asks_for_plain_bytes() -> None:
    seen = []
    with client(lambda request: seen.append(request) or httpx.Response(200)) as http:
        http.request("POST", URL, params={"a": "b c"}, form={"ips": "1,2"}, headers={"x-api-id": "7"})
        http.request("POST", URL, json={"名": [1]})
        http.request("GET", URL, auth=BasicAuth("user", "pass"))
    form, as_json, basic = seen
    assert str(form.url) == URL + "?a=b+c"
    assert (form.content, form.headers["x-api-id"]) == (b"ips=1%2C2", "7")
    assert form.headers["content-type"] == "application/x-www-form-urlencoded"
    assert as_json.content == '{"名":[1]}'.encode()
    assert basic.headers["authorization"] == "Basic dXNlcjpwYXNz"
    assert {request.headers["user-agent"] for request in seen} == {USER_AGENT}
    assert {request.headers["accept-encoding"] for request in seen} == {"identity"}


def test_credentials_do_not_show() -> None:
    assert "pass" not in repr(BasicAuth("user", "pass"))


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_no_redirect_is_followed(status: int) -> None:
    seen = []
    answer = httpx.Response(status, headers={"location": "http://127.0.0.1/inside"})
    got = client(lambda request: seen.append(request) or answer).request("GET", URL)
    assert (got.status, len(seen)) == (status, 1)


def test_cookies_are_not_kept() -> None:
    seen = []
    with client(lambda request: seen.append(request) or httpx.Response(200, headers={"set-cookie": "a=b"})) as http:
        http.request("GET", URL)
        http.request("GET", URL)
    assert "cookie" not in seen[1].headers


# Errors


@pytest.mark.parametrize(
    "error",
    [
        httpx.ConnectError,
        httpx.ConnectTimeout,
        httpx.PoolTimeout,
        httpx.ProxyError,
        httpx.UnsupportedProtocol,
        httpx.LocalProtocolError,
    ],
)
def test_what_was_not_sent_may_be_repeated(error: type[httpx.HTTPError]) -> None:
    with pytest.raises(HttpNotSent, match=error.__name__):
        failing(error("text with a secret")).request("POST", URL)


@pytest.mark.parametrize(
    "error",
    [
        httpx.ReadTimeout,
        httpx.WriteTimeout,
        httpx.ReadError,
        httpx.WriteError,
        httpx.CloseError,
        httpx.RemoteProtocolError,
        httpx.DecodingError,
    ],
)
def test_what_was_on_its_way_is_doubtful(error: type[httpx.HTTPError]) -> None:
    with pytest.raises(HttpDoubtful) as caught:
        failing(error("text with a secret")).request("POST", URL)
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("url", ["ftp://api.example.jp", "//api.example.jp", "https://", "https://\x00", "http://[::1"])
def test_an_address_that_is_none_is_not_sent(url: str) -> None:
    with GuardedClient() as http, pytest.raises(HttpNotSent):
        http.request("GET", url)


def test_a_header_that_is_none_is_not_sent() -> None:
    with client(lambda _: httpx.Response(200)) as http, pytest.raises(HttpNotSent):
        http.request("GET", URL, headers={"x-api-key": "鍵"})


def test_a_body_that_breaks_off_is_doubtful_and_closed() -> None:
    stream = Stream(b"first", httpx.ReadError("x"))
    with pytest.raises(HttpDoubtful):
        streaming(stream).request("GET", URL)
    assert stream.closed


def test_an_encoded_body_is_not_inflated() -> None:
    stream = Stream(b"\x1f\x8b")
    answer = httpx.Response(200, headers={"content-encoding": "gzip"}, stream=stream)
    with pytest.raises(HttpDoubtful):
        client(lambda _: answer).request("GET", URL)
    assert (stream.taken, stream.closed) == (0, True)


# Limits


def test_reading_stops_as_soon_as_the_answer_is_too_long() -> None:
    stream = Stream(*[b"x" * 400] * 100)
    with pytest.raises(HttpTooLarge):
        streaming(stream).request("GET", URL, limits=SHORT)
    assert (stream.taken, stream.closed) == (3, True)


def test_an_answer_of_just_the_limit_is_fine() -> None:
    assert len(streaming(Stream(b"x" * 600, b"x" * 400), limits=SHORT).request("GET", URL).body) == 1000


@pytest.mark.parametrize("length", ["1001", "9" * 5000])
def test_an_answer_announced_as_too_long_is_not_read_at_all(length: str) -> None:
    stream = Stream(b"x")
    answer = httpx.Response(200, headers={"content-length": length}, stream=stream)
    with pytest.raises(HttpTooLarge):
        client(lambda _: answer).request("GET", URL, limits=SHORT)
    assert (stream.taken, stream.closed) == (0, True)


def test_a_body_that_never_ends_is_cut_at_the_total_time() -> None:
    now = [0.0]

    def pass_a_second() -> None:
        now[0] += 1

    stream = Stream(*[b"x"] * 100, before=pass_a_second)
    with pytest.raises(HttpDoubtful):
        streaming(stream, clock=lambda: now[0]).request("GET", URL, limits=SHORT)
    assert (stream.taken, stream.closed) == (5, True)


def test_a_stream_hands_over_pieces_and_is_closed_when_the_reader_leaves() -> None:
    stream = Stream(b"first", b"second")
    with streaming(stream).stream("GET", URL) as answer:
        assert (answer.status, next(answer.chunks), stream.taken) == (200, b"first", 1)
    assert stream.closed


def test_an_error_of_the_reader_is_not_changed_and_closes_the_stream() -> None:
    stream = Stream(b"first")
    with pytest.raises(ZeroDivisionError), streaming(stream).stream("GET", URL):
        raise ZeroDivisionError
    assert stream.closed


# What only a real socket shows


@contextmanager
def serving(
    handle: Callable[[socket.socket, threading.Event], None], tls: ssl.SSLContext | None = None
) -> Iterator[str]:
    """A server on loopback that hands each connection to `handle`; the event is set when the test is over."""
    over = threading.Event()
    listener = socket.create_server(("127.0.0.1", 0))

    def accept() -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            with connection:
                try:
                    connection = tls.wrap_socket(connection, server_side=True) if tls else connection
                    handle(connection, over)
                except OSError:
                    continue
                finally:
                    connection.close()

    thread = threading.Thread(target=accept)
    thread.start()
    try:
        yield f"{'https' if tls else 'http'}://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        over.set()
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join(60)
        assert not thread.is_alive()


def timed(limits: HttpLimits, url: str) -> tuple[HttpError, float]:
    began = time.monotonic()
    with GuardedClient(limits=limits) as http, pytest.raises(HttpError) as caught:
        http.request("POST", url, form={"a": "b"})
    return caught.value, time.monotonic() - began


def drip(text: bytes) -> Callable[[socket.socket, threading.Event], None]:
    """Send one byte after another for ever, each well within the read limit."""

    def handle(connection: socket.socket, over: threading.Event) -> None:
        connection.recv(65536)
        connection.sendall(text)
        while not over.wait(0.02):
            connection.sendall(b"x")

    return handle


@pytest.mark.parametrize("head", [b"HTTP/1.1 200 OK\r\nX-Slow: ", b"HTTP/1.1 200 OK\r\n\r\n"])
def test_headers_or_bodies_byte_by_byte_do_not_hold_us(head: bytes) -> None:
    limits = HttpLimits(read_seconds=5, total_seconds=0.3)
    with serving(drip(head)) as url:
        error, seconds = timed(limits, url)
    assert isinstance(error, HttpDoubtful)
    assert seconds < 60


def test_a_silent_server_is_doubtful_after_the_read_limit() -> None:
    with serving(lambda _, over: over.wait(120)) as url:
        error, seconds = timed(HttpLimits(read_seconds=0.1), url)
    assert isinstance(error, HttpDoubtful)
    assert seconds < 60


def test_a_silent_server_is_doubtful_after_the_total_limit() -> None:
    with serving(lambda _, over: over.wait(120)) as url:
        error, seconds = timed(HttpLimits(read_seconds=30, total_seconds=0.1), url)
    assert isinstance(error, HttpDoubtful)
    assert seconds < 60


def test_a_connection_lost_after_sending_is_doubtful() -> None:
    with serving(lambda connection, _: connection.recv(65536)) as url:
        error, _ = timed(HttpLimits(), url)
    assert isinstance(error, HttpDoubtful)


def test_a_body_shorter_than_announced_is_doubtful() -> None:
    def handle(connection: socket.socket, _: threading.Event) -> None:
        connection.recv(65536)
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf")

    with serving(handle) as url:
        error, _ = timed(HttpLimits(), url)
    assert isinstance(error, HttpDoubtful)


def test_nobody_there_is_not_sent() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    error, _ = timed(HttpLimits(), f"http://127.0.0.1:{port}")
    assert isinstance(error, HttpNotSent)


def test_no_time_left_to_connect_is_not_sent() -> None:
    with serving(lambda _, over: over.wait(120)) as url:
        error, _ = timed(HttpLimits(total_seconds=0), url)
    assert isinstance(error, HttpNotSent)


def test_a_certificate_that_nobody_vouches_for_ends_it_before_anything_is_sent(tmp_path: Path) -> None:
    received = []
    with serving(lambda connection, _: received.append(connection.recv(65536)), tls=own_certificate(tmp_path)) as url:
        error, _ = timed(HttpLimits(), url)
    assert isinstance(error, HttpNotSent)
    assert received == []


def own_certificate(folder: Path) -> ssl.SSLContext:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), 1, now - timedelta(days=1), now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .sign(key, hashes.SHA256())
    )
    pem = folder / "own.pem"
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    pem.write_bytes(private + certificate.public_bytes(serialization.Encoding.PEM))
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(pem)
    return context


def test_proxies_of_the_environment_are_ignored(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")

    def handle(connection: socket.socket, _: threading.Event) -> None:
        connection.recv(65536)
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")

    with serving(handle) as url, GuardedClient() as http:
        assert http.request("GET", url).body == b"ok"


def test_many_threads_share_one_client_without_mixing_their_answers() -> None:
    http = client(lambda request: httpx.Response(200, content=request.url.path.encode()))
    with http, ThreadPoolExecutor(16) as pool:
        bodies = list(pool.map(lambda n: http.request("GET", f"https://api.example.jp/{n}").body, range(200)))
    assert bodies == [f"/{n}".encode() for n in range(200)]
