"""The pusher against a small TLS server with a certificate of its own."""

import asyncio
import gzip
import json
import ssl
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from sakimori.simulators.hec_pusher import HecPusher, hec_client, queue_lines
from sakimori.simulators.spec import PushTarget
from sakimori.simulators.state import State


@dataclass
class Certificate:
    pem: str
    file: Path


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "collector")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem = made.public_bytes(serialization.Encoding.PEM)
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    file = tmp_path_factory.mktemp("tls") / "collector.pem"
    file.write_bytes(private + pem)
    return Certificate(pem.decode(), file)


@dataclass
class Collector:
    """Answers as told, one answer per call; when told nothing more, with an acknowledgement."""

    answers: list[bytes] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)
    headers: list[str] = field(default_factory=list)
    second_call: asyncio.Event = field(default_factory=asyncio.Event)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        length = next(
            int(line.split(":")[1]) for line in head.splitlines() if line.lower().startswith("content-length")
        )
        self.bodies.append(await reader.readexactly(length))
        self.headers.append(head)
        if len(self.bodies) == 2:
            self.second_call.set()
        writer.write(self.answers.pop(0) if self.answers else http(200, '{"text":"Success","code":0}'))
        writer.close()


def http(status: int, body: str) -> bytes:
    return f"HTTP/1.1 {status} X\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n{body}".encode()


@pytest.fixture
def state(tmp_path: Path) -> Iterator[State]:
    made = State(tmp_path / "state.sqlite3")
    yield made
    made.close()


Play = Callable[[HecPusher], Awaitable[None]]


def play(
    state: State, certificate: Certificate, collector: Collector, act: Play, *, path: str = "event", gz: bool = True
) -> None:
    async def run() -> None:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(certificate.file)
        server = await asyncio.start_server(collector.serve, "127.0.0.1", 0, ssl=context)
        port = server.sockets[0].getsockname()[1]
        url = f"https://127.0.0.1:{port}/services/collector/{path}"
        target = PushTarget(url, "token-1", ca_pem=certificate.pem, is_gzipped=gz)
        async with server, hec_client(target) as client:
            await act(HecPusher(state, "4001", target, client))

    asyncio.run(run())


async def push_once(pusher: HecPusher) -> None:
    assert await pusher.push_next()
    assert pusher.waiting() == 0


def test_events_arrive_with_the_token_and_compressed(state: State, certificate: Certificate) -> None:
    queue_lines(state, "4001", [b"CEF:0|a=1", "名前=さきもり".encode()])
    collector = Collector()
    play(state, certificate, collector, push_once)
    assert "authorization: splunk token-1" in collector.headers[0].lower()
    text = gzip.decompress(collector.bodies[0]).decode()
    decoder = json.JSONDecoder()
    first, end = decoder.raw_decode(text)
    second, _ = decoder.raw_decode(text[end:])
    assert [first["event"], second["event"]] == ["CEF:0|a=1", "名前=さきもり"]


def test_raw_lines_arrive_as_they_are(state: State, certificate: Certificate) -> None:
    queue_lines(state, "4001", [b"one", b"two \xff"])
    collector = Collector()
    play(state, certificate, collector, push_once, path="raw", gz=False)
    assert collector.bodies == [b"one\ntwo \xff\n"]


@pytest.mark.parametrize(
    "answer", [http(503, ""), http(200, '{"text":"no","code":6}'), http(200, "<html>"), http(200, "[]"), b""]
)
def test_a_batch_is_sent_again_until_it_is_acknowledged(state: State, certificate: Certificate, answer: bytes) -> None:
    async def act(pusher: HecPusher) -> None:
        assert not await pusher.push_next()
        assert pusher.waiting() == 1
        assert await pusher.push_next()
        assert pusher.waiting() == 0
        assert await pusher.push_next()

    queue_lines(state, "4001", [b"line"])
    collector = Collector([answer])
    play(state, certificate, collector, act)
    assert len(collector.bodies) == 2
    assert gzip.decompress(collector.bodies[0]) == gzip.decompress(collector.bodies[1])


def test_a_restart_goes_on_with_what_waits(state: State, certificate: Certificate, tmp_path: Path) -> None:
    queue_lines(state, "4001", [b"%d" % n for n in range(2500)])
    queue_lines(state, "other", [b"not mine"])
    collector = Collector()
    play(state, certificate, collector, _one)
    again = State(tmp_path / "state.sqlite3")
    play(again, certificate, collector, _rest, path="raw", gz=False)
    again.close()
    assert collector.bodies[1].splitlines() == [b"%d" % n for n in range(1000, 2000)]
    assert collector.bodies[2].splitlines() == [b"%d" % n for n in range(2000, 2500)]


def test_it_runs_until_cancelled(state: State, certificate: Certificate) -> None:
    async def act(pusher: HecPusher) -> None:
        task = asyncio.create_task(pusher.run())
        await asyncio.wait_for(collector.second_call.wait(), 60)
        assert pusher.waiting() == 1  # The first batch had to be acknowledged before the second was sent.
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    queue_lines(state, "4001", [b"first"])
    queue_lines(state, "4001", [b"second"])
    collector = Collector()
    play(state, certificate, collector, act)


def test_an_unknown_certificate_is_not_trusted(state: State, certificate: Certificate) -> None:
    async def act(pusher: HecPusher) -> None:
        async with hec_client(PushTarget("https://127.0.0.1", "t")) as client:
            with pytest.raises(httpx.ConnectError):
                await client.post(pusher._target.url)

    collector = Collector()
    play(state, certificate, collector, act)
    assert collector.bodies == []


async def _one(pusher: HecPusher) -> None:
    assert await pusher.push_next()
    assert pusher.waiting() == 2


async def _rest(pusher: HecPusher) -> None:
    while pusher.waiting():
        assert await pusher.push_next()
