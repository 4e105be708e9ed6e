"""What hearing sheets ask for since contacts have hours: new columns, cell by cell; sheets of before still import."""

from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from django.conf import settings
from openpyxl import Workbook

from sakimori.accounts.models import SocRole, User
from sakimori.customers import importing, sheet
from sakimori.customers.models import Contact, Customer
from sakimori.customers.sheet_plan import Plan, plan
from tests.customers.sheets import edited, filled, sentences
from tests.people import NOW, make_user

pytestmark = pytest.mark.django_db
NEWER = ("電話の種類", "かけ方", "2 番目の電話番号", "電話できる時間帯", "祝日の電話", "担当サイト")
_FIRST = [1, "港 直美", "ミナト ナオミ", "03-0000-3001", "naomi@minato.example.jp"]


@pytest.fixture
def dana() -> User:
    return make_user("dana", "高橋", "棚子", soc_role=SocRole.ANALYST)


def with_contact(*more: object, **answers: object) -> bytes:
    return filled(answers=answers, 連絡先=[[*_FIRST, *more]])


def old_sheet() -> bytes:
    """As it was handed out before: without the new columns and the special note."""

    def cut(book: Workbook) -> None:
        page: Any = book["連絡先"]
        page.delete_cols(6, len(NEWER))
        form: Any = book["契約"]
        row = next(row for row in range(1, form.max_row + 1) if form.cell(row, 1).value == "特記事項")
        form.delete_rows(row)

    return edited(cut)


def planned(content: bytes) -> Plan:
    found = sheet.read(content)
    assert found.sheet is not None, found.errors
    return plan(found.sheet, today=date(2026, 11, 23))


def do(content: bytes, by: User) -> Customer:
    draft = importing.keep_draft(content, file_name="x.xlsx", by=by, now=NOW)
    return importing.import_draft(draft, mark=planned(content).mark, by=by, now=NOW)


def test_everything_that_can_be_said_of_a_contact_is_imported(dana: User) -> None:
    more = ("代表・内線・音声案内", "内線 12", "090-0000-0001", "平日 9:00-18:00", "いいえ", "www.minato.example.jp")
    customer = do(with_contact(*more, 特記事項="夜間は守衛室へ。"), dana)
    contact = Contact.objects.get(customer=customer)
    assert customer.special_note == "夜間は守衛室へ。"
    assert (contact.phone_kind, contact.phone_note, contact.second_phone) == ("person", "内線 12", "090-0000-0001")
    assert (contact.hours, contact.on_holidays) == ("月-金 09:00-18:00", False)
    assert (contact.hours_asked_on, contact.hours_received_by) == (date(2026, 11, 23), "ヒアリングシート")
    assert [site.domain for site in contact.sites.all()] == ["www.minato.example.jp"]
    again = planned(with_contact(*more, 特記事項="夜間は守衛室へ。"))
    assert {change.fate.name for change in again.changes} == {"SAME"}


def test_the_preview_tells_the_new_columns_in_words(dana: User) -> None:
    do(filled(), dana)
    found = planned(with_contact("代表・内線・音声案内", "", "", "平日 9:00-18:00", "", "www.minato.example.jp"))
    told = {
        difference.label: (difference.before, difference.after)
        for change in found.changes
        if change.name == "港 直美"
        for difference in change.differences
    }
    assert told["電話の種類"] == ("直通・携帯", "代表・内線・音声案内")
    assert told["電話できる時間帯"] == ("―", "月-金 09:00-18:00")
    assert told["担当サイト"] == ("すべて", "www.minato.example.jp")


def test_a_sheet_of_before_still_imports_and_leaves_alone_what_it_does_not_know(dana: User) -> None:
    customer = do(old_sheet(), dana)
    Contact.objects.filter(email="naomi@minato.example.jp").update(hours="月 09:00-10:00", phone_kind="person")
    Customer.objects.update(special_note="守衛室へ")
    do(old_sheet(), dana)
    contact = Contact.objects.get(email="naomi@minato.example.jp")
    customer.refresh_from_db()
    assert (contact.hours, contact.phone_kind, customer.special_note) == ("月 09:00-10:00", "person", "守衛室へ")


def test_an_empty_cell_does_not_wipe_out_the_special_note(dana: User) -> None:
    customer = do(filled(), dana)
    Customer.objects.update(special_note="守衛室へ")
    do(filled(), dana)
    customer.refresh_from_db()
    assert customer.special_note == "守衛室へ"


def test_what_is_wrong_is_told_cell_by_cell() -> None:
    wrong = with_contact("携帯", "い" * 201, 9000000001, "昼間", "たぶん", "www.minato.example.jp、other.example.jp")
    told = sentences(wrong)
    assert [sentence.partition(": ")[0] for sentence in told] == [f"「連絡先」シート {letter}4" for letter in "FGHIJ"]
    assert "先頭の 0" in told[2]
    assert "のようにご記入ください" in told[3]
    [foreign] = sentences(with_contact("", "", "", "", "", "www.minato.example.jp、other.example.jp"))
    assert foreign == "「連絡先」シート K4: 「担当サイト」の other.example.jp が「サイト」シートにありません。"


def test_a_name_that_could_not_be_spoken_is_a_warning() -> None:
    found = planned(filled(連絡先=[[1, "港 直美", None, "03-0000-3001", "naomi@minato.example.jp"]]))
    assert any("フリガナのない方がいます（港 直美）" in warning for warning in found.warnings)


def test_a_deputy_whom_the_sheet_does_not_name_stays_and_one_it_names_becomes_a_contact(dana: User) -> None:
    customer = do(filled(), dana)
    whose = Contact.objects.get(email="naomi@minato.example.jp")
    deputy = Contact.objects.create(
        customer=customer,
        name="代理",
        email="d@minato.example.jp",
        priority=1,
        stands_for=whose,
        valid_from=NOW,
        valid_until=NOW,
    )
    do(filled(), dana)
    deputy.refresh_from_db()
    assert (deputy.active, deputy.stands_for) == (True, whose)
    do(filled(連絡先=[_FIRST, [2, "代理", None, None, "d@minato.example.jp"]]), dana)
    deputy.refresh_from_db()
    assert (deputy.active, deputy.stands_for) == (True, None)


def phoned(phone: str, second: str = "") -> bytes:
    """A sheet whose contact has these numbers."""
    return filled(連絡先=[[*_FIRST[:3], phone, _FIRST[4], None, None, second]])


def test_an_extension_goes_into_the_note_and_a_person_dials(dana: User) -> None:
    do(phoned("03-0000-3001（内線 12）"), dana)
    contact = Contact.objects.get()
    assert (contact.phone, contact.phone_kind, contact.phone_note) == ("03-0000-3001", "person", "内線 12")
    again = planned(phoned("03-0000-3001 内線 12"))
    assert {change.fate.name for change in again.changes} == {"SAME"}


def test_a_number_that_we_may_not_dial_is_an_obstacle_with_its_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    abroad = "+1-202-555-0100"
    assert (
        "港 直美 様の電話番号 +1-202-555-0100：日本国外の電話番号には発信できません。"
        in planned(phoned(abroad)).obstacles
    )
    with_extension = planned(phoned("03-0000-3001", "03-0000-3002 内線 1")).obstacles
    assert with_extension == (
        "港 直美 様の電話番号 03-0000-3002 内線 1：内線（1）のある番号には、人が電話をかけます。",
    )
    monkeypatch.setattr(settings, "CONFIG", replace(settings.CONFIG, phone_countries=("JP", "US")))
    assert planned(phoned(abroad)).obstacles == ()


def test_a_number_that_may_not_be_reached_is_a_warning_in_the_preview() -> None:
    assert planned(phoned("0120-000-000")).warnings == (
        "港 直美 様の電話番号 0120-000-000：フリーダイヤル（0120）は、発信サービスからつながらないことがあります。",
    )
