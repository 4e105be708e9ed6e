"""A visit against a real site on loopback: phases, troubles, limits; and what it refuses to connect to."""

import gzip
import socket
import ssl
import time
from itertools import chain, repeat
from pathlib import Path

import pytest

from sakimori.incidents import probing
from sakimori.incidents.probing import tls_context, visit
from sakimori.incidents.visit import BODY_BYTES, Limits, Target, Trouble, Visit
from tests.incidents.certificate import make_certificate
from tests.incidents.stage import Talk, answer, serving
from tests.moments import START

LIMITS = Limits(probe_seconds=60, slow_seconds=30, training=True)
HURRIED = Limits(probe_seconds=0.3, slow_seconds=0.1, training=True)
PAGE = "<html><title>さきもり商店</title></html>"


def look(url: str, *, text: str = "", limits: Limits = LIMITS) -> Visit:
    return visit(Target(url, text), limits=limits, at=START)


def test_a_good_page_has_all_its_phases() -> None:
    with serving(answer(PAGE.encode())) as site:
        seen = look(site.url("/店?q=a b"), text="さきもり商店")
    assert (seen.trouble, seen.status, seen.text_found) == (Trouble.NONE, 200, True)
    assert seen.size_bytes == len(PAGE.encode())
    assert None not in (seen.dns_ms, seen.connect_ms, seen.first_byte_ms)
    assert seen.tls_ms is None
    assert (seen.first_byte_ms or 0) <= seen.total_ms < 1000 * LIMITS.probe_seconds
    assert site.asked[0].startswith("GET /%E5%BA%97?q=a%20b HTTP/1.1\r\n")
    assert f"Host: 127.0.0.1:{site.port}" in site.asked[0]


@pytest.mark.parametrize("encoding", ["utf-8", "cp932", "euc_jp"])
def test_the_text_is_found_in_every_encoding_of_japanese_sites(encoding: str) -> None:
    with serving(answer(PAGE.encode(encoding))) as site:
        assert look(site.url(), text="さきもり商店").text_found is True
        assert look(site.url(), text="別の店").text_found is False


def test_a_packed_body_is_read_or_nothing_is_claimed() -> None:
    with serving(answer(gzip.compress(PAGE.encode()), headers="Content-Encoding: gzip\r\n")) as site:
        assert look(site.url(), text="さきもり商店").text_found is True
    for headers in ("Content-Encoding: br\r\n", "Content-Encoding: gzip\r\n"):
        with serving(answer(b"\x0b\x02\x80", headers=headers)) as site:
            assert look(site.url(), text="さきもり商店").text_found is None


def test_a_chunked_body_is_whole_only_with_its_end() -> None:
    head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    with serving(head + b"5\r\nhello\r\n0\r\n\r\n") as site:
        assert (look(site.url()).trouble, look(site.url()).size_bytes) == (Trouble.NONE, 5)
    with serving(head + b"5\r\nhello\r\n") as site:
        assert look(site.url()).trouble is Trouble.BROKEN


@pytest.mark.parametrize(
    ("sent", "trouble", "status"),
    [
        (b"", Trouble.BROKEN, None),
        (b"nonsense\r\n\r\n", Trouble.BROKEN, None),
        (answer(b"half", length=4000), Trouble.BROKEN, 200),
        (answer(b"", status="503 Service Unavailable"), Trouble.NONE, 503),
        (b"HTTP/1.1 200 OK\r\n\r\nuntil the end", Trouble.NONE, 200),
        (b"HTTP/1.1 200 OK\r\nX: " + b"a" * 70_000, Trouble.BROKEN, None),
    ],
)
def test_a_broken_answer_is_told_apart_from_a_bad_one(sent: bytes, trouble: Trouble, status: int | None) -> None:
    with serving(sent) as site:
        seen = look(site.url())
    assert (seen.trouble, seen.status) == (trouble, status)


def test_nobody_who_listens_is_a_connection_trouble() -> None:
    with serving(b"") as site:
        port = site.port
    assert look(f"http://127.0.0.1:{port}/").trouble is Trouble.CONNECT


def _silence(peer: socket.socket, _head: str) -> None:
    peer.settimeout(60)
    peer.recv(1)


def _drip(peer: socket.socket, _head: str) -> None:
    for sign in chain(b"HTTP/1.1 200 OK\r\nX-Slow: ", repeat(ord("a"))):
        peer.sendall(bytes([sign]))
        time.sleep(0.02)


def _endless(peer: socket.socket, _head: str) -> None:
    peer.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
    while True:
        peer.sendall(b"x" * 65536)


@pytest.mark.parametrize("talk", [_silence, _drip])
def test_the_whole_time_is_limited_whatever_the_other_side_does(talk: Talk) -> None:
    """Without a limit this would not end: the other side goes on until we leave."""
    with serving(talk) as site:
        assert look(site.url(), limits=HURRIED).trouble is Trouble.TIMEOUT


def test_of_an_endless_body_the_first_mebibyte_is_read() -> None:
    with serving(_endless) as site:
        seen = look(site.url(), text="さきもり商店")
    assert (seen.trouble, seen.size_bytes, seen.text_found) == (Trouble.NONE, BODY_BYTES, None)


def test_a_slow_name_server_is_a_time_out_and_a_failing_one_a_trouble_of_names() -> None:
    def slow(host: str, port: int) -> list[str]:
        time.sleep(1)
        return []

    def failing(host: str, port: int) -> list[str]:
        raise socket.gaierror

    def nothing(host: str, port: int) -> list[str]:
        return []

    told = [(slow, HURRIED, Trouble.TIMEOUT), (failing, LIMITS, Trouble.DNS), (nothing, LIMITS, Trouble.DNS)]
    for resolver, limits, trouble in told:
        seen = visit(Target("http://shop.example.jp/"), limits=limits, at=START, resolver=resolver)
        assert seen.trouble is trouble


def test_redirects_are_followed_three_times_and_not_more() -> None:
    def hop(peer: socket.socket, head: str) -> None:
        number = int(head.split()[1].strip("/") or 0)
        if number == 3:
            peer.sendall(answer(b"there"))
        peer.sendall(answer(b"", status="302 Found", headers=f"Location: /{number + 1}\r\n"))

    with serving(hop) as site:
        seen = look(site.url("/0"))
        assert (seen.trouble, seen.status, seen.url) == (Trouble.NONE, 200, site.url("/3"))
        assert look(site.url("/4")).trouble is Trouble.REDIRECTS


def test_a_redirect_without_a_place_is_the_answer() -> None:
    with serving(answer(b"moved", status="302 Found")) as site:
        assert (look(site.url()).trouble, look(site.url()).status) == (Trouble.NONE, 302)


@pytest.mark.parametrize(
    "place",
    [
        "http://169.254.169.254/latest/meta-data/",
        "http://10.0.0.1/",
        "http://[::ffff:10.0.0.1]/",
        "http://100.64.0.1/",
        "ftp://shop.example.jp/",
        "file:///etc/passwd",
    ],
)
def test_a_redirect_to_the_inside_is_not_followed(place: str) -> None:
    with serving(answer(b"", status="302 Found", headers=f"Location: {place}\r\n")) as site:
        assert look(site.url()).trouble is Trouble.FORBIDDEN


def test_a_name_is_resolved_once_and_the_connection_goes_to_the_tested_address() -> None:
    asked: list[str] = []

    def rebinding(host: str, port: int) -> list[str]:
        asked.append(host)
        return ["127.0.0.1"] if len(asked) == 1 else ["10.0.0.1"]

    with serving(answer(PAGE.encode())) as site:
        url = site.url(host="shop.example.jp")
        seen = visit(Target(url), limits=LIMITS, at=START, resolver=rebinding)
    assert (seen.trouble, asked) == (Trouble.NONE, ["shop.example.jp"])
    assert f"Host: shop.example.jp:{site.port}" in site.asked[0]


def test_a_redirect_that_cannot_be_read_is_a_broken_answer() -> None:
    with serving(answer(b"", status="302 Found", headers="Location: http://[broken/\r\n")) as site:
        assert look(site.url()).trouble is Trouble.BROKEN


def test_a_japanese_name_is_asked_for_as_the_network_knows_it() -> None:
    def known(host: str, port: int) -> list[str]:
        return ["127.0.0.1"] if host == "xn--wgv71a119e.example.jp" else []

    with serving(answer(PAGE.encode())) as site:
        url = site.url(host="日本語.example.jp")
        assert visit(Target(url), limits=LIMITS, at=START, resolver=known).trouble is Trouble.NONE


def test_tls_is_verified_under_the_sites_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    certificate, key = make_certificate(tmp_path, "shop.example.jp")
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(certificate, key)
    ours = ssl.create_default_context(cafile=str(certificate))
    with serving(answer(PAGE.encode()), tls=server) as site:
        url, other = (site.url(host=host, scheme="https") for host in ("shop.example.jp", "other.example.jp"))

        def here(host: str, port: int) -> list[str]:
            return ["127.0.0.1"]

        stranger = visit(Target(url), limits=LIMITS, at=START, resolver=here)
        monkeypatch.setattr(probing, "tls_context", lambda: ours)
        good = visit(Target(url), limits=LIMITS, at=START, resolver=here)
        wrong = visit(Target(other), limits=LIMITS, at=START, resolver=here)
    assert (stranger.trouble, good.trouble, wrong.trouble) == (Trouble.TLS, Trouble.NONE, Trouble.TLS)
    assert good.tls_ms is not None
    assert tls_context().verify_mode == ssl.CERT_REQUIRED
    assert tls_context().check_hostname


def test_silence_instead_of_tls_is_a_time_out() -> None:
    listener = socket.create_server(("127.0.0.1", 0))
    try:
        seen = look(f"https://127.0.0.1:{listener.getsockname()[1]}/", limits=HURRIED)
    finally:
        listener.close()
    assert seen.trouble is Trouble.TIMEOUT
