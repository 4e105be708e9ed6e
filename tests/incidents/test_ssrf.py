"""Threats case 21 whole: every name for an inner address, on every way of ours; nothing inside is reached."""

import secrets
import socket
from ipaddress import ip_address
from urllib.parse import urlsplit

import pytest

from sakimori.incidents.elsewhere import NONCE, PATH, SIGNATURE, TIME
from sakimori.incidents.gate import Gate
from sakimori.incidents.probing import visit
from sakimori.incidents.resolving import resolve
from sakimori.incidents.vantage import order_text, read_answer, signature
from sakimori.incidents.visit import Limits, Target, Trouble, Visit
from sakimori.run.probe_server import vantage_app
from tests.incidents.stage import Door, answer, serving
from tests.incidents.test_resolving import INSIDE, NOTATIONS
from tests.moments import START

REAL = Limits(probe_seconds=60, slow_seconds=30, training=False)
PUBLIC = "1.1.1.1"
NAME = "shop.example.jp"
KEY = "k" * 40
_LITERALS = [each for each in INSIDE if "%" not in each]


def _host(address: str) -> str:
    return f"[{address}]" if ":" in address else address


# (URL, what the name resolves to): literal, by name, and mixed with a public address before and after it.
TARGETS: list[tuple[str, tuple[str, ...]]] = [
    *((f"https://{_host(address)}/", ()) for address in _LITERALS),
    *((f"https://{NAME}/", (address,)) for address in INSIDE),
    *((f"http://{NAME}/", (PUBLIC, address)) for address in INSIDE),
    *((f"http://{NAME}/", (address, PUBLIC)) for address in INSIDE),
    *((url, ()) for url in NOTATIONS),
    *(
        (f"http://{host}/", ())
        for host in (
            "0", "0x0", "00", "0.0.0.0", "127.0.1", "127.1", "0177.1", "0x7f.0.0.1", "017700000001", "0xA9FEA9FE",
            "2852039166", "0251.0376.0251.0376", "0xa.0.0.1", "012.0.0.1", "167772161", "10.1", "192.168.257",
            "0xc0a80001", "3232235521", "[::127.0.0.1]", "[0:0:0:0:0:ffff:7f00:1]", "[::ffff:0:7f00:1]", "[::7f00:1]",
            "[64:ff9b::10.0.0.1]", "[64:ff9b:1::10.0.0.1]", "[2002:a00:1::]", "[2001:0:0:0:0:0:f5ff:fffe]", "[fe80::1]",
            "①②⑦.⓪.⓪.①", "127。0。0。1", "１２７.０.０.１", "127.0.0.1.", "user@127.0.0.1", "1.1.1.1@10.0.0.1",
            "shop.example.jp:80@10.0.0.1", "1.1.1.1%2f@10.0.0.1", "10.0.0.1#@1.1.1.1", "10.0.0.1\\@1.1.1.1",
            "10.0.0.1?@1.1.1.1", "[fe80::1%25eth0]", "[::1]:80", "localhost", "LOCALHOST",
        )
    ),
    *((f"http://{NAME}:{port}/", (PUBLIC,)) for port in (0, 1, 22, 25, 81, 3306, 6379, 8080, 8443, 65535, 65536, -1)),
    *(
        (url, (PUBLIC,))
        for url in (
            "ftp://shop.example.jp/", "file:///etc/passwd", "gopher://shop.example.jp:70/", "javascript:alert(1)", "",
            "//shop.example.jp/", "shop.example.jp", "http:///", "http://", "https://%00/", "http://shop%2eexample.jp/",
            "data:text/html,x", "http://[/", "http://]/", f"http://{'a' * 64}.example.jp/", "unix:///run/x.sock",
        )
    ),
]  # fmt: skip


class Outside:
    """The network: notes who is connected to, and connects nobody."""

    def __init__(self) -> None:
        self.connected: list[str] = []
        self.real = socket.create_connection

    def __call__(self, address: tuple[str, int], timeout: float | None = None) -> socket.socket:
        self.connected.append(address[0])
        raise ConnectionRefusedError

    @property
    def inside(self) -> list[str]:
        return [each for each in self.connected if each != PUBLIC]


@pytest.fixture
def outside(monkeypatch: pytest.MonkeyPatch) -> Outside:
    made = Outside()
    monkeypatch.setattr(socket, "create_connection", made)
    return made


def resolver_of(answers: tuple[str, ...]):  # type: ignore[no-untyped-def]
    """A name server for our name; numbers in whatever notation are the system's affair."""

    def look_up(host: str, port: int) -> list[str]:
        return list(answers) if host.rstrip(".").lower() == NAME else resolve(host, port)

    return look_up


def test_there_are_enough_targets() -> None:
    assert len(set(TARGETS)) >= 240


@pytest.mark.parametrize(("url", "answers"), TARGETS)
def test_a_visit_never_connects_inside(url: str, answers: tuple[str, ...], outside: Outside) -> None:
    seen = visit(Target(url), limits=REAL, at=START, resolver=resolver_of(answers))
    assert seen.trouble in (Trouble.FORBIDDEN, Trouble.DNS)
    assert outside.connected == []


@pytest.mark.parametrize(("url", "answers"), TARGETS)
def test_the_way_past_the_waf_never_leads_inside(url: str, answers: tuple[str, ...], outside: Outside) -> None:
    """The origin is whatever the target names; the page itself is harmless."""
    try:
        origin = urlsplit(url).hostname or "127.0.0.1"
    except ValueError:
        origin = url
    if (urlsplit(f"//{NAME}").hostname, answers) == (origin, (PUBLIC,)):
        origin = "10.0.0.1"
    target = Target("https://other.example.jp/", connect_to=origin)
    seen = visit(target, limits=REAL, at=START, resolver=resolver_of(answers))
    assert seen.trouble in (Trouble.FORBIDDEN, Trouble.DNS, Trouble.CONNECT)
    assert outside.inside == []


@pytest.mark.parametrize(("url", "answers"), TARGETS)
def test_the_browsers_gate_never_leads_inside(url: str, answers: tuple[str, ...], outside: Outside) -> None:
    authority = url.partition("://")[2].partition("/")[0] or url
    with Gate(REAL, resolver_of(answers)) as gate:
        for line in (f"GET {url} HTTP/1.1", f"CONNECT {authority} HTTP/1.1", f"CONNECT {authority}:443 HTTP/1.1"):
            with outside.real(("127.0.0.1", gate.port), 5) as peer:
                peer.sendall(f"{line}\r\n\r\n".encode())
                assert peer.recv(1000) == b""
    assert outside.inside == []


@pytest.fixture(scope="module")
def elsewhere() -> tuple[Door, dict[str, tuple[str, ...]]]:
    """A second vantage point whose name server answers what a test says."""
    names: dict[str, tuple[str, ...]] = {}

    def visiting(target: Target, *, limits: Limits, at):  # type: ignore[no-untyped-def]
        return visit(target, limits=limits, at=at, resolver=resolver_of(names.get(NAME, ())))

    return Door(vantage_app(KEY, visiting=visiting, limits=REAL, clock=lambda: START)), names


@pytest.mark.parametrize(("url", "answers"), TARGETS)
def test_the_second_vantage_point_never_connects_inside(
    url: str,
    answers: tuple[str, ...],
    outside: Outside,
    elsewhere: tuple[Door, dict[str, tuple[str, ...]]],
) -> None:
    client, names = elsewhere
    names[NAME] = answers
    order, time, nonce = order_text(Target(url), 3), str(int(START.timestamp())), secrets.token_hex(16)
    headers = {TIME: time, NONCE: nonce, SIGNATURE: signature(KEY, "order", time, nonce, order)}
    got = client("POST", PATH, data={"order": order}, headers=headers)
    seen: Visit = read_answer(got.text, at=START, vantage="osaka")
    assert seen.trouble in (Trouble.FORBIDDEN, Trouble.DNS)
    assert outside.connected == []


@pytest.mark.parametrize("address", _LITERALS)
def test_no_redirect_leads_inside(address: str) -> None:
    """The first page lies on loopback, which only training allows; the next one does not, unless it is another site."""
    training = Limits(probe_seconds=60, slow_seconds=30, training=True)
    place = f"http://{_host(address)}/"
    with serving(answer(b"", status="302 Found", headers=f"Location: {place}\r\n")) as site:
        real, connected = socket.create_connection, []
        with pytest.MonkeyPatch.context() as patch:

            def watched(where: tuple[str, int], timeout: float | None = None) -> socket.socket:
                connected.append(where[0])
                if where[1] != site.port:
                    raise ConnectionRefusedError
                return real(where, timeout)

            patch.setattr(socket, "create_connection", watched)
            seen = visit(Target(site.url()), limits=training, at=START)
    if seen.trouble is Trouble.CONNECT:  # Training counts loopback and documentation addresses as outside.
        found = ip_address(address)
        assert found.is_loopback or address.startswith(
            ("192.0.2.10", "198.51.", "203.0.113.", "2001:db8:", "::ffff:127")
        )
    else:
        assert (seen.trouble, connected) == (Trouble.FORBIDDEN, ["127.0.0.1"])


def test_a_name_that_changes_its_mind_between_test_and_connection_changes_nothing(outside: Outside) -> None:
    answers = [[PUBLIC], ["10.0.0.1"], ["127.0.0.1"]]
    seen = visit(Target(f"https://{NAME}/"), limits=REAL, at=START, resolver=lambda *_: answers.pop(0))
    assert (seen.trouble, outside.connected, len(answers)) == (Trouble.CONNECT, [PUBLIC], 2)
