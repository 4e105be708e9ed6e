"""Reports on the portal: only one's own, only released ones, as a PDF with a Japanese name."""

from collections.abc import Callable
from typing import Any
from urllib.parse import unquote

import pytest
from django.test import Client
from django.urls import reverse

from sakimori.customers import files
from sakimori.lib.calendar import Month
from sakimori.logs.store.interface import LogStore
from sakimori.reports.models import Report
from tests.people import People
from tests.reports.desk import make_draft, make_erin, make_released


@pytest.fixture
def report(people: People, log_store: LogStore) -> Report:
    return make_released(people.a, log_store, by=people.dana, second=make_erin())


def _list(client: Client) -> str:
    return client.get(reverse("portal:reports")).content.decode()


def test_members_download_their_report_and_strangers_do_not_find_it(
    people: People, report: Report, client: Client
) -> None:
    page = reverse("portal:report", args=[report.pk])
    for person, expected in (("alice", 200), ("bob", 200), ("charlie", 404), ("dana", 200)):
        client.force_login(getattr(people, person))
        assert client.get(page).status_code == expected, person
        assert ("2026年10月" in _list(client)) is (expected == 200), person
    client.logout()
    assert client.get(page).status_code == 302


def test_the_file_is_named_for_customer_and_month(people: People, report: Report, client: Client) -> None:
    client.force_login(people.bob)
    answer = client.get(reverse("portal:report", args=[report.pk]))
    assert answer.content.startswith(b"%PDF")
    assert answer.headers["Content-Type"] == "application/pdf"
    kind, _, name = answer.headers["Content-Disposition"].partition("; filename*=utf-8''")
    assert kind == "attachment"
    assert unquote(name) == "月次レポート_株式会社さくら商店_2026-10.pdf"
    assert "no-store" in answer.headers["Cache-Control"]


def test_a_draft_is_not_there_for_anybody(people: People, log_store: LogStore, client: Client) -> None:
    report = make_draft(people.a, log_store, by=people.dana)
    for person in ("alice", "dana"):
        client.force_login(getattr(people, person))
        assert client.get(reverse("portal:report", args=[report.pk])).status_code == 404
        assert "レポートはまだありません" in _list(client)


def test_a_file_that_is_gone_is_said_to_be_so(people: People, report: Report, client: Client) -> None:
    files.remove(people.a.customer, report.stored_name)
    client.force_login(people.alice)
    text = client.get(reverse("portal:report", args=[report.pk]), follow=True).content.decode()
    assert "読み出せませんでした" in text


def test_the_number_of_queries_does_not_grow(
    people: People, log_store: LogStore, client: Client, django_assert_max_num_queries: Callable[[int], Any]
) -> None:
    erin = make_erin()
    for number in range(4, 11):
        make_released(people.a, log_store, by=people.dana, second=erin, month=Month(2026, number))
    client.force_login(people.alice)
    with django_assert_max_num_queries(8):
        assert _list(client).count("PDF をダウンロード") == 7
