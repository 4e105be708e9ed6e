"""読み取れない行 on the desk: the lines themselves, as text, with number and reason; recorded, and for the SOC only."""

import pytest
from django.test import Client
from django.urls import reverse

from sakimori.customers.models import AuditEntry
from sakimori.customers.secrets import open_details
from sakimori.logs.models import LogFile, LogFileState, QuarantinedLine
from sakimori.logs.unpack import FileReason
from tests.people import People, make_file

STRANGE = "<script>\u202e商品 \x1b[31m".encode() + b"\xff\xfe"


@pytest.fixture
def desk(people: People, client: Client) -> Client:
    client.force_login(people.dana)
    return client


@pytest.fixture
def file(people: People) -> LogFile:
    row = make_file(people.a, name="odd.log", lines=60, rows=0, quarantined_lines=60)
    lines = [
        QuarantinedLine(
            file=row, line_number=number, reason="bad_utf8", raw=STRANGE if number == 1 else b"x%d" % number
        )
        for number in range(60, 0, -1)
    ]
    QuarantinedLine.objects.bulk_create(lines)
    return row


def address(file: LogFile) -> str:
    return reverse("console:unreadable", args=[file.pk])


def test_the_intake_leads_to_the_lines_and_they_are_shown_as_text_in_their_order(desk: Client, file: LogFile) -> None:
    assert f'href="{address(file)}"' in desk.get(reverse("console:intake")).content.decode()
    page = desk.get(address(file)).content.decode()
    for part in (
        "odd.log",
        "K-A-001",
        "行がUTF-8として読み取れません。",
        "商品",
        "\\xff\\xfe",
        "&lt;script&gt;",
        "60 行",
    ):
        assert part in page, part
    assert [sign for sign in ("<script>\u202e", "\u202e", "\x1b") if sign in page] == []
    assert page.index("<code>x2</code>") < page.index("<code>x50</code>")
    assert "<code>x51</code>" not in page
    assert "<code>x60</code>" in desk.get(address(file) + "?page=2").content.decode()


def test_lines_that_are_only_counted_are_told(desk: Client, file: LogFile) -> None:
    assert "件数だけ" not in desk.get(address(file)).content.decode()
    LogFile.objects.filter(pk=file.pk).update(quarantined_lines=1300)
    assert "残りの 1,240 行は件数だけを数え" in desk.get(address(file)).content.decode()


def test_who_reads_them_is_recorded(people: People, desk: Client, file: LogFile) -> None:
    desk.get(address(file))
    entry = AuditEntry.objects.get()
    assert (entry.action, entry.actor, entry.customer_number) == ("logs.read", "dana", "C-A")
    details = open_details(people.a.customer, entry.sealed_details, place=f"audit:{entry.target}")
    assert details == {"file": file.pk, "name": "odd.log", "unreadable": True}


def test_a_file_that_wants_a_key_leads_to_the_page_where_one_is_registered(people: People, desk: Client) -> None:
    reason = FileReason.UNKNOWN_KEY_ID.sentence
    locked = make_file(people.a, state=LogFileState.QUARANTINED, reason=reason, lines=0, rows=0)
    page = desk.get(address(locked)).content.decode()
    assert reason in page
    assert f'href="{reverse("console:log-keys", args=[people.a.pk])}"' in page
    assert "残っている行はありません" in page


def test_a_file_without_unreadable_lines_is_not_there_and_customers_are_not_let_in(
    people: People, desk: Client, file: LogFile
) -> None:
    assert desk.get(reverse("console:unreadable", args=[make_file(people.a).pk])).status_code == 404
    client = Client()
    client.force_login(people.alice)
    assert client.get(address(file)).status_code == 404
    assert AuditEntry.objects.count() == 0
