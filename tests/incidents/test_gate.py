"""The browser's only way out: what it passes on, and that it goes nowhere else."""

import socket
from collections.abc import Iterator

import pytest

from sakimori.incidents import gate as gates
from sakimori.incidents.gate import Gate
from sakimori.incidents.visit import Limits
from tests.incidents.stage import answer, serving

TRAINING = Limits(probe_seconds=60, slow_seconds=30, training=True)
REAL = Limits(probe_seconds=60, slow_seconds=30, training=False)


def ask(gate: Gate, data: bytes) -> bytes:
    """What the gate answers, until it closes."""
    with socket.create_connection(("127.0.0.1", gate.port), 5) as peer:
        peer.sendall(data)
        answered = b""
        try:
            while piece := peer.recv(65536):
                answered += piece
        except ConnectionResetError:
            pass
        return answered


@pytest.fixture
def gate() -> Iterator[Gate]:
    with Gate(TRAINING) as made:
        yield made


def test_a_plain_request_reaches_the_site_without_what_was_meant_for_a_proxy(gate: Gate) -> None:
    with serving(answer(b"shop")) as site:
        head = (
            f"GET {site.url('/a?b=c')} HTTP/1.1\r\nHost: x\r\nProxy-Authorization: y\r\nConnection: keep-alive\r\n\r\n"
        )
        assert ask(gate, head.encode()).endswith(b"shop")
        assert site.asked == ["GET /a?b=c HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"]
    assert gate.addresses == {"127.0.0.1": "127.0.0.1"}


def test_a_tunnel_reaches_the_site(gate: Gate) -> None:
    with serving(answer(b"shop")) as site:
        tunnel = f"CONNECT 127.0.0.1:{site.port} HTTP/1.1\r\n\r\nGET / HTTP/1.1\r\nHost: x\r\n\r\n".encode()
        assert ask(gate, tunnel).startswith(b"HTTP/1.1 200 Connection established\r\n\r\n")


@pytest.mark.parametrize(
    "line",
    [
        "CONNECT 10.0.0.1:443 HTTP/1.1",
        "CONNECT [::ffff:10.0.0.1]:443 HTTP/1.1",
        "CONNECT 127.0.0.1:443 HTTP/1.1",
        "CONNECT shop.example.jp:22 HTTP/1.1",
        "CONNECT :443 HTTP/1.1",
        "CONNECT [broken:443 HTTP/1.1",
        "CONNECT shop.example.jp:99999 HTTP/1.1",
        "GET http://169.254.169.254/latest/meta-data/ HTTP/1.1",
        "GET http://0x7f.1/ HTTP/1.1",
        "GET ftp://shop.example.jp/ HTTP/1.1",
        "GET / HTTP/1.1",
        "nonsense",
        "GET http://shop.example.jp/ HTTP/1.1 more",
    ],
)
def test_anything_else_goes_nowhere(line: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with Gate(REAL, resolver=None) as gate:
        opened: list[object] = []
        real = socket.create_connection

        def watched(address: tuple[str, int], timeout: float | None = None) -> socket.socket:
            if address[1] != gate.port:
                opened.append(address)
                raise OSError
            return real(address, timeout)

        monkeypatch.setattr(socket, "create_connection", watched)
        assert ask(gate, f"{line}\r\n\r\n".encode()) == b""
        assert opened == []


def test_a_head_without_end_is_cut(gate: Gate) -> None:
    assert ask(gate, b"GET " + b"a" * 70_000) == b""


def test_a_page_without_end_is_cut() -> None:
    def endless(peer: socket.socket, _head: str) -> None:
        while True:
            peer.sendall(b"x" * 65536)

    with Gate(TRAINING, most_bytes=1 << 20) as gate, serving(endless) as site:
        got = ask(gate, f"GET {site.url()} HTTP/1.1\r\n\r\n".encode())
        assert 0 < len(got) <= 1 << 20
        assert ask(gate, f"GET {site.url()} HTTP/1.1\r\n\r\n".encode()) == b""
    assert gate.refused == ["127.0.0.1"]


def test_too_many_connections_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gates, "MOST_CONNECTIONS", 2)
    with Gate(TRAINING) as gate, serving(answer(b"shop")) as site:
        got = [ask(gate, f"GET {site.url()} HTTP/1.1\r\n\r\n".encode()) for _ in range(3)]
    assert [bool(each) for each in got] == [True, True, False]


def test_a_name_that_leads_nowhere_and_a_site_that_is_gone_are_closed(gate: Gate) -> None:
    with serving(b"") as site:
        port = site.port
    assert ask(gate, f"GET http://127.0.0.1:{port}/ HTTP/1.1\r\n\r\n".encode()) == b""
    with Gate(REAL, resolver=lambda *_: []) as other:
        assert ask(other, b"GET http://shop.example.jp/ HTTP/1.1\r\n\r\n") == b""
        assert other.refused == ["shop.example.jp"]
