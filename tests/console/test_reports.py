"""Reports at the desk: the countdown, the draft with its preview, and the release by a second person."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from io import BytesIO
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from pypdf import PdfReader

from sakimori import backends
from sakimori.lib.calendar import Month
from sakimori.lib.jst import day_of, utc_now
from sakimori.logs.formats.cef import parse_cef
from sakimori.logs.store.interface import LogStore, StoreUnavailable
from sakimori.notify.models import Message
from sakimori.reports.figures import to_json
from sakimori.reports.models import Report, ReportState
from tests.lines import cef
from tests.people import People
from tests.reports.desk import make_contacts, make_draft, make_erin, make_released, make_report
from tests.reports.samples import hostile


@pytest.fixture(autouse=True)
def _store(log_store: LogStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(backends, "log_store", lambda: log_store)


def _get(client: Client, name: str, *args: object) -> str:
    return client.get(reverse(f"console:{name}", args=args)).content.decode()


def test_only_the_desk_gets_in(people: People, client: Client, log_store: LogStore) -> None:
    report = make_draft(people.a, log_store, by=people.dana)
    names = [("reports", []), ("report", [report.pk]), ("report-pdf", [report.pk])]
    for page in [reverse(f"console:{name}", args=args) for name, args in names]:
        for person, expected in (("alice", 404), ("bob", 404), ("charlie", 404), ("dana", 200)):
            client.force_login(getattr(people, person))
            assert client.get(page).status_code == expected, (page, person)
    for person in ("alice", "bob", "charlie"):
        client.force_login(getattr(people, person))
        for name in ("report", "report-release"):
            assert client.post(reverse(f"console:{name}", args=[report.pk]), {"comment": "x"}).status_code == 404
    assert Report.objects.get().comment == report.comment


@pytest.mark.parametrize(("days", "words"), [(0, "本日が期限"), (-1, "期限超過"), (40, "営業日")])
def test_the_list_counts_down(days: int, words: str, people: People, client: Client) -> None:
    make_report(people.a)
    Report.objects.update(due_on=day_of(utc_now()) + timedelta(days=days))
    client.force_login(people.dana)
    text = _get(client, "reports")
    assert words in text
    assert "株式会社さくら商店" in text
    assert "作成待ち" in text


def test_an_analyst_makes_the_draft_and_cannot_release_it(people: People, client: Client) -> None:
    make_contacts(people.a)
    report = make_report(people.a)
    client.force_login(people.dana)
    assert "まだ集計していません" in _get(client, "report", report.pk)
    page = reverse("console:report", args=[report.pk])
    text = client.post(page, {"comment": "所見です。\n二行目です。"}, follow=True).content.decode()
    assert "下書きを保存しました" in text
    assert "ログを受信していません" in text
    assert "この下書きを作成したのはあなたです" in text
    seen = client.get(page).context["seen"]
    release = reverse("console:report-release", args=[report.pk])
    text = client.post(release, {"seen": seen}, follow=True).content.decode()
    assert "下書きを作成した本人は公開できません" in text
    assert Report.objects.get().state == ReportState.DRAFT
    client.force_login(make_erin())
    assert "この下書きを作成したのはあなたです" not in _get(client, "report", report.pk)
    text = client.post(release, {"seen": seen}, follow=True).content.decode()
    assert "公開し、お客様の連絡先すべてへメールで" in text
    assert "公開済み" in text
    assert "二行目です。" in text
    assert Message.objects.count() == 1


def test_the_draft_is_shown_inside_and_the_released_one_is_a_file(
    people: People, client: Client, log_store: LogStore
) -> None:
    report = make_draft(people.a, log_store, by=people.dana)
    client.force_login(people.dana)
    page = reverse("console:report-pdf", args=[report.pk])
    answer = client.get(page)
    assert answer.content.startswith(b"%PDF")
    assert answer.headers["Content-Disposition"].startswith("inline; filename*=utf-8''")
    released = make_released(people.b, log_store, by=people.dana, second=make_erin())
    answer = client.get(reverse("console:report-pdf", args=[released.pk]))
    assert answer.headers["Content-Type"] == "application/pdf"
    assert answer.headers["Content-Disposition"].startswith("attachment; filename*=utf-8''")


def test_a_preview_of_nothing_is_said_to_be_so(people: People, client: Client) -> None:
    report = make_report(people.a)
    client.force_login(people.dana)
    text = client.get(reverse("console:report-pdf", args=[report.pk]), follow=True).content.decode()
    assert "まだ下書きが作成されていません" in text


def test_words_that_are_too_long_change_nothing(people: People, client: Client) -> None:
    report = make_report(people.a)
    client.force_login(people.dana)
    answer = client.post(reverse("console:report", args=[report.pk]), {"comment": "あ" * 2001})
    assert answer.status_code == 200
    assert 'aria-invalid="true"' in answer.content.decode()
    assert Report.objects.get().state == ReportState.WAITING


def test_a_released_report_has_no_form(people: People, client: Client, log_store: LogStore) -> None:
    report = make_released(people.a, log_store, by=people.dana, second=make_erin())
    client.force_login(people.dana)
    page = reverse("console:report", args=[report.pk])
    assert "<textarea" not in client.get(page).content.decode()
    text = client.post(page, {"comment": "後から"}, follow=True).content.decode()
    assert "公開済みのため、変更できません" in text


def test_a_report_that_is_not_there_is_not_found(people: People, client: Client) -> None:
    client.force_login(people.dana)
    assert client.get(reverse("console:report", args=[99])).status_code == 404


def test_what_the_store_counts_is_what_the_customer_reads(people: People, client: Client, log_store: LogStore) -> None:
    report = make_report(people.a)
    moment = datetime(2026, 10, 12, 3, 0, tzinfo=UTC)
    lines = [cef("SQL Injection", f"198.51.100.{number % 7}", at=moment) for number in range(1234)]
    events = [(number, parse_cef(line)) for number, line in enumerate(lines)]
    log_store.append(events, contract_id=people.a.pk, file_id=1)
    client.force_login(people.dana)
    page = reverse("console:report", args=[report.pk])
    assert (
        "攻撃を 1,234 件検知し、1,234 件を遮断しました"
        in client.post(page, {"comment": "所見です。"}, follow=True).content.decode()
    )
    seen = client.get(page).context["seen"]
    client.force_login(make_erin())
    client.post(reverse("console:report-release", args=[report.pk]), {"seen": seen})
    client.force_login(people.alice)
    pdf = client.get(reverse("portal:report", args=[report.pk])).content
    text = "".join(page.extract_text() for page in PdfReader(BytesIO(pdf)).pages).replace("\u200b", "")
    for part in ("1,234", "198.51.100.3", "日本", "shop-a.example.jp", "判定不能", "K-A-001"):
        assert part in text, part


def test_the_number_of_queries_does_not_grow(
    people: People, client: Client, log_store: LogStore, django_assert_max_num_queries: Callable[[int], Any]
) -> None:
    erin = make_erin()
    for number in range(1, 11):
        make_released(people.a, log_store, by=people.dana, second=erin, month=Month(2026, number))
    client.force_login(people.dana)
    with django_assert_max_num_queries(8):
        assert _get(client, "reports").count("江藤 凛") == 10


def test_hostile_text_in_the_figures_stays_text(people: People, client: Client) -> None:
    report = make_report(people.a)
    Report.objects.update(state="draft", figures=to_json(hostile()), as_of=utc_now(), drafted_by=people.dana)
    client.force_login(people.dana)
    text = _get(client, "report", report.pk)
    assert "</script>#panic" not in text
    assert "&lt;/script&gt;#panic(1)" in text
    assert "\u202e" not in text
    assert "\x07" not in text


def test_a_log_store_that_is_down_is_said_to_be_so(
    people: People, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Down:
        def query(self, *_: object, **__: object) -> None:
            raise StoreUnavailable("no answer")

    monkeypatch.setattr(backends, "log_store", Down)
    report = make_report(people.a)
    client.force_login(people.dana)
    page = reverse("console:report", args=[report.pk])
    text = client.post(page, {"comment": "所見です。"}, follow=True).content.decode()
    assert "ログの保管先に接続できないため、集計できませんでした" in text
    found = Report.objects.get()
    assert (found.state, found.comment) == (ReportState.WAITING, "")
