"""Enquiries, replies and files through the pages: one of each, all contacts told, nothing half-done."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from sakimori.customers import files
from sakimori.customers.models import AuditEntry, Contact, Contract
from sakimori.lib.calendar import Month
from sakimori.lib.jst import day_of, utc_now
from sakimori.notify.models import Alarm, Message, Severity
from sakimori.tickets.models import Attachment, Note, Ticket, TicketKind, TicketState
from sakimori.tickets.queries import tickets_of_month
from tests.people import People, make_ticket

ENQUIRE = "/portal/enquiries/new/"
PDF = b"%PDF-1.7\n%%EOF\n"


@pytest.fixture
def people(people: People) -> People:
    for priority in (1, 2):
        Contact.objects.create(
            customer=people.a.customer, name=f"連絡先 {priority}", email=f"c{priority}@example.jp", priority=priority
        )
    files.forget(people.a.customer)
    return people


def token_of(page: str) -> str:
    found = re.search(r'name="token" value="([0-9a-f]{32})"', page)
    assert found
    return found.group(1)


def form(client: Client, page: str = ENQUIRE, **fields: Any) -> dict[str, Any]:
    """The form of a page as a browser would send it."""
    html = client.get(page).content.decode()
    assert 'enctype="multipart/form-data"' in html
    hidden = dict(re.findall(r'<input type="hidden" name="(contract)" value="(\d+)"', html))
    return {**hidden, "token": token_of(html), "text": "ログの見方を教えてください。", **fields}


def upload(name: str = "報告書.pdf", content: bytes = PDF) -> SimpleUploadedFile:
    return SimpleUploadedFile(name, content)


def ask(client: Client, **fields: Any) -> Any:
    return client.post(ENQUIRE, form(client, about="ログについて", **fields), follow=True)


@pytest.mark.parametrize("person", ["alice", "bob"])
def test_every_member_may_ask_with_files(person: str, people: People, client: Client) -> None:
    client.force_login(getattr(people, person))
    answer = ask(client, uploads=[upload(), upload("表.csv", "氏名".encode())])
    text = answer.content.decode()
    ticket = Ticket.objects.get()
    assert answer.redirect_chain == [(reverse("portal:ticket", args=[ticket.number]), 302)]
    assert f"お問い合わせを受け付けました（{ticket.number}）" in text
    assert "ログの見方を教えてください。" in text
    assert "報告書.pdf" in text
    assert "ウイルス検査：未実施" in text
    assert (ticket.kind, ticket.state, ticket.contract) == (TicketKind.ENQUIRY, TicketState.OPEN, people.a)
    assert ticket.waits_since is not None
    assert "ログの見方" in ticket.detected
    assert tickets_of_month(people.a, Month.at(utc_now())) == [ticket]
    assert AuditEntry.objects.filter(action="ticket.open", actor=person).count() == 1


def test_all_contacts_are_told_without_content_of_files(people: People, client: Client) -> None:
    client.force_login(people.bob)
    ask(client, uploads=[upload()])
    message, ticket = Message.objects.get(), Ticket.objects.get()
    assert {copy.address for copy in message.deliveries.all()} == {"c1@example.jp", "c2@example.jp"}
    for part in (
        "田中 文男 様",
        "ログの見方を教えてください。",
        "報告書[.]pdf",
        ticket.number,
        "K-A-001",
        f"/portal/tickets/{ticket.number}/",
        settings.CONFIG.soc_phone,
        settings.CONFIG.service_name,
    ):
        assert part in message.body, part
    assert "%PDF" not in message.body
    alarm = Alarm.objects.get()
    assert (alarm.severity, alarm.link) == (Severity.MIDDLE, f"/console/tickets/{ticket.number}/")
    assert "株式会社さくら商店 様から新しいお問い合わせ" in alarm.sentence


def test_sending_the_form_twice_makes_one_ticket(people: People, client: Client) -> None:
    client.force_login(people.alice)
    sent = form(client, about="二度押し")
    for _ in range(2):
        answer = client.post(ENQUIRE, {**sent, "uploads": [upload()]}, follow=True)
        assert "受け付けました" in answer.content.decode()
    assert (Ticket.objects.count(), Note.objects.count(), Attachment.objects.count()) == (1, 1, 1)
    assert (Message.objects.count(), files.count(people.a.customer)) == (1, 1)


@pytest.mark.parametrize(
    ("bad", "words"),
    [
        (upload("大きい.txt", b"x" * (settings.CONFIG.upload_mib * (1 << 20) + 1)), "「大きい.txt」は 10 MB を超えて"),
        (upload("空.txt", b""), "「空.txt」は空のファイル"),
        (upload("実行.exe", b"MZ"), "「実行.exe」の形式は"),
        (upload("偽物.pdf", b"MZ" + bytes(50)), "「偽物.pdf」は、内容が"),
    ],
)
def test_one_bad_file_and_nothing_is_done(bad: SimpleUploadedFile, words: str, people: People, client: Client) -> None:
    client.force_login(people.alice)
    answer = ask(client, uploads=[upload(), bad])
    text = answer.content.decode()
    assert answer.status_code == 200
    assert words in text
    assert "ログの見方を教えてください。" in text
    assert not Ticket.objects.exists()
    assert not Note.objects.exists()
    assert not Message.objects.exists()
    assert files.count(people.a.customer) == 0


def test_too_many_files_are_refused(people: People, client: Client) -> None:
    client.force_login(people.alice)
    text = ask(client, uploads=[upload(f"{number}.pdf") for number in range(6)]).content.decode()
    assert "5 個まで" in text
    assert not Ticket.objects.exists()


def test_no_file_is_left_when_the_rows_cannot_be_written(
    people: People, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise RuntimeError("the database is gone")

    client.force_login(people.alice)
    monkeypatch.setattr("sakimori.tickets.actions.raise_alarm", fail)
    with pytest.raises(RuntimeError):
        ask(client, uploads=[upload()])
    assert not Ticket.objects.exists()
    assert files.count(people.a.customer) == 0


def test_a_customer_with_several_contracts_chooses_one_of_his_own_that_runs(people: People, client: Client) -> None:
    today = day_of(utc_now())
    second = Contract.objects.create(customer=people.a.customer, number="K-A-002", starts_on=today)
    Contract.objects.create(customer=people.a.customer, number="K-A-003", starts_on=today, ends_on=today)
    client.force_login(people.alice)
    page = client.get(ENQUIRE).content.decode()
    assert "K-A-001" in page
    assert "K-A-002" in page
    assert "K-A-003" not in page
    assert "K-B-001" not in page
    assert "ログについて" in ask(client, contract=people.b.pk).content.decode()
    assert not Ticket.objects.exists()
    ask(client, contract=second.pk)
    assert Ticket.objects.get().contract == second


def test_a_customer_without_a_running_contract_is_told_to_call(people: People, client: Client) -> None:
    Contract.objects.filter(pk=people.a.pk).update(ends_on=day_of(utc_now()))
    ticket = make_ticket(people.a)
    client.force_login(people.alice)
    assert "ご契約中の契約がない" in client.get(ENQUIRE).content.decode()
    client.post(ENQUIRE, {"about": "x", "text": "x", "token": "0" * 32, "contract": people.a.pk})
    answer = client.post(reverse("portal:reply", args=[ticket.number]), {"text": "x", "token": "0" * 32}, follow=True)
    assert "ご契約が終了している" in answer.content.decode()
    assert Ticket.objects.count() == 1
    assert not Message.objects.exists()


def test_a_reply_reopens_the_ticket_for_the_soc(people: People, client: Client) -> None:
    ticket = make_ticket(people.a)
    Ticket.objects.update(state=TicketState.WAITING)
    client.force_login(people.bob)
    address = reverse("portal:reply", args=[ticket.number])
    assert address in client.get(reverse("portal:ticket", args=[ticket.number])).content.decode()
    sent = form(client, address)
    for _ in range(2):
        answer = client.post(address, {**sent, "uploads": [upload()]}, follow=True)
        assert "ご連絡を受け付けました" in answer.content.decode()
    ticket.refresh_from_db()
    assert ticket.state == TicketState.OPEN
    assert Note.objects.filter(by=people.bob).count() == 1
    assert (files.count(people.a.customer), Message.objects.count()) == (1, 1)
    assert "返信" in Alarm.objects.get().sentence


def test_a_ticket_that_is_done_gets_no_reply(people: People, client: Client) -> None:
    ticket = make_ticket(people.a)
    Ticket.objects.update(state=TicketState.DONE)
    client.force_login(people.alice)
    address = reverse("portal:reply", args=[ticket.number])
    assert address not in client.get(reverse("portal:ticket", args=[ticket.number])).content.decode()
    assert "完了しています" in client.get(address).content.decode()
    sent = {"text": "もう一つ", "token": "0" * 32, "uploads": [upload()]}
    assert "完了しています" in client.post(address, sent, follow=True).content.decode()
    assert not Message.objects.exists()
    assert files.count(people.a.customer) == 0


def test_the_soc_does_not_write_as_a_customer(people: People, client: Client) -> None:
    ticket = make_ticket(people.a)
    client.force_login(people.dana)
    for address in (ENQUIRE, reverse("portal:reply", args=[ticket.number])):
        assert client.get(address).status_code == 403
        assert client.post(address, {"text": "x", "token": "0" * 32}).status_code == 403


def test_a_file_comes_back_as_it_went_in_and_opens_nowhere(people: People, client: Client) -> None:
    client.force_login(people.alice)
    ask(client, uploads=[upload()])
    address = reverse("portal:file", args=[Ticket.objects.get().number, Attachment.objects.get().pk])
    for person, expected in (("alice", 200), ("bob", 200), ("dana", 200), ("charlie", 404)):
        client.force_login(getattr(people, person))
        assert client.get(address).status_code == expected, person
    client.force_login(people.bob)
    answer = client.get(address)
    assert answer.content == PDF
    assert answer.headers["Content-Type"] == "application/pdf"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert "sandbox" in answer.headers["Content-Security-Policy"]
    assert answer.headers["Content-Disposition"] == ("attachment; filename*=utf-8''%E5%A0%B1%E5%91%8A%E6%9B%B8.pdf")
    assert "no-store" in answer.headers["Cache-Control"]


def test_a_file_is_found_under_its_own_ticket_only_and_while_it_is_there(people: People, client: Client) -> None:
    client.force_login(people.alice)
    ask(client, uploads=[upload()])
    other, file = make_ticket(people.a, "T-0009"), Attachment.objects.get()
    assert client.get(reverse("portal:file", args=[other.number, file.pk])).status_code == 404
    files.forget(people.a.customer)
    assert client.get(reverse("portal:file", args=[Ticket.objects.first().number, file.pk])).status_code == 404  # type: ignore[union-attr]
    client.logout()
    assert client.get(reverse("portal:file", args=[other.number, file.pk])).status_code == 302


def test_a_hostile_subject_and_text_stay_text(people: People, client: Client) -> None:
    client.force_login(people.alice)
    text = ask(client, text="<script>alert(1)</script>\n\u202egnp").content.decode()
    assert "<script>alert" not in text
    assert "\u202e" not in text
    assert "&lt;U+202E&gt;gnp" in text


def test_the_list_is_narrowed_by_kind_and_state(people: People, client: Client) -> None:
    client.force_login(people.alice)
    ask(client)
    make_ticket(people.a, "T-0009")
    page = reverse("portal:tickets")
    assert "T-0009" not in client.get(page, {"kind": "enquiry"}).content.decode()
    assert "T-0009" in client.get(page, {"kind": "blacklist", "state": "open"}).content.decode()
    assert "条件に合うチケットはありません" in client.get(page, {"state": "done"}).content.decode()
    assert "T-0009" in client.get(page, {"kind": "nonsense"}).content.decode()


def test_the_number_of_queries_does_not_grow_with_notes_and_files(
    people: People, client: Client, django_assert_max_num_queries: Callable[[int], Any]
) -> None:
    client.force_login(people.alice)
    ask(client, uploads=[upload()])
    ticket = Ticket.objects.get()
    for number in range(20):
        note = Note.objects.create(ticket=ticket, key=f"n{number}", at=utc_now(), text="x", by=people.dana)
        Attachment.objects.create(
            note=note,
            name="a.txt",
            stored_name=f"{number:032x}",
            size_bytes=1,
            sha256="0" * 64,
            content_type="text/plain",
        )
    with django_assert_max_num_queries(14):
        client.get(reverse("portal:ticket", args=[ticket.number]))
