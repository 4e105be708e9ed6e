"""Whose page an answer shows: the site's, or one with which the WAF itself answers. And which way it came."""

import time
from ipaddress import ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sakimori.incidents.models import PageKind, Via
from sakimori.incidents.vendor_pages import page_kind, words_of
from sakimori.incidents.via import is_marked, via_of

MARKS = [("X-CDN", "Imperva"), ("X-Iinfo", "9-1-1 NNNN RT(1700000000000 0) q(0 -1 -1 0)")]
SCRIPT = '<script type="text/javascript" src="/_Incapsula_Resource?SWJIYLWA=719d34d31c8e3a6e"></script>'
ADDED = SCRIPT.replace("719d34d31c8e3a6e", "719d34d31c8e3a6e&ns=6&cb=897183724")
ADDED_BY_CODE = "<script>s.src = '/_Incapsula_Resource?SWJIYLWA=719d34d3&ns=1&cb=1';</script>"


def frame(code: int | None, ampersand: str = "&") -> str:
    detail = f"{ampersand}edet={code}" if code is not None else ""
    return (
        f'<iframe id="main-iframe" src="/_Incapsula_Resource?SWUDNSAI=31{ampersand}incident_id=127-45{detail}">'
        "Request unsuccessful. Incapsula incident ID: 127-45</iframe>"
    )


def error(code: int) -> str:
    return (
        f"<title>Error</title><h1>Error code {code}</h1><p>The proxy failed to connect to the web server.</p>"
        "<p>Incapsula incident ID: 127-45</p><p>Powered by Incapsula</p>"
    )


HEAD = '<html style="height:100%"><head><META NAME="ROBOTS" CONTENT="NOINDEX, NOFOLLOW">'
SHOP = "<h1>さきもり商店</h1><p>全国の名産品をお届けします。おせち料理のご予約を承っております。</p>"
ARTICLE = f"<h1>Incapsula のエラー画面</h1>{'<p>Error code 20 と Request unsuccessful の意味を説明します。</p>' * 60}"
KINDS: list[tuple[str, PageKind]] = [
    ("", PageKind.SITE),
    (SHOP, PageKind.SITE),
    (SHOP + ADDED, PageKind.SITE),
    (SHOP + SCRIPT, PageKind.SITE),
    (SHOP + ADDED_BY_CODE, PageKind.SITE),
    (f'<div id="root"></div><script src="/static/app.js"></script>{ADDED}', PageKind.SITE),
    (f'<div id="root"></div><script src="/static/app.js"></script>{SCRIPT}', PageKind.SITE),
    (f'<div id="root"></div>{ADDED}', PageKind.SITE),
    (f"{ARTICLE}Incapsula incident ID: 1", PageKind.SITE),
    (f"{SHOP}<footer>Powered by Imperva</footer>", PageKind.SITE),
    (f'{SHOP}<div class="h-captcha"></div>', PageKind.SITE),
    (f"{SHOP}<p>A security incident was reported.</p>", PageKind.SITE),
    ("<h1>Error code 20</h1>", PageKind.SITE),
    (f"{HEAD}{SCRIPT}</head><body></body></html>", PageKind.CHALLENGE),
    (f"{HEAD}{SCRIPT}<body><!-- <p>a comment is not read</p> -->", PageKind.CHALLENGE),
    (f"{HEAD}{SCRIPT}</head><body>{frame(None)}</body></html>", PageKind.CHALLENGE),
    (f"{HEAD}{SCRIPT}</head><body>Request unsuccessful. Incapsula incident ID: 1</body>", PageKind.CHALLENGE),
    (f"{HEAD}{SCRIPT}</head><body>{frame(15)}</body></html>", PageKind.CHALLENGE),
    (error(16), PageKind.CHALLENGE),
    (f"{HEAD}{SCRIPT}</head><body>{frame(12)}</body></html>", PageKind.CAPTCHA),
    (f"{HEAD}{SCRIPT}</head><body>{frame(12, '&amp;')}</body></html>", PageKind.CAPTCHA),
    (f'{SCRIPT}<iframe src="https://newassets.hcaptcha.com/captcha/v1/x"></iframe>', PageKind.CAPTCHA),
    (f'{SCRIPT}<div class="g-recaptcha"></div><p>Incapsula incident ID: 1</p>', PageKind.CAPTCHA),
    ('<form action="/_Incapsula_Resource?SWCGHOEL=v2"></form>', PageKind.CAPTCHA),
    ("<title>Pardon Our Interruption</title><p>something about your browser</p>", PageKind.CAPTCHA),
    (f"{HEAD}</head><body>{frame(20)}</body></html>", PageKind.WAF_ERROR),
    (error(8), PageKind.WAF_ERROR),
    (error(20), PageKind.WAF_ERROR),
    (error(22), PageKind.WAF_ERROR),
    ("<p>Error 23. Imperva incident ID 5</p>", PageKind.WAF_ERROR),
    ("<p>Request unsuccessful. Incapsula incident ID: 127-45</p>", PageKind.WAF_ERROR),
]


@pytest.mark.parametrize(("body", "kind"), KINDS)
def test_each_page_is_told_for_what_it_is(body: str, kind: PageKind) -> None:
    assert page_kind(MARKS, body.encode()) == kind
    assert page_kind(MARKS, body.upper().encode()) == kind


def test_a_page_with_the_title_of_a_challenge_is_the_sites_own_where_nothing_else_speaks_of_the_vendor() -> None:
    assert page_kind([], b"<title>Pardon Our Interruption</title>") == PageKind.SITE


@given(st.binary(max_size=400))
def test_no_page_is_too_odd(body: bytes) -> None:
    assert page_kind(MARKS, body + SCRIPT.encode()) in set(PageKind)


@pytest.mark.parametrize(
    "piece", ["<title", "<script ", "<!--", "<", "powered by ", "</script ", "edet=", "&ns=", "error "]
)
def test_a_hostile_page_costs_little_time(piece: str) -> None:
    body = ("_Incapsula_Resource incapsula incident id " + piece * 40_000).encode()
    began = time.process_time()
    page_kind(MARKS, body)
    assert time.process_time() - began < 30  # Milliseconds, or for ever.


def test_titles_scripts_and_comments_are_no_words() -> None:
    assert words_of("<title>題</title><script>x</script><p>店 &amp;\n 品</p><!-- 注 --><style>y") == "店 & 品"


VENDOR = [ip_network("45.60.0.0/16"), ip_network("2a02:e980::/29")]
OTHER = [("Server", "nginx"), ("Set-Cookie", "session=visid_incap_no")]
WAYS: list[tuple[list[tuple[str, str]], str, Via]] = [
    ([("x-cdn", "Incapsula")], "203.0.113.5", Via.WAF),
    ([("X-CDN", "Imperva")], "203.0.113.5", Via.WAF),
    ([("x-IINFO", "1-2-3")], "203.0.113.5", Via.WAF),
    ([("set-cookie", "visid_incap_99=abc; path=/")], "203.0.113.5", Via.WAF),
    ([("Set-Cookie", "incap_ses_1_99=abc; path=/")], "203.0.113.5", Via.WAF),
    ([("SET-COOKIE", "nlbi_99=abc")], "203.0.113.5", Via.WAF),
    (OTHER, "45.60.1.2", Via.WAF),
    (OTHER, "2a02:e980::1", Via.WAF),
    ([], "45.60.1.2", Via.WAF),
    (OTHER, "203.0.113.5", Via.BYPASSED),
    ([("X-CDN", "Another")], "203.0.113.5", Via.BYPASSED),
    ([("X-Iinfo", " ")], "203.0.113.5", Via.BYPASSED),
    ([], "203.0.113.5", Via.UNKNOWN),
    ([], "", Via.UNKNOWN),
    (OTHER, "", Via.UNKNOWN),
    (OTHER, "no address", Via.BYPASSED),
]


@pytest.mark.parametrize(("headers", "address", "way"), WAYS)
def test_an_answer_shows_which_way_it_came(headers: list[tuple[str, str]], address: str, way: Via) -> None:
    assert via_of(headers, address, VENDOR) == way


def test_a_sites_own_cookie_is_no_mark() -> None:
    assert not is_marked(OTHER)
