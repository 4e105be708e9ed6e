"""A real browser where one is installed: it passes a challenge, takes a picture, and gets nowhere else than a probe."""

import os
import socket
import ssl
import stat
import threading
import time
from dataclasses import replace
from pathlib import Path

import pytest

from sakimori.incidents import browsing
from sakimori.incidents.beside import NotVisited
from sakimori.incidents.browsing import AUTO, OFF, Browser, browser_path
from sakimori.incidents.models import PageKind, ProbePath, Verdict, Via
from sakimori.incidents.probing import visit
from sakimori.incidents.seats import Seats
from sakimori.incidents.verdict import conclude, verdict_of
from sakimori.incidents.visit import Limits, Target, Trouble
from sakimori.incidents.visitors import World, examine
from tests.incidents.certificate import make_certificate
from tests.incidents.stage import Talk, answer, serving
from tests.moments import START

LIMITS = Limits(probe_seconds=60, slow_seconds=50, training=True)
TEXT = "さきもり商店"
SIGN = '<script src="/_Incapsula_Resource?SWJIYLWA=719d"></script>'
PASSES = "<script>document.cookie='seen=1'; setTimeout(() => location.reload(), 200)</script>"
PASSES_AT_ONCE = "<script>document.cookie='seen=1'; onload = () => location.reload()</script>"
PAGE = f'<meta charset="utf-8"><h1>{TEXT}</h1>'
KINDS = "Content-Type: text/html\r\nX-CDN: Imperva\r\n"

needs_browser = pytest.mark.skipif(browser_path(AUTO) is None, reason="no Chromium is installed")


def browser() -> Browser:
    return Browser(browser_path(AUTO) or "")


def questioning(script: str, page: str = PAGE):  # type: ignore[no-untyped-def]
    """A site behind a WAF that asks every new visitor."""

    def talk(peer: socket.socket, head: str) -> None:
        if "_Incapsula" in head or "favicon" in head:
            peer.sendall(answer(b"", headers="Content-Type: text/javascript\r\n"))
        elif "seen=1" in head:
            peer.sendall(answer(page.encode(), headers=KINDS))
        else:
            peer.sendall(answer(f"<html><head>{script}{SIGN}</head><body></body></html>".encode(), headers=KINDS))

    return talk


def world(with_browser: bool = True) -> World:
    return World(visit, LIMITS, (), lambda: START, lambda: None, browser=browser() if with_browser else None)


@needs_browser
def test_a_challenge_is_passed_by_browser_and_the_page_behind_it_is_judged() -> None:
    begun = time.monotonic()
    with serving(questioning(PASSES.replace("200", "3000"))) as site:
        done = examine(1, Target(site.url(), TEXT), world(), one_is_enough=True)
    (seen,) = done.visits
    assert (seen.page, seen.path, seen.text_found, seen.via) == (PageKind.SITE, ProbePath.BROWSER, True, Via.WAF)
    assert seen.address == "127.0.0.1"
    assert seen.first_byte_ms is not None
    assert seen.total_ms + 3000 <= 1000 * (time.monotonic() - begun), "the page alone, not the question before it"
    assert [each.page for each in done.beside] == [PageKind.CHALLENGE]
    assert conclude(done.visits, LIMITS).verdict == Verdict.NORMAL
    assert done.screenshot.startswith(b"\x89PNG")
    assert int.from_bytes(done.screenshot[16:20]) == 1280
    assert int.from_bytes(done.screenshot[20:24]) == 800


@needs_browser
def test_a_challenge_that_no_browser_passes_is_inconclusive() -> None:
    with serving(questioning("")) as site:
        hurried = replace(world(), limits=replace(LIMITS, probe_seconds=4))
        done = examine(1, Target(site.url(), TEXT), hurried, one_is_enough=True)
    assert [each.page for each in done.visits] == [PageKind.CHALLENGE]
    assert conclude(done.visits, LIMITS).verdict == Verdict.INCONCLUSIVE


def test_without_a_browser_a_challenge_is_inconclusive_at_once() -> None:
    with serving(questioning(PASSES)) as site:
        done = examine(1, Target(site.url(), TEXT), world(with_browser=False), one_is_enough=False)
    assert len(done.visits) == 1
    assert conclude(done.visits, LIMITS).sentence.startswith("WAF の確認画面が表示されたため")


@needs_browser
def test_what_a_page_loads_from_the_inside_is_not_loaded() -> None:
    inner = socket.create_server(("127.0.0.1", 0))
    inner.settimeout(0.2)
    port = inner.getsockname()[1]
    odd = "".join(f'<img src="http://{host}:{port}/x.png">' for host in ("10.0.0.1", "2130706433", "inner.example.jp"))
    frames = f'<iframe src="http://localhost:{port}/"></iframe><script>fetch("http://127.0.0.1:{port}/")</script>'
    with serving(answer(f"{PAGE}{odd}{frames}".encode(), headers=KINDS)) as site:
        real = Browser(
            browser_path(AUTO) or "",
            resolver=lambda host, _: ["127.0.0.1"] if host == "shop.example.jp" else ["10.9.9.9"],
        )
        seen = real(Target(site.url(host="shop.example.jp"), TEXT), limits=LIMITS, at=START).visit
        assert (seen.text_found, seen.trouble) == (True, Trouble.NONE)
        with pytest.raises(TimeoutError):
            inner.accept()
        direct = real(Target(f"http://127.0.0.1:{port}/"), limits=LIMITS, at=START).visit
        assert (direct.trouble, direct.status, direct.head) == (Trouble.FORBIDDEN, None, b"")
    with pytest.raises(TimeoutError):
        inner.accept()
    inner.close()


@needs_browser
def test_a_page_that_never_ends_is_cut_off() -> None:
    gate = threading.Event()
    with serving(lambda peer, _: bool(gate.wait(60))) as site:
        seen = browser()(Target(site.url()), limits=replace(LIMITS, probe_seconds=2), at=START).visit
        gate.set()
    assert (seen.trouble, seen.status) == (Trouble.TIMEOUT, None)


def program(folder: Path, text: str) -> str:
    path = folder / "browser"
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return str(path)


def test_a_browser_that_does_not_start_is_no_verdict(tmp_path: Path) -> None:
    with pytest.raises(NotVisited, match="利用できなかった"):
        Browser(program(tmp_path, "exit 3"))(Target("https://shop.example.jp/"), limits=LIMITS, at=START)


def test_a_browser_that_hangs_is_killed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(browsing, "_START_SECONDS", 0.5)
    with pytest.raises(NotVisited, match="時間内に"):
        Browser(program(tmp_path, "sleep 60"))(
            Target("https://shop.example.jp/"), limits=replace(LIMITS, probe_seconds=0.5), at=START
        )


def test_a_look_that_finds_no_seat_in_time_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(browsing, "_seats", Seats(0))
    with pytest.raises(NotVisited, match="使用中"):
        browser()(Target("https://shop.example.jp/"), limits=LIMITS, at=START, seconds=0.1)


def test_a_browser_that_hangs_is_killed_when_the_verdict_can_wait_no_longer(tmp_path: Path) -> None:
    with pytest.raises(NotVisited, match="時間内に"):  # Not later: the program itself would end in a minute, as broken.
        Browser(program(tmp_path, "sleep 60"))(Target("https://shop.example.jp/"), limits=LIMITS, at=START, seconds=8)


@needs_browser
def test_less_time_than_a_page_may_take_proves_nothing_where_it_was_not_enough() -> None:
    gate = threading.Event()
    with serving(lambda peer, _: bool(gate.wait(60))) as site:
        with pytest.raises(NotVisited, match="時間内に"):
            browser()(Target(site.url()), limits=LIMITS, at=START, seconds=8)
        gate.set()


def _silent_once_passed(gate: threading.Event, script: str = PASSES) -> Talk:
    """A site that asks its question, and says nothing to whoever passes until the gate is opened."""

    def talk(peer: socket.socket, head: str) -> None:
        if "seen=1" in head and "_Incapsula" not in head:
            gate.wait(60)
        else:
            questioning(script)(peer, head)

    return talk


@needs_browser
@pytest.mark.parametrize("script", [PASSES, PASSES_AT_ONCE], ids=["soon", "at once"])
def test_a_site_that_is_silent_behind_a_passed_challenge_is_not_displayed(script: str) -> None:
    gate = threading.Event()
    with serving(_silent_once_passed(gate, script)) as site:
        seen = browser()(Target(site.url(), TEXT), limits=replace(LIMITS, probe_seconds=30), at=START).visit
        gate.set()
    assert (seen.trouble, seen.status, seen.path) == (Trouble.TIMEOUT, None, ProbePath.BROWSER)
    assert verdict_of(seen, LIMITS) == Verdict.NOT_DISPLAYED


@needs_browser
def test_a_silence_that_was_too_short_behind_a_passed_challenge_proves_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    # Longer than the page has, so that a busy machine may take its time to pass the challenge.
    monkeypatch.setattr(browsing, "_SILENCE_SECONDS", 60.0)
    gate = threading.Event()
    with serving(_silent_once_passed(gate)) as site:
        with pytest.raises(NotVisited, match="時間内に"):
            browser()(Target(site.url(), TEXT), limits=replace(LIMITS, probe_seconds=20), at=START)
        gate.set()


def test_the_setting_says_which_browser(monkeypatch: pytest.MonkeyPatch) -> None:
    assert browser_path(OFF) is None
    assert browser_path("/opt/chromium") == "/opt/chromium"
    monkeypatch.setattr(browsing, "find_spec", lambda _: None)
    assert browser_path("/opt/chromium") is None


def test_the_browser_gets_no_setting_of_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SAKIMORI_VANTAGE_KEY", "secret")
    monkeypatch.setenv("DATABASE_URL", "postgresql://user:secret@db/name")
    given = browsing._environment("/folder")
    assert "secret" not in str(given)
    assert set(given) <= {"PATH", "LANG", "PLAYWRIGHT_BROWSERS_PATH", "HOME", "TMPDIR", "PYTHONPATH"}
    assert given["PATH"] == os.environ["PATH"]


@needs_browser
def test_a_page_whose_picture_never_comes_is_seen_as_far_as_it_goes() -> None:
    gate = threading.Event()

    def talk(peer: socket.socket, head: str) -> None:
        if "x.png" in head:
            gate.wait(60)
        else:
            peer.sendall(answer(f'{PAGE}<img src="/x.png">'.encode(), headers=KINDS))

    with serving(talk) as site:
        sight = browser()(Target(site.url(), TEXT), limits=replace(LIMITS, probe_seconds=3), at=START)
        gate.set()
    assert (sight.visit.trouble, sight.visit.status, sight.visit.text_found) == (Trouble.TIMEOUT, 200, True)


@needs_browser
@pytest.mark.parametrize(
    ("talk", "trouble"),
    [
        (lambda peer, _: None, Trouble.BROKEN),
        (lambda peer, _: peer.sendall(answer(b"", status="302 Found", headers="Location: /\r\n")), Trouble.REDIRECTS),
    ],
)
def test_what_keeps_the_browser_from_a_page_is_told(talk: Talk, trouble: Trouble) -> None:
    with serving(talk) as site:
        assert browser()(Target(site.url()), limits=LIMITS, at=START).visit.trouble is trouble


@needs_browser
def test_the_browser_verifies_certificates_through_the_gate(tmp_path: Path) -> None:
    certificate, key = make_certificate(tmp_path, "shop.example.jp")
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(certificate, key)
    with serving(answer(PAGE.encode()), tls=server) as site:
        seen = browser()(Target(site.url(scheme="https")), limits=LIMITS, at=START).visit
    assert (seen.trouble, seen.status, seen.address) == (Trouble.TLS, None, "127.0.0.1")
