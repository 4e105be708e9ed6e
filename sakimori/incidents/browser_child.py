"""One page in a headless Chromium, in a process of its own: `python -m sakimori.incidents.browser_child`.

Reads an order as JSON from standard input, writes what was seen as JSON to standard output. The process that starts it
gives it no secret, kills it when its time is over, and is the only one whom the browser can reach (see `gate.py`).
"""

import asyncio
import base64
import contextlib
import json
import os
import signal
import sys
import time
from collections.abc import Coroutine
from typing import Any, TypeVar

from playwright.async_api import Browser, Dialog, Error, Page, Request, Response, Route, async_playwright

from sakimori.incidents.vendor_pages import CHALLENGE, page_kind

_SIZE = {"width": 1280, "height": 800}
_LOOK_AGAIN_SECONDS = 0.5
_QUESTION_SECONDS = 3.0  # To ask a page something: one that is on its way to another answers only when that has come.
_PICTURE_MS = 5000
_CLOSE_SECONDS = 3.0
_UNWANTED = ("media", "websocket", "eventsource")
_MOST_REQUESTS = 300
_END_SECONDS = 20  # Whoever started us may have been killed: then we end by ourselves.
# What the browser says, and values of `visit.Trouble`.
_TROUBLES = (
    ("Timeout", "timeout"),
    ("ERR_CERT", "tls"),
    ("ERR_SSL", "tls"),
    ("ERR_TOO_MANY_REDIRECTS", "redirects"),
    ("ERR_EMPTY_RESPONSE", "broken"),
    ("ERR_CONNECTION_RESET", "broken"),
    ("ERR_CONTENT_LENGTH_MISMATCH", "broken"),
    ("ERR_INCOMPLETE_CHUNKED_ENCODING", "broken"),
    ("ERR_ABORTED", "broken"),
)
# From the beginning of the last navigation: comparable with a visit without a browser, which loads no pictures either.
_TIMING = """() => {
  const it = performance.getEntriesByType('navigation')[0];
  return it ? {whole: it.responseEnd, first: it.responseStart - it.requestStart} : {};
}"""
_OPTIONS = (
    "--disable-gpu",
    "--lang=ja",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
    "--dns-prefetch-disable",
    "--force-webrtc-ip-handling-policy=disable_non_proxied_udp",
    # No name is resolved by the browser, and loopback is no exception from the proxy.
    "--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1",
    "--proxy-bypass-list=<-loopback>",
)


Answer = TypeVar("Answer")


async def look(order: dict[str, Any]) -> dict[str, Any]:
    """Open the page and tell what is on it, until it is the site's own or the time is over."""
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=order["executable"] or None,
            chromium_sandbox=os.geteuid() != 0,
            args=[*_OPTIONS, f"--proxy-server=http://127.0.0.1:{order['proxy_port']}"],
        )
        try:
            return await _look(await _page(browser, order), order)
        finally:
            await _within(_CLOSE_SECONDS, browser.close())


async def _page(browser: Browser, order: dict[str, Any]) -> Page:
    context = await browser.new_context(
        viewport={"width": _SIZE["width"], "height": _SIZE["height"]},
        locale="ja-JP",
        timezone_id="Asia/Tokyo",
        accept_downloads=False,
        service_workers="block",
        permissions=[],
        user_agent=f"Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) "
        f"Chrome/{browser.version} Safari/537.36 Sakimori-site-check",
    )
    page = await context.new_page()
    asked = [0]

    async def choose(route: Route) -> None:
        asked[0] += 1
        wanted = route.request.resource_type not in _UNWANTED and asked[0] <= _MOST_REQUESTS
        wanted = wanted and route.request.url.startswith(("http://", "https://", "data:", "blob:"))
        with contextlib.suppress(Error):  # The page has gone on meanwhile.
            await (route.continue_() if wanted else route.abort())

    async def dismiss(dialog: Dialog) -> None:
        with contextlib.suppress(Error):
            await dialog.dismiss()

    async def close(other: Page) -> None:
        with contextlib.suppress(Error):
            await other.close()

    await page.route("**/*", choose)
    page.on("dialog", dismiss)
    context.on("page", close)
    page.set_default_timeout(order["seconds"] * 1000)
    return page


async def _look(page: Page, order: dict[str, Any]) -> dict[str, Any]:
    answers: list[Response] = []
    asked_at = _asking(page)
    page.on("response", lambda it: answers.append(it) if _is_the_page(it, page) else None)
    began = time.monotonic()
    told: dict[str, Any] = {"trouble": ""}
    try:
        await page.goto(order["url"], wait_until="load")
    except Error as error:
        told["trouble"] = next((trouble for sign, trouble in _TROUBLES if sign in str(error)), "connect")
    told["total_ms"] = round((time.monotonic() - began) * 1000)
    if told["trouble"] == "timeout" and not answers:
        # Nothing has come, and whatever is asked of such a page waits for it.
        return told | {"url": order["url"]}
    content = await _content(page)
    while answers and (asked_at or content is None or page_kind([], content.encode()) == CHALLENGE):
        if _is_silent(asked_at, order) or time.monotonic() - began >= order["seconds"] - 1:
            break
        await asyncio.sleep(_LOOK_AGAIN_SECONDS)
        content = content if asked_at else await _content(page)
        told["total_ms"] = round((time.monotonic() - began) * 1000)
    if asked_at or (answers and content is None):
        # The browser has passed what it was asked, and the site behind it is silent: for long, or too short to say so.
        return told | {"trouble": "timeout", "url": page.url, "too_early": not _is_silent(asked_at, order)}
    told |= {"url": page.url, "content": (content or "")[: 1 << 20], "words": await _words(page)}
    if answers:
        told |= {"status": answers[-1].status, "headers": await _headers(answers[-1]), **await _timing(page, told)}
    told["screenshot"] = await _picture(page)
    return told


async def _within(seconds: float, asked: Coroutine[Any, Any, Answer]) -> Answer | None:
    """The browser's answer; None where there is none in time."""
    try:
        return await asyncio.wait_for(asked, seconds)
    except (Error, TimeoutError):
        return None


def _is_silent(asked_at: list[float], order: dict[str, Any]) -> bool:
    return bool(asked_at) and time.monotonic() - asked_at[-1] > order["silence_seconds"]


def _asking(page: Page) -> list[float]:
    """Since when the page itself has been asked for without an answer; empty while it is not."""
    since: list[float] = []

    def note(request: Request, *, is_open: bool) -> None:
        if request.is_navigation_request() and request.frame == page.main_frame:
            since.clear()
            since.extend([time.monotonic()] if is_open else [])

    page.on("request", lambda request: note(request, is_open=True))
    page.on("requestfailed", lambda request: note(request, is_open=False))
    page.on("response", lambda answer: note(answer.request, is_open=False))
    return since


async def _timing(page: Page, told: dict[str, Any]) -> dict[str, int]:
    """How long the page itself took, without the challenge before it and without its pictures."""
    found = (await _within(_QUESTION_SECONDS, page.evaluate(_TIMING)) if not told["trouble"] else None) or {}
    if not found.get("whole"):
        return {}
    return {"total_ms": round(found["whole"]), "first_byte_ms": max(0, round(found["first"]))}


def _is_the_page(answer: Response, page: Page) -> bool:
    return answer.request.is_navigation_request() and answer.frame == page.main_frame and answer.status // 100 != 3


async def _content(page: Page) -> str | None:
    """The page as it stands now; None while it is on its way to another one, or too busy to say."""
    return await _within(_QUESTION_SECONDS, page.content())


async def _words(page: Page) -> str:
    return (await _within(_QUESTION_SECONDS, page.inner_text("body")) or "")[: 1 << 18]


async def _headers(answer: Response) -> list[list[str]]:
    found = await _within(_QUESTION_SECONDS, answer.headers_array())
    return [[each["name"], each["value"]] for each in found or ()] or [list(each) for each in answer.headers.items()]


async def _picture(page: Page) -> str:
    wanted = page.screenshot(timeout=_PICTURE_MS, animations="disabled")
    return base64.b64encode(await _within(_PICTURE_MS / 1000 + 1, wanted) or b"").decode()


if __name__ == "__main__":
    given = json.load(sys.stdin)
    signal.alarm(int(given["seconds"]) + _END_SECONDS)
    json.dump(asyncio.run(look(given)), sys.stdout)
