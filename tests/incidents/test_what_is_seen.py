"""What a visit brings home beside its phases: address, headers, the first bytes, the way and whose page it was."""

import gzip
import socket
from dataclasses import replace
from ipaddress import ip_network

import pytest

from sakimori.incidents.models import PageKind, ProbePath, Via
from sakimori.incidents.probing import visit
from sakimori.incidents.verdict import Verdict, verdict_of
from sakimori.incidents.visit import HEAD_BYTES, START_BYTES, Limits, Target, Trouble, Visit
from sakimori.incidents.ways import ways_of
from tests.incidents.stage import answer, serving
from tests.moments import START

LIMITS = Limits(probe_seconds=60, slow_seconds=30, training=True)
PAGE = "<html><body>さきもり商店</body></html>".encode()
CHALLENGE = b'<html><head><script src="/_Incapsula_Resource?SWJIYLWA=719d"></script></head><body></body></html>'
TEXT = "さきもり商店"


def look(target: Target) -> Visit:
    return visit(target, limits=LIMITS, at=START)


def test_address_headers_and_first_bytes_come_home() -> None:
    long = b"<p>" + b"x" * 9000
    with serving(answer(long, headers="X-CDN: Imperva\r\nX-Long: " + "y" * 900 + "\r\n")) as site:
        seen = look(Target(site.url()))
    assert (seen.address, seen.via, seen.page, seen.path) == ("127.0.0.1", Via.WAF, PageKind.SITE, ProbePath.VISITOR)
    assert ("X-CDN", "Imperva") in seen.headers
    assert max(len(value) for _, value in seen.headers) == 500
    assert seen.head == long[:HEAD_BYTES]


def test_the_first_bytes_are_kept_as_they_read_not_as_they_were_packed() -> None:
    with serving(answer(gzip.compress(PAGE), headers="Content-Encoding: gzip\r\n")) as site:
        assert look(Target(site.url())).head == PAGE


def test_a_visit_at_quiet_times_reads_the_beginning_only() -> None:
    body = b"x" * (START_BYTES + 10) + PAGE
    with serving(answer(body)) as site:
        start, whole = (look(Target(site.url(), TEXT, whole=each)) for each in (False, True))
        other = look(Target(site.url(), "not there", whole=False))
    assert (start.size_bytes, start.text_found, start.trouble) == (START_BYTES, None, Trouble.NONE)
    assert (whole.size_bytes, whole.text_found) == (len(body), True)
    assert other.text_found is None
    with serving(answer(PAGE)) as site:
        assert look(Target(site.url(), TEXT, whole=False)).text_found is True
        assert look(Target(site.url(), "not there", whole=False)).text_found is False


def test_a_page_of_the_waf_is_told_before_the_text_is_looked_for() -> None:
    with serving(answer(CHALLENGE)) as site:
        seen = look(Target(site.url(), TEXT))
    assert (seen.page, seen.text_found) == (PageKind.CHALLENGE, None)
    assert verdict_of(seen, LIMITS) == Verdict.INCONCLUSIVE


def test_an_answer_past_the_waf_is_told_by_its_address() -> None:
    with serving(answer(PAGE)) as site:
        assert look(Target(site.url())).via == Via.BYPASSED
        own = [ip_network("127.0.0.0/8")]
        assert visit(Target(site.url()), limits=LIMITS, at=START, vendor=own).via == Via.WAF
    assert look(Target(site.url())).via == Via.UNKNOWN


def nowhere(host: str, port: int) -> list[str]:
    raise socket.gaierror(host)


def test_the_origin_is_asked_under_the_sites_own_name() -> None:
    with serving(answer(PAGE)) as site:
        target = Target(site.url(host="shop.example.jp"), TEXT, connect_to="127.0.0.1")
        seen = visit(target, limits=LIMITS, at=START)
        assert (seen.text_found, seen.path, seen.address) == (True, ProbePath.ORIGIN, "127.0.0.1")
        assert f"Host: shop.example.jp:{site.port}" in site.asked[0]
        assert visit(target, limits=LIMITS, at=START, resolver=nowhere).trouble is Trouble.DNS


def test_a_redirect_of_the_origin_to_another_host_is_followed_as_a_visitor_would() -> None:
    with serving(answer(b"", status="302 Found", headers="Location: http://other.example.jp/\r\n")) as site:
        asked: list[str] = []

        def resolver(host: str, port: int) -> list[str]:
            asked.append(host)
            return ["127.0.0.1"] if host == "origin.example.jp" else []

        target = Target(site.url(host="shop.example.jp"), connect_to="origin.example.jp")
        assert visit(target, limits=LIMITS, at=START, resolver=resolver).trouble is Trouble.DNS
    assert asked == ["origin.example.jp", "other.example.jp"]


@pytest.mark.parametrize("address", ["10.0.0.1", "169.254.169.254", "::ffff:10.0.0.1", "0x0a000001", "2852039166"])
def test_an_origin_inside_is_never_connected_to(address: str) -> None:
    target = Target("https://shop.example.jp/", connect_to=address)
    assert visit(target, limits=LIMITS, at=START).trouble is Trouble.FORBIDDEN


def test_the_columns_of_a_probe_hold_what_was_seen() -> None:
    seen = Visit(at=START, url="", address="2606:4700::1111", via="waf", page="captcha", path="browser", vantage="大阪")
    assert ways_of(seen) == {
        "path": "browser",
        "vantage": "大阪",
        "via": "waf",
        "page": "captcha",
        "address": "2606:4700::1111",
    }
    assert ways_of(replace(seen, address=""))["address"] is None
