"""A real browser (Chromium) at the real pages: fixture `browse` signs somebody in and returns his page.

Where no Chromium is installed these tests are skipped.
"""

import shutil
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.conf import settings
from django.test import Client
from playwright.sync_api import Browser, FloatRect, Locator, Page, expect, sync_playwright
from pytest_django.live_server_helper import LiveServer

from sakimori.accounts.models import User

_BROWSERS = ("chromium", "chromium-browser", "google-chrome")
# Nothing but our own pages is asked for, and a container's root may use it.
_OPTIONS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
# Only a test that fails waits for so long, on a busy machine too.
_PATIENCE_MS = 60_000
Browse = Callable[..., Page]


@pytest.fixture(scope="module")
def chromium(django_db_setup: None) -> Iterator[Browser]:
    """The browser of a file's tests. Its own loop runs in this thread until it is closed, so it serves no others."""
    path = next(filter(None, map(shutil.which, _BROWSERS)), None)
    if path is None:
        pytest.skip("no Chromium is installed")
    # That loop is no reason not to ask the database from this thread.
    with pytest.MonkeyPatch.context() as patch, sync_playwright() as playwright:
        patch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "true")
        browser = playwright.chromium.launch(executable_path=path, args=[*_OPTIONS], timeout=2 * _PATIENCE_MS)
        expect.set_options(timeout=_PATIENCE_MS)
        yield browser
        browser.close()


@pytest.fixture
def browse(chromium: Browser, live_server: LiveServer) -> Iterator[Browse]:
    """Sign somebody in, if need be with further options of the context. What the page's scripts complain of fails."""
    complaints: list[str] = []
    contexts = []

    def sign_in(user: User, **options: Any) -> Page:
        client = Client()
        client.force_login(user)
        context = chromium.new_context(base_url=live_server.url, locale="ja-JP", **options)
        contexts.append(context)
        cookie = client.cookies[settings.SESSION_COOKIE_NAME]
        context.add_cookies([{"name": cookie.key, "value": cookie.value, "url": live_server.url}])
        page = context.new_page()
        page.set_default_timeout(_PATIENCE_MS)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
        return page

    yield sign_in
    for context in contexts:
        context.close()
    assert complaints == []


def assert_held(one: Locator, place: FloatRect) -> None:
    """It is where it was: a page scrolls by whole pixels."""
    now = one.bounding_box()
    assert now is not None
    assert abs(now["y"] - place["y"]) < 1
