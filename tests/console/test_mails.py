"""Mails on the desk: what went out with its proof, sent again where it did not arrive; what came in, as plain words."""

from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse

from sakimori.customers.models import AuditEntry, Contact
from sakimori.lib.jst import day_of, utc_now
from sakimori.notify.actions import NotPossible
from sakimori.notify.models import Delivery, DeliveryState, Message, ReceivedMail
from sakimori.notify.resending import contacts_for, resend
from tests.notify.mail_rows import fill_mails
from tests.people import NOW, People, make_ticket


@pytest.fixture
def desk(people: People, client: Client) -> Client:
    fill_mails(people.a.customer)
    client.force_login(people.dana)
    return client


def read(client: Client, name: str, *args: object, **query: str) -> str:
    return client.get(reverse(f"console:{name}", args=args), query).content.decode()


def bounced() -> Delivery:
    return Delivery.objects.get(address="bounced@a.example.jp")


def test_each_copy_is_listed_with_its_state_and_proof(desk: Client) -> None:
    text = read(desk, "mails")
    for words in ("送信待ち", "送信済み", "送信不能", "配信不能", "250 2.0.0 Ok: queued as 4Zx", "5.1.1 User unknown"):
        assert words in text


@pytest.mark.parametrize(
    ("query", "shown", "hidden"),
    [
        ({"state": "bounced"}, "bounced@", "accepted@"),
        ({"address": "REFUSED@"}, "refused@", "accepted@"),
        ({"state": "nonsense"}, "accepted@", "nothing@"),
    ],
)
def test_the_list_can_be_narrowed(desk: Client, query: dict[str, str], shown: str, hidden: str) -> None:
    text = read(desk, "mails", **query)
    assert f"<code>{shown}" in text
    assert f"<code>{hidden}" not in text


def test_one_copy_shows_its_text_files_and_what_came_back(desk: Client) -> None:
    text = read(desk, "mail", bounced().pk)
    for words in ("画面.png", "5.1.1 User unknown", "mail.example.jp:587", "再送する", "訂正 花子"):
        assert words in text
    assert "\u202e" not in text
    accepted = Delivery.objects.get(address="accepted@a.example.jp")
    assert "再送する" not in read(desk, "mail", accepted.pk)


def test_after_the_contact_is_corrected_the_copy_goes_again(people: People, desk: Client) -> None:
    contact = Contact.objects.get(email="new@a.example.jp")
    page = reverse("console:mail-resend", args=[bounced().pk])
    text = desk.post(page, {"contact": str(contact.pk)}, follow=True).content.decode()
    assert "訂正 花子 様へ再送します。" in text
    new = Delivery.objects.get(address="new@a.example.jp")
    assert (new.state, new.name) == (DeliveryState.QUEUED, "訂正 花子")
    assert new.mail_id not in Delivery.objects.exclude(pk=new.pk).values_list("mail_id", flat=True)
    assert (bounced().state, bounced().resent_to) == (DeliveryState.BOUNCED, "new@a.example.jp")
    assert AuditEntry.objects.get(action="mail.resend").actor == "dana"
    again = desk.post(page, {"contact": str(contact.pk)}, follow=True).content.decode()
    assert "再送先を選んでください" in again
    assert Delivery.objects.filter(address="new@a.example.jp").count() == 1


def test_to_the_same_address_it_keeps_its_message_id(people: People, desk: Client) -> None:
    contact = Contact.objects.create(customer=people.a.customer, name="花子", email="bounced@a.example.jp", priority=1)
    before = bounced().mail_id
    copy = resend(bounced(), contact=contact, by=people.dana, now=NOW)
    assert (copy.pk, copy.mail_id, copy.state, copy.attempts) == (bounced().pk, before, DeliveryState.QUEUED, 0)
    assert copy.bounce == ""


def test_a_strangers_contact_and_an_ended_contract_are_refused(people: People, desk: Client) -> None:
    stranger = Contact.objects.create(customer=people.b.customer, name="他社", email="x@b.example.jp", priority=1)
    with pytest.raises(NotPossible):
        resend(bounced(), contact=stranger, by=people.dana, now=NOW)
    own = contacts_for(bounced())[0]
    people.a.ends_on = day_of(NOW)
    people.a.save()
    with pytest.raises(NotPossible, match="有効な契約がない"):
        resend(bounced(), contact=own, by=people.dana, now=NOW)
    assert Delivery.objects.count() == 4


def test_two_people_who_send_it_again_at_once_send_it_once(people: People, desk: Client) -> None:
    first, second = bounced(), bounced()
    contact = contacts_for(first)[0]
    resend(first, contact=contact, by=people.dana, now=NOW)
    with pytest.raises(NotPossible):
        resend(second, contact=contact, by=people.dana, now=NOW)


def test_a_ticket_shows_who_has_its_mails(people: People, desk: Client) -> None:
    ticket = make_ticket(people.a)
    assert "送信メールの証跡" not in read(desk, "ticket", ticket.number)
    for customer, key in ((people.a.customer, "mine"), (people.b.customer, "foreign")):
        body = f"本文\n----------\nチケット番号: {ticket.number}\n契約番号: K"
        message = Message.objects.create(key=key, customer=customer, subject=key, body=body, written_at=NOW)
        Delivery.objects.create(
            message=message,
            name="花子",
            address=f"{key}@a.example.jp",
            mail_id=f"<{key}@x>",
            next_try_at=NOW,
            state=DeliveryState.ACCEPTED,
            accepted_at=NOW,
            answer="250 queued as 7",
        )
    text = read(desk, "ticket", ticket.number)
    for words in ("送信メールの証跡", "mine@a.example.jp", "250 queued as 7"):
        assert words in text
    assert "foreign@" not in text


def test_received_mails_say_whether_their_sender_is_proven(desk: Client) -> None:
    text = read(desk, "received")
    for words in ("確認済み", "確認できず", "確認中", "受信箱「ベンダーの通知」を読み取れません", "未処理"):
        assert words in text
    assert "配信不能として" not in read(desk, "received", box="vendor")
    assert "差出人を確認できない" not in read(desk, "received", proven="yes")


def test_a_received_mail_is_words_only(desk: Client) -> None:
    mail = ReceivedMail.objects.earliest("pk")
    answer = desk.get(reverse("console:received-mail", args=[mail.pk]))
    text = answer.content.decode()
    assert "&lt;script&gt;本文" in text
    assert "<script>本文" not in text
    assert "DKIM 署名（セレクター s1）を確認しました。" in text
    assert "\u202e" not in text


def test_nobody_but_the_soc_reads_them(people: People, desk: Client) -> None:
    other = Client()
    other.force_login(people.alice)
    for name, args in (("mails", []), ("received", []), ("mail", [bounced().pk])):
        assert other.get(reverse(f"console:{name}", args=args)).status_code in (302, 403, 404)
    assert desk.get(reverse("console:mail", args=[999_999])).status_code == 404


def test_long_lists_ask_the_database_a_fixed_number_of_times(
    people: People, desk: Client, django_assert_max_num_queries: object
) -> None:
    message = Delivery.objects.earliest("pk").message
    for number in range(60):
        Delivery.objects.create(
            message=message, name="x", address=f"{number}@a.example.jp", mail_id=f"<{number}@x>", next_try_at=NOW
        )
        ReceivedMail.objects.create(
            box="vendor",
            digest=f"x{number}",
            raw=b"x",
            received_at=utc_now() - timedelta(days=1),
            customer=people.a.customer,
        )
    for name in ("mails", "received"):
        with django_assert_max_num_queries(30):  # type: ignore[operator]
            read(desk, name)
