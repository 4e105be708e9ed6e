"""Importing a hearing sheet: the plan tells all, confirming does it once, and the same sheet again changes nothing."""

from datetime import date, timedelta

import pytest
from django.db import IntegrityError

from sakimori.accounts.models import User
from sakimori.customers import importing, sheet
from sakimori.customers.models import (
    Applicant,
    AuditEntry,
    Contact,
    Contract,
    Customer,
    Member,
    MemberRole,
    RegisteredNetwork,
    SheetDraft,
    Site,
)
from sakimori.customers.queries import contacts_to_call, contacts_to_mail
from sakimori.customers.secrets import open_details
from sakimori.customers.sheet_plan import Fate, Plan, plan
from tests.customers.sheets import filled
from tests.japanese.text import japanese_or_allowed
from tests.people import NOW, People, make_member, make_people

pytestmark = pytest.mark.django_db
TODAY = date(2026, 11, 23)


@pytest.fixture
def people() -> People:
    return make_people()


def planned(content: bytes) -> Plan:
    found = sheet.read(content)
    assert found.sheet is not None, found.errors
    return plan(found.sheet, today=TODAY)


def draft_of(content: bytes, by: User) -> SheetDraft:
    return importing.keep_draft(content, file_name="みなと.xlsx", by=by, now=NOW)


def do(content: bytes, by: User) -> Customer:
    draft = draft_of(content, by)
    return importing.import_draft(draft, mark=planned(content).mark, by=by, now=NOW)


def fates(content: bytes) -> dict[str, Fate]:
    return {f"{change.what} {change.name}": change.fate for change in planned(content).changes}


def test_a_new_customer_is_made_whole(people: People) -> None:
    customer = do(filled(), people.dana)
    assert (customer.number, customer.name) == ("C-0003", "株式会社みなと商会")
    assert customer.sealed_key
    contract = Contract.objects.get(customer=customer)
    assert (contract.number, contract.starts_on, contract.plan_mbps) == ("K-2026-0003", date(2026, 10, 1), 20)
    assert (contract.keeps_logs, contract.has_load_balancing, contract.keeps_access_lines) == (True, False, False)
    site = Site.objects.get(contract=contract)
    assert (site.domain, site.vendor_site_id, site.reachable, site.watched) == (
        "www.minato.example.jp",
        9301,
        True,
        False,
    )
    assert (site.probe_url, site.expected_text) == ("https://www.minato.example.jp/shop/", "みなと商会")
    assert [contact.name for contact in contacts_to_mail(customer)] == ["港 直美", "夜間窓口"]
    assert [contact.kana for contact in contacts_to_call(customer)] == ["ミナト ナオミ"]
    assert [(row.name, row.role) for row in Applicant.objects.filter(customer=customer)] == [("港 直美", "admin")]
    assert not Member.objects.filter(customer=customer).exists()
    assert RegisteredNetwork.objects.get(customer=customer).network == "192.0.2.0/28"


def test_the_import_is_recorded_with_its_changes_sealed(people: People) -> None:
    customer = do(filled(), people.dana)
    entry = AuditEntry.objects.get(action="customer.import")
    assert (entry.actor, entry.target, entry.customer_number) == ("dana", f"customer:{customer.pk}", "C-0003")
    assert "naomi" not in entry.sealed_details
    details = open_details(customer, entry.sealed_details, place=f"audit:{entry.target}")
    assert details["file"] == "みなと.xlsx"
    assert "naomi@minato.example.jp" in str(details["changes"])


def test_a_draft_is_imported_once_and_its_content_forgotten(people: People) -> None:
    draft = draft_of(filled(), people.dana)
    mark = planned(filled()).mark
    first = importing.import_draft(draft, mark=mark, by=people.dana, now=NOW)
    assert importing.import_draft(draft, mark=mark, by=people.dana, now=NOW) == first
    draft.refresh_from_db()
    assert bytes(draft.content) == b""
    assert AuditEntry.objects.filter(action="customer.import").count() == 1
    assert Customer.objects.filter(number="C-0003").count() == 1


def test_the_same_sheet_again_changes_nothing(people: People) -> None:
    do(filled(), people.dana)
    assert set(fates(filled()).values()) == {Fate.SAME}
    before = list(Contact.objects.order_by("pk").values())
    do(filled(), people.dana)
    assert list(Contact.objects.order_by("pk").values()) == before
    assert Site.objects.filter(contract__number="K-2026-0003").count() == 1


CHANGED = filled(
    answers={"お客様名": "みなと商会ホールディングス株式会社", "契約帯域 (Mbps)": 50},
    サイト=[
        ["shop.minato.example.jp", 9301, "はい", "はい", None, None],
        ["new.minato.example.jp", 9302],
    ],
    連絡先=[
        [2, "港 直美", "ミナト ナオミ", "03-0000-3009", "NAOMI@minato.example.jp"],
        [1, "岸 太郎", None, "03-0000-3002", "taro@minato.example.jp"],
    ],
    ポータル利用者=[["岸 太郎", "閲覧者"]],
    登録済みアドレス=[["198.51.100.1", "支社"]],
)


def test_a_changed_sheet_is_told_line_by_line(people: People) -> None:
    do(filled(), people.dana)
    assert fates(CHANGED) == {
        "お客様 みなと商会ホールディングス株式会社": Fate.CHANGE,
        "契約 K-2026-0003": Fate.CHANGE,
        "サイト shop.minato.example.jp": Fate.CHANGE,
        "サイト new.minato.example.jp": Fate.ADD,
        "連絡先 港 直美": Fate.CHANGE,
        "連絡先 岸 太郎": Fate.ADD,
        "連絡先 夜間窓口": Fate.STOP,
        "ポータル利用者 岸 太郎": Fate.ADD,
        "ポータル利用者 港 直美": Fate.LEFT,
        "登録済みアドレス 198.51.100.1": Fate.ADD,
        "登録済みアドレス 192.0.2.0/28": Fate.LEFT,
    }
    contract = planned(CHANGED).contract
    assert [(one.label, one.before, one.after) for one in contract.differences] == [("契約帯域 (Mbps)", "20", "50")]
    site = next(change for change in planned(CHANGED).lines if change.name == "shop.minato.example.jp")
    assert ("平常時の計測", "いいえ", "はい") in [(one.label, one.before, one.after) for one in site.differences]
    assert ("表示されるべき文言", "みなと商会", "―") in [(one.label, one.before, one.after) for one in site.differences]


def test_a_changed_sheet_changes_rows_and_deletes_none(people: People) -> None:
    customer = do(filled(), people.dana)
    site = Site.objects.get(vendor_site_id=9301)
    do(CHANGED, people.dana)
    customer.refresh_from_db()
    assert customer.name == "みなと商会ホールディングス株式会社"
    site.refresh_from_db()
    assert site.domain == "shop.minato.example.jp"
    assert [contact.name for contact in contacts_to_call(customer)] == ["岸 太郎", "港 直美"]
    assert not Contact.objects.get(email="night@minato.example.jp").active
    assert {row.network for row in customer.networks.all()} == {"192.0.2.0/28", "198.51.100.1"}
    assert {row.name for row in customer.applicants.all()} == {"港 直美", "岸 太郎"}


def test_a_contact_that_comes_back_is_active_again(people: People) -> None:
    do(filled(), people.dana)
    do(CHANGED, people.dana)
    assert fates(filled())["連絡先 夜間窓口"] == Fate.CHANGE
    do(filled(), people.dana)
    assert Contact.objects.get(email="night@minato.example.jp").active
    assert fates(CHANGED)["連絡先 夜間窓口"] == Fate.STOP


def test_a_user_who_was_issued_keeps_his_login_and_gets_another_role(people: People) -> None:
    customer = do(filled(ポータル利用者=[]), people.dana)
    contract = customer.contracts.get()
    make_member(contract, "c-0003-01", "港", "直美", role=MemberRole.READER)
    found = next(change for change in planned(filled()).lines if change.what == "ポータル利用者")
    assert [(one.label, one.before, one.after) for one in found.differences] == [("権限", "閲覧者", "管理者")]
    do(filled(), people.dana)
    assert Member.objects.get(customer=customer).role == MemberRole.ADMIN
    assert not Applicant.objects.exists()
    assert fates(filled(ポータル利用者=[]))["ポータル利用者 港 直美"] == Fate.LEFT


def test_a_contract_of_another_customer_is_an_obstacle(people: People) -> None:
    found = planned(filled(answers={"契約番号": "K-A-001"}))
    assert found.obstacles == ("契約番号 K-A-001 は、ほかのお客様（C-A）の契約です。",)


def test_a_cancelled_contract_is_an_obstacle_from_its_last_day_on(people: People) -> None:
    do(filled(), people.dana)
    Contract.objects.filter(number="K-2026-0003").update(ends_on=TODAY + timedelta(days=1))
    assert planned(filled()).obstacles == ()
    Contract.objects.filter(number="K-2026-0003").update(ends_on=TODAY)
    assert planned(filled()).obstacles == ("契約 K-2026-0003 は解約済みのため、取り込めません。",)


def test_a_site_of_another_contract_is_an_obstacle(people: People) -> None:
    content = filled(サイト=[["www.minato.example.jp", ord("A")]])
    assert planned(content).obstacles == ("サイトID 65 は、契約 K-A-001 に登録済みです。",)
    with pytest.raises(importing.NotPossible):
        do(content, people.dana)
    assert not Customer.objects.filter(number="C-0003").exists()


def test_a_site_of_a_contract_that_has_ended_may_be_registered_anew(people: People) -> None:
    Contract.objects.filter(pk=people.a.pk).update(ends_on=TODAY)
    assert planned(filled(サイト=[["www.minato.example.jp", ord("A")]])).obstacles == ()


def test_two_at_the_same_moment_are_told_in_words(people: People, monkeypatch: pytest.MonkeyPatch) -> None:
    def collide(*_: object) -> None:
        raise IntegrityError("UNIQUE constraint failed: customers_customer.number")

    monkeypatch.setattr(importing, "_write", collide)
    with pytest.raises(importing.NotPossible, match="重なりました"):
        do(filled(), people.dana)
    assert bytes(SheetDraft.objects.get().content)


def test_contacts_without_any_phone_are_a_warning(people: People) -> None:
    assert planned(filled()).warnings == ()
    content = filled(連絡先=[[1, "夜間窓口", None, None, "night@minato.example.jp"]])
    assert "電話番号のある連絡先がありません" in planned(content).warnings[0]


def test_what_was_not_shown_is_not_done(people: People) -> None:
    draft, mark = draft_of(filled(), people.dana), planned(filled()).mark
    do(CHANGED, people.dana)
    with pytest.raises(importing.NotPossible, match="もう一度ご確認ください"):
        importing.import_draft(draft, mark=mark, by=people.dana, now=NOW)
    assert Customer.objects.get(number="C-0003").name == "みなと商会ホールディングス株式会社"


def test_a_draft_that_is_no_sheet_is_refused(people: People) -> None:
    with pytest.raises(importing.NotPossible):
        importing.import_draft(draft_of(b"x", people.dana), mark="", by=people.dana, now=NOW)


def test_half_an_import_is_no_import(people: People, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> None:
        raise RuntimeError("the disk is full")

    monkeypatch.setattr(importing.audit, "record", fail)
    with pytest.raises(RuntimeError):
        do(filled(), people.dana)
    assert not Customer.objects.filter(number="C-0003").exists()
    assert not Site.objects.filter(vendor_site_id=9301).exists()
    assert bytes(SheetDraft.objects.get().content)


def test_every_fate_has_a_japanese_word() -> None:
    assert [fate for fate in Fate if not japanese_or_allowed(fate)] == []


def test_drafts_are_forgotten_after_a_day(people: People) -> None:
    draft_of(filled(), people.dana)
    assert importing.forget_drafts(now=NOW + importing.DRAFT_LIFE) == 0
    assert importing.forget_drafts(now=NOW + importing.DRAFT_LIFE + timedelta(seconds=1)) == 1
    assert not SheetDraft.objects.exists()
