"""The desk answers: the customer reads it, all contacts are told, and the ticket stands where the SOC says."""

import re
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from sakimori.customers import files
from sakimori.customers.models import AuditEntry, Contact
from sakimori.incidents.models import Incident, IncidentKind
from sakimori.notify.calling import call_contacts
from sakimori.notify.models import Alarm, Call, CallState, Message
from sakimori.tickets.actions import Words, ask
from sakimori.tickets.models import Attachment, Ticket, TicketKind, TicketState
from sakimori.tickets.uploads import Upload
from tests.people import NOW, People, make_ticket


@pytest.fixture
def desk(people: People, client: Client) -> Client:
    client.force_login(people.dana)
    Contact.objects.create(customer=people.a.customer, name="桜井 花子", email="c1@example.jp", phone="03", priority=1)
    files.forget(people.a.customer)
    return client


@pytest.fixture
def ticket(people: People, desk: Client) -> Ticket:
    words = Words("教えてください。", "0" * 32, [Upload("ログ.txt", b"x", "text/plain")])
    return ask(people.a, about="ログの件", words=words, by=people.bob, now=NOW)


def form(client: Client, ticket: Ticket, **fields: Any) -> dict[str, Any]:
    page = client.get(reverse("console:ticket", args=[ticket.number])).content.decode()
    found = re.search(r'name="token" value="([0-9a-f]{32})"', page)
    assert found
    return {"token": found.group(1), "text": "こちらをご覧ください。", "state": "waiting", **fields}


def post(client: Client, ticket: Ticket, data: dict[str, Any]) -> str:
    return client.post(reverse("console:answer", args=[ticket.number]), data, follow=True).content.decode()


def test_an_answer_goes_to_ticket_and_contacts_once(people: People, ticket: Ticket, desk: Client) -> None:
    sent = form(desk, ticket)
    for _ in range(2):
        text = post(desk, ticket, {**sent, "uploads": [SimpleUploadedFile("手順.txt", "手順".encode())]})
        assert "回答を登録し" in text
    ticket.refresh_from_db()
    assert (ticket.state, ticket.waits_since) == (TicketState.WAITING, None)
    assert (ticket.handled, ticket.result) == ("回答: こちらをご覧ください。", "回答済み（お客様確認待ち）")
    assert Message.objects.count() == 2
    body = Message.objects.latest("pk").body
    for part in ("> こちらをご覧ください。", "手順[.]txt", "お客様確認待ち", "> ログの件"):
        assert part in body, part
    assert (Attachment.objects.count(), files.count(people.a.customer)) == (2, 2)
    assert AuditEntry.objects.filter(action="ticket.write", actor="dana").count() == 1
    assert Alarm.objects.get().acknowledged_by == people.dana
    desk.force_login(people.bob)
    page = desk.get(reverse("portal:ticket", args=[ticket.number])).content.decode()
    assert "SOC 担当者" in page
    assert "高橋" not in page
    assert "こちらをご覧ください。" in page
    assert "手順.txt" in page


def test_a_wrong_answer_comes_back_with_what_was_typed(people: People, ticket: Ticket, desk: Client) -> None:
    sent = form(desk, ticket, uploads=[SimpleUploadedFile("空.txt", b"")])
    text = post(desk, ticket, sent)
    assert "「空.txt」は空のファイルです" in text
    assert "こちらをご覧ください。" in text
    assert Message.objects.count() == 1
    assert "aria-invalid" in post(desk, ticket, form(desk, ticket, state="nonsense"))
    assert ticket.notes.count() == 1


def test_a_ticket_that_was_answered_can_be_ended(ticket: Ticket, desk: Client) -> None:
    post(desk, ticket, form(desk, ticket, state="done"))
    ticket.refresh_from_db()
    assert ticket.state == TicketState.DONE
    assert "回答済み（完了）" in desk.get(reverse("console:ticket", args=[ticket.number])).content.decode()


def test_tickets_that_wait_for_an_answer_stand_first_and_are_marked(
    people: People, ticket: Ticket, desk: Client
) -> None:
    newer = make_ticket(people.b, "T-0009")
    Ticket.objects.filter(pk=newer.pk).update(updated_at=NOW.replace(year=2027))
    text = desk.get(reverse("console:tickets")).content.decode()
    assert text.index(ticket.number) < text.index("T-0009")
    assert text.count("要回答") == 1
    post(desk, ticket, form(desk, ticket))
    text = desk.get(reverse("console:tickets")).content.decode()
    assert "要回答" not in text
    assert "T-0009" not in desk.get(reverse("console:tickets"), {"kind": "enquiry"}).content.decode()


def test_an_answer_in_a_ticket_about_blocks_leaves_its_texts(people: People, desk: Client) -> None:
    ticket = make_ticket(people.a)
    post(desk, ticket, form(desk, ticket, state="open"))
    ticket.refresh_from_db()
    assert (ticket.handled, ticket.result) == ("", "")


def test_both_faces_show_the_calls_to_the_customers_contacts_only(people: People, desk: Client) -> None:
    incident = Incident.objects.create(
        contract=people.a, kind=IncidentKind.DDOS, group="x", opened_at=NOW, last_signal_at=NOW, told_at=NOW
    )
    ticket = make_ticket(people.a)
    Ticket.objects.filter(pk=ticket.pk).update(incident=incident, kind=TicketKind.DDOS)
    pages = [reverse(f"{face}:ticket", args=[ticket.number]) for face in ("portal", "console")]
    assert "連絡の記録" not in desk.get(pages[0]).content.decode()
    call_contacts(key=f"incident:{incident.pk}", customer=people.a.customer, subject="x", say="x", now=NOW)
    for page in pages:
        assert "お電話はまだ始まっていません" in desk.get(page).content.decode()
    Call.objects.update(state=CallState.CONFIRMED, intended_at=NOW, ended_at=NOW, spoke_with="桜井 次郎")
    for page in pages:
        text = desk.get(page).content.decode()
        assert "桜井 花子 様" in text
        assert "確認済み" in text
        assert "桜井 次郎" in text
        assert "2026/11/23 22:05:07" in text
        assert "検知した攻撃元の IP アドレス" not in text
    Call.objects.get().round.__class__.objects.update(customer=people.b.customer)
    for page in pages:
        assert "桜井 花子 様" not in desk.get(page).content.decode()
