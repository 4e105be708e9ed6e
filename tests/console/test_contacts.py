"""Contacts on the desk and on the portal: seen, added, changed, moved, deactivated; every change recorded and told."""

from dataclasses import replace
from datetime import date, timedelta

import pytest
from django.conf import settings
from django.test import Client
from django.urls import reverse

from sakimori.accounts.models import SocRole
from sakimori.customers.models import AuditEntry, Contact, Contract, Customer
from sakimori.customers.queries import contacts_to_mail, without_night_contact
from sakimori.customers.secrets import open_details
from sakimori.lib.jst import day_of, utc_now
from sakimori.notify.callees import digits_of
from sakimori.notify.models import Delivery, Message
from tests.notify.provider import SECOND, SPEC, with_account
from tests.people import NOW, People, make_block, make_user
from tests.settings_change import with_config

TYPED = {
    "name": "港　直美",
    "kana": "みなと ナオミ",
    "email": "naomi@example.jp",
    "phone": "０３－０００0-3001",
    "phone_kind": "direct",
    "on_holidays": "on",
}
FACES = ("console", "portal")


@pytest.fixture
def customer(people: People) -> Customer:
    for priority in (1, 2):
        Contact.objects.create(
            customer=people.a.customer,
            name=f"連絡先{priority}",
            email=f"{priority}@example.jp",
            phone=f"03-0000-100{priority}",
            priority=priority,
        )
    return people.a.customer


@pytest.fixture
def faces(people: People) -> dict[str, Client]:
    found = {"console": Client(), "portal": Client()}
    found["console"].force_login(people.dana)
    found["portal"].force_login(people.alice)
    return found


def told() -> set[str]:
    """Who got the newest mail."""
    return set(Delivery.objects.filter(message=Message.objects.latest("pk")).values_list("address", flat=True))


@pytest.mark.parametrize("face", FACES)
def test_a_contact_is_added_in_its_plain_form_after_the_others(
    customer: Customer, faces: dict[str, Client], face: str
) -> None:
    answer = faces[face].post(reverse(f"{face}:contact-add", args=[customer.pk]), TYPED, follow=True)
    assert "すべての連絡先へメールでお知らせします" in answer.content.decode()
    contact = Contact.objects.get(email="naomi@example.jp")
    assert (contact.name, contact.kana, contact.phone) == ("港 直美", "ミナト ナオミ", "03-0000-3001")
    assert (contact.priority, contact.hours, contact.on_holidays, contact.hours_asked_on) == (3, "", True, None)
    entry = AuditEntry.objects.get(action="contact.add")
    assert entry.actor == ("dana" if face == "console" else "alice")
    assert told() == {"1@example.jp", "2@example.jp", "naomi@example.jp"}


@pytest.mark.parametrize("face", FACES)
@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"kana": ""}, "お電話する方のフリガナを入力してください。"),
        ({"kana": "minato"}, "フリガナは全角カタカナで"),
        ({"phone": "+1 202 555 0100"}, "日本国外の電話番号には発信できません。"),
        ({"phone": "12"}, "市外局番から入力してください"),
        ({"phone": "", "second_phone": "090-0000-0001"}, "1 番目の電話番号から"),
        ({"email": "1@EXAMPLE.jp"}, "連絡先1 様として登録済みです"),
        ({"email": "x"}, "メールアドレスの形式"),
        ({"hours": "昼間"}, "のようにご記入ください"),
    ],
)
def test_what_is_wrong_is_told_in_words_and_nothing_is_written(
    customer: Customer, faces: dict[str, Client], face: str, change: dict[str, str], sentence: str
) -> None:
    answer = faces[face].post(reverse(f"{face}:contact-add", args=[customer.pk]), {**TYPED, **change})
    assert sentence in answer.content.decode()
    assert Contact.objects.filter(customer=customer).count() == 2
    assert not Message.objects.exists()


def test_hours_need_the_written_request_on_the_desk(customer: Customer, faces: dict[str, Client]) -> None:
    contact = Contact.objects.get(email="1@example.jp")
    page = reverse("console:contact-change", args=[contact.pk])
    typed = {**TYPED, "email": "1@example.jp", "hours": "平日 9:00-18:00"}
    text = faces["console"].post(page, typed).content.decode()
    assert "書面が必要です" in text
    assert "書面の受付者を入力してください" in text
    more = {"hours_asked_on": "2026-11-20", "hours_received_by": "高橋", "hours_note": "11/20 のメール"}
    faces["console"].post(page, {**typed, **more})
    contact.refresh_from_db()
    assert (contact.hours, contact.hours_asked_on) == ("月-金 09:00-18:00", date(2026, 11, 20))
    shown = faces["console"].get(reverse("console:contacts", args=[customer.pk])).content.decode()
    assert "2026/11/20 書面（受付：高橋）" in shown
    faces["console"].post(page, {**typed, "hours": "24時間", **more})
    contact.refresh_from_db()
    assert (contact.hours, contact.hours_asked_on, contact.hours_received_by) == ("", None, "")


def test_hours_typed_on_the_portal_are_a_written_request(customer: Customer, faces: dict[str, Client]) -> None:
    contact = Contact.objects.get(email="1@example.jp")
    page = reverse("portal:contact-change", args=[contact.pk])
    faces["portal"].post(page, {**TYPED, "email": "1@example.jp", "hours": "平日 9:00-18:00"})
    contact.refresh_from_db()
    assert (contact.hours_asked_on is not None, contact.hours_received_by) == (True, "MSS ポータル")


@pytest.mark.parametrize("face", FACES)
def test_a_change_names_the_columns_but_no_number_and_the_old_address_is_told_too(
    customer: Customer, faces: dict[str, Client], face: str
) -> None:
    contact = Contact.objects.get(email="1@example.jp")
    Contact.objects.filter(pk=contact.pk).update(proven_at=NOW, failed_at=NOW)
    faces[face].post(reverse(f"{face}:contact-change", args=[contact.pk]), TYPED)
    contact.refresh_from_db()
    assert (contact.name, contact.proven_at, contact.failed_at) == ("港 直美", None, None)
    body = Message.objects.get().body
    assert "変更した項目：氏名、フリガナ、メールアドレス、電話番号" in body
    assert f"変更した方：{'SOC' if face == 'console' else '佐藤 愛'}" in body
    assert "3001" not in body
    assert told() == {"1@example.jp", "2@example.jp", "naomi@example.jp"}
    entry = AuditEntry.objects.get(action="contact.change")
    assert "3001" in str(open_details(customer, entry.sealed_details, place=f"audit:{entry.target}"))
    faces[face].post(reverse(f"{face}:contact-change", args=[contact.pk]), TYPED)
    assert Message.objects.count() == 1, "nothing differs"


@pytest.mark.parametrize("face", FACES)
def test_nobody_is_removed_in_silence_and_one_always_remains(
    customer: Customer, faces: dict[str, Client], face: str
) -> None:
    first, second = Contact.objects.order_by("priority")
    page = reverse(f"{face}:contact-stop", args=[first.pk])
    assert "ご本人を含むすべての連絡先へ" in faces[face].get(page).content.decode()
    faces[face].post(page)
    assert told() == {"1@example.jp", "2@example.jp"}
    assert list(contacts_to_mail(customer)) == [second]
    text = faces[face].post(reverse(f"{face}:contact-stop", args=[second.pk]), follow=True).content.decode()
    assert "連絡先は 1 名以上必要です" in text
    assert list(contacts_to_mail(customer)) == [second]
    faces[face].post(reverse(f"{face}:contact-start", args=[first.pk]))
    assert len(contacts_to_mail(customer)) == 2


@pytest.mark.parametrize("face", FACES)
def test_the_order_is_changed_one_place_at_a_time(customer: Customer, faces: dict[str, Client], face: str) -> None:
    first, second = Contact.objects.order_by("priority")
    faces[face].post(reverse(f"{face}:contact-move", args=[first.pk]), {"to": "later"})
    assert list(Contact.objects.order_by("priority")) == [second, first]
    faces[face].post(reverse(f"{face}:contact-move", args=[first.pk]), {"to": "later"})
    assert list(Contact.objects.order_by("priority")) == [second, first]
    faces[face].post(reverse(f"{face}:contact-move", args=[first.pk]), {"to": "earlier"})
    assert list(Contact.objects.order_by("priority")) == [first, second]
    assert Message.objects.count() == 2


@pytest.mark.parametrize("face", FACES)
def test_a_deputy_is_mailed_and_shown_in_the_order_while_it_is_his_time(
    customer: Customer, faces: dict[str, Client], face: str
) -> None:
    first = Contact.objects.get(priority=1)
    now = utc_now()
    times = {
        "valid_from": f"{now - timedelta(days=1):%Y-%m-%dT%H:%M}",
        "valid_until": f"{now + timedelta(days=9):%Y-%m-%dT%H:%M}",
    }
    faces[face].post(reverse(f"{face}:contact-deputy", args=[first.pk]), {**TYPED, **times})
    deputy = Contact.objects.get(email="naomi@example.jp")
    assert (deputy.stands_for, deputy.priority) == (first, 1)
    assert deputy in contacts_to_mail(customer, now)
    assert deputy not in contacts_to_mail(customer, now + timedelta(days=30))
    address = reverse("portal:contacts") if face == "portal" else reverse("console:contacts", args=[customer.pk])
    order = faces[face].get(address).content.decode().split("に電話する順番")[1].split("</table>")[0]
    assert "連絡先1 様の代理" in order
    assert "03-0000-1001" not in order
    assert order.index("港 直美") < order.index("連絡先2")


def test_a_reader_sees_and_does_not_change(people: People, customer: Customer) -> None:
    client = Client()
    client.force_login(people.bob)
    text = client.get(reverse("portal:contacts")).content.decode()
    assert "いまの時間" in text
    assert "03-0000-0000" in text, "the number that we call from"
    assert "連絡先を追加する" not in text
    contact = Contact.objects.get(priority=1)
    for name, key in (("contact-add", customer.pk), ("contact-change", contact.pk), ("contact-stop", contact.pk)):
        assert client.post(reverse(f"portal:{name}", args=[key]), TYPED).status_code == 403
    assert client.post(reverse("portal:contact-move", args=[contact.pk]), {"to": "later"}).status_code == 403
    assert Contact.objects.count() == 2


def test_the_number_that_a_phone_shows_is_announced(
    people: People, customer: Customer, faces: dict[str, Client]
) -> None:
    """A machine calls from the provider's number, a person from the desk's: who knows one rejects the other."""
    pages = {"portal": reverse("portal:contacts"), "console": reverse("console:drill", args=[customer.pk])}
    with with_config(phone_account="AC0", phone_token="0", phone_caller="+815000000000"):
        for face, address in pages.items():
            text = faces[face].get(address).content.decode()
            assert '<strong class="phone">050-0000-0000</strong> または <strong class="phone">03-0000-0000' in text


def test_a_stranger_finds_nothing(people: People, customer: Customer) -> None:
    client = Client()
    client.force_login(people.charlie)
    contact = Contact.objects.get(priority=1)
    assert "連絡先1" not in client.get(reverse("portal:contacts")).content.decode()
    for name, key in (("contact-add", customer.pk), ("contact-change", contact.pk), ("contact-deputy", contact.pk)):
        assert client.get(reverse(f"portal:{name}", args=[key])).status_code == 404
        assert client.get(reverse(f"console:{name}", args=[key])).status_code == 404


def test_the_special_note_is_shown_before_calls_blocks_and_restores(
    people: People, customer: Customer, faces: dict[str, Client]
) -> None:
    desk = faces["console"]
    note = {"special_note": "夜間は守衛室\n<b>へ</b>"}
    desk.post(reverse("console:customer-note", args=[customer.pk]), note)
    assert AuditEntry.objects.filter(action="customer.note").count() == 1
    desk.post(reverse("console:customer-note", args=[customer.pk]), note)
    assert AuditEntry.objects.filter(action="customer.note").count() == 1
    block = make_block(people.a)
    for page in (
        reverse("console:contacts", args=[customer.pk]),
        reverse("console:block", args=[block.pk]),
        reverse("console:restore", args=[block.pk]),
        reverse("console:call-list"),
    ):
        text = desk.get(page).content.decode()
        assert "夜間は守衛室" in text, page
        assert "&lt;b&gt;へ" in text, page


def test_who_has_nobody_at_night_is_found_and_marked(customer: Customer, faces: dict[str, Client]) -> None:
    now = utc_now()
    names = [row.name for row in without_night_contact(now)]
    assert names == ["有限会社もみじ堂"]
    Contact.objects.update(hours="月-金 09:00-18:00")
    assert customer in without_night_contact(now)
    page = faces["console"].get(reverse("console:customers")).content.decode()
    assert "夜間の連絡先がありません" in page
    Contact.objects.filter(priority=2).update(hours="")
    assert customer not in without_night_contact(now)
    Contact.objects.filter(priority=2).update(failed_at=now)
    assert customer in without_night_contact(now), "a dead number reaches nobody"


def test_the_printed_list_asks_the_database_a_fixed_number_of_times(
    people: People, customer: Customer, faces: dict[str, Client], django_assert_max_num_queries: object
) -> None:
    for number in range(10):
        Contact.objects.create(
            customer=people.b.customer,
            name="花子",
            email=f"b{number}@example.jp",
            phone="03-0000-2001",
            priority=number,
        )
    with django_assert_max_num_queries(12):  # type: ignore[operator]
        text = faces["console"].get(reverse("console:call-list")).content.decode()
    assert text.count("03-0000-2001") == 10


def test_a_manager_may_do_what_an_analyst_may(customer: Customer, people: People) -> None:
    client = Client()
    client.force_login(make_user("boss", "黒田", "誠", soc_role=SocRole.MANAGER))
    assert client.post(reverse("console:contact-add", args=[customer.pk]), TYPED).status_code == 302


@pytest.mark.parametrize("face", FACES)
def test_an_extension_goes_into_the_note_and_a_person_dials(
    customer: Customer, faces: dict[str, Client], face: str
) -> None:
    typed = TYPED | {"phone": "０３-0000-3001（内線 １２）", "phone_note": "交換台で"}
    faces[face].post(reverse(f"{face}:contact-add", args=[customer.pk]), typed)
    contact = Contact.objects.get(email="naomi@example.jp")
    assert (contact.phone, contact.phone_kind, contact.phone_note) == ("03-0000-3001", "person", "内線 12。交換台で")


@pytest.mark.parametrize("face", FACES)
def test_a_second_number_has_to_be_a_direct_one(customer: Customer, faces: dict[str, Client], face: str) -> None:
    typed = TYPED | {"second_phone": "03-0000-3002 内線 12"}
    answer = faces[face].post(reverse(f"{face}:contact-add", args=[customer.pk]), typed)
    assert "内線（12）のある番号には、人が電話をかけます。" in answer.content.decode()
    assert Contact.objects.count() == 2


@pytest.mark.parametrize("face", FACES)
def test_a_number_that_may_not_be_reached_is_taken_with_a_warning(
    customer: Customer, faces: dict[str, Client], face: str
) -> None:
    typed = TYPED | {"phone": "0570-000-000"}
    answer = faces[face].post(reverse(f"{face}:contact-add", args=[customer.pk]), typed, follow=True)
    assert "0570-000-000：ナビダイヤル（0570）は、発信サービスからつながらないことがあり" in answer.content.decode()
    contact = Contact.objects.get(email="naomi@example.jp")
    again = faces[face].get(reverse(f"{face}:contact-change", args=[contact.pk])).content.decode()
    assert "ナビダイヤル（0570）は" in again


def test_countries_that_the_setting_allows_are_taken_and_dialled_as_stored(
    customer: Customer, faces: dict[str, Client], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(settings, "CONFIG", replace(settings.CONFIG, phone_countries=("JP", "US")))
    address = reverse("portal:contact-add", args=[customer.pk])
    faces["portal"].post(address, TYPED | {"phone": "+1 202-555-0100"})
    assert digits_of(Contact.objects.get(email="naomi@example.jp").phone) == "+12025550100"
    refused = faces["portal"].post(address, TYPED | {"email": "x@example.jp", "phone": "+82-2-0000-0000"})
    assert "発信が許可されていない国の電話番号です。（許可：JP、US）" in refused.content.decode()


@pytest.mark.parametrize("face", FACES)
def test_nothing_changes_after_the_contract_has_ended(
    customer: Customer, faces: dict[str, Client], face: str, people: People
) -> None:
    first = Contact.objects.get(priority=1)
    Contact.objects.filter(priority=2).update(active=False)
    Contract.objects.filter(customer=customer).update(ends_on=day_of(utc_now()))
    before = list(Contact.objects.order_by("pk").values())
    asked = {
        "contact-add": (customer.pk, TYPED),
        "contact-change": (first.pk, TYPED),
        "contact-move": (first.pk, {"to": "later"}),
        "contact-stop": (first.pk, {}),
        "contact-start": (Contact.objects.get(priority=2).pk, {}),
    }
    for name, (key, typed) in asked.items():
        answer = faces[face].post(reverse(f"{face}:{name}", args=[key]), typed, follow=True)
        assert "ご契約が終了しているため、連絡先は変更できません。" in answer.content.decode(), name
    assert list(Contact.objects.order_by("pk").values()) == before
    assert not Message.objects.exists()


@pytest.mark.parametrize(("accounts", "shown"), [(0, ["03-0000-0000"]), (2, ["050-0000-0000", "050-0000-0009"])])
def test_every_number_from_which_we_call_is_announced(
    customer: Customer, faces: dict[str, Client], monkeypatch: pytest.MonkeyPatch, accounts: int, shown: list[str]
) -> None:
    config = replace(settings.CONFIG, soc_phone="03-0000-0000")
    monkeypatch.setattr(settings, "CONFIG", with_account(config, SPEC, SECOND) if accounts else config)
    for client, address in (
        (faces["portal"], reverse("portal:contacts")),
        (faces["console"], reverse("console:contacts", args=[customer.pk])),
        (faces["console"], reverse("console:drill", args=[customer.pk])),
    ):
        text = client.get(address).content.decode()
        numbers = [f'<strong class="phone">{number}</strong>' for number in (*shown, "03-0000-0000")]
        assert [number for number in numbers if number not in text] == [], address
