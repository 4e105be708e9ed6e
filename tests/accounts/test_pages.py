"""What holds for every page: policy for contents, errors in Japanese, landmarks, words for moments and spans."""

import contextlib
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from django.core.exceptions import PermissionDenied, SuspiciousOperation
from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.test import Client, RequestFactory
from django.urls import reverse
from django.views import defaults

from sakimori.accounts.templatetags.wording import moment, span, stamp, thousands, visible
from tests.people import People

_INLINE = re.compile(r"<style|\sstyle=|\son[a-z]+=|javascript:|<script(?![^>]*\ssrc=\"/static/)", re.IGNORECASE)


@pytest.mark.parametrize("name", ["portal:tickets", "portal:account", "console:attacks", "console:intake", "mfa_index"])
def test_pages_hold_nothing_that_the_policy_forbids(name: str, people: People, client: Client) -> None:
    client.force_login(people.dana)
    answer = client.get(reverse(name))
    text = answer.content.decode()
    policy = answer.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert not _INLINE.search(text)
    assert not re.search(r"(?:src|href|action)=\"(?:https?:)?//", text)


@pytest.mark.parametrize("name", ["portal:tickets", "console:attacks", "account_change_password"])
def test_pages_have_landmarks_and_one_heading(name: str, people: People, client: Client) -> None:
    client.force_login(people.dana)
    text = client.get(reverse(name)).content.decode()
    assert '<html lang="ja">' in text
    assert '<a class="skip" href="#main">' in text
    for landmark in ("<header", "<nav", '<main id="main"', "<footer"):
        assert landmark in text
    assert text.count("<h1>") == 1
    assert re.search(r"<title>[^<]+</title>", text)


def test_style_and_script_are_served(db: None, client: Client) -> None:
    page = client.get(reverse("account_login")).content.decode()
    files = re.findall(r'(?:src|href)="(/static/[^"]+)"', page)
    assert {file.rpartition("/")[2] for file in files} == {"icon.svg", "style.css", "htmx-2.min.js", "steady.js"}
    for file in files:
        with contextlib.closing(client.get(file)) as answer:
            assert answer.status_code == 200


def test_a_form_without_its_token_is_refused_in_japanese(people: People) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(people.alice)
    answer = client.post(reverse("account_logout"))
    assert answer.status_code == 403
    assert "操作は実行されていません" in answer.content.decode()
    assert client.get(reverse("portal:tickets")).status_code == 200


@pytest.mark.parametrize(
    ("view", "words"),
    [
        (lambda request: defaults.bad_request(request, SuspiciousOperation("secret detail")), "正しく読み取れません"),
        (lambda request: defaults.permission_denied(request, PermissionDenied()), "権限がありません"),
        (defaults.server_error, "処理中にエラー"),
    ],
)
def test_errors_are_told_in_japanese_without_details(
    view: Callable[[HttpRequest], HttpResponse], words: str, rf: RequestFactory
) -> None:
    text = view(rf.get("/")).content.decode()
    assert words in text
    assert "secret detail" not in text


def test_the_page_for_the_worst_case_needs_nothing() -> None:
    assert "申し訳ございません" in render_to_string("500.html")


def test_a_missing_page_is_told_in_japanese(db: None, client: Client) -> None:
    answer = client.get("/nowhere/")
    assert answer.status_code == 404
    assert "ページが見つかりません" in answer.content.decode()


def test_moments_are_written_in_japan_time() -> None:
    late = datetime(2026, 12, 31, 15, 0, 1, tzinfo=UTC)
    assert moment(late) == '<time datetime="2027-01-01T00:00:01+09:00">2027年1月1日 00:00:01</time>'
    assert ">2027/01/01 00:00:01<" in stamp(late)
    assert "―" in moment(None)
    assert "―" in stamp(None)


@pytest.mark.parametrize(
    ("length", "words"),
    [
        (None, "―"),
        (timedelta(0), "0 秒"),
        (timedelta(seconds=-5), "0 秒"),
        (timedelta(seconds=70), "1 分 10 秒"),
        (timedelta(minutes=30), "30 分"),
        (timedelta(days=2, hours=3, minutes=4), "2 日 3 時間"),
    ],
)
def test_spans_are_written_in_their_largest_units(length: timedelta | None, words: str) -> None:
    assert span(length) == words


def test_counts_have_their_thousands_apart() -> None:
    assert [thousands(number) for number in (0, 999, 15_110)] == ["0", "999", "15,110"]


def test_signs_that_hide_are_shown() -> None:
    assert visible("a\u202eb\n") == "a<U+202E>b<U+000A>"
