"""お客様 on the console: the list, the hearing sheet from upload to import, the connection to the vendor, people."""

from collections.abc import Callable
from io import BytesIO
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from openpyxl import load_workbook

from sakimori import backends
from sakimori.accounts.models import SocRole, User
from sakimori.customers import importing
from sakimori.customers.models import Applicant, AuditEntry, Contact, Contract, Customer, SheetDraft, VendorAccount
from sakimori.customers.secrets import open_vendor_key, token_digest
from sakimori.customers.sheet import LARGEST_BYTES
from sakimori.waf.memory import MemoryFault, MemoryVendor
from tests.customers.sheets import filled
from tests.japanese.text import foreign_texts
from tests.people import NOW, People, make_user

PERSONS = ("alice", "bob", "charlie", "dana")


@pytest.fixture
def desk(people: People, client: Client) -> Client:
    client.force_login(people.dana)
    return client


def upload(client: Client, content: bytes) -> Any:
    file = SimpleUploadedFile("みなと.xlsx", content)
    return client.post(reverse("console:sheet-upload"), {"file": file}, follow=True)


def text(answer: Any) -> str:
    return str(answer.content.decode())


def test_only_the_desk_sees_customers(people: People, client: Client) -> None:
    draft = importing.keep_draft(filled(), file_name="x", by=people.dana, now=NOW)
    pages = {
        "customers": [],
        "customer": [people.a.customer.pk],
        "sheet-upload": [],
        "sheet-template": [],
        "sheet-preview": [draft.pk],
        "user-issue": [people.a.customer.pk],
        "user-reissue": [people.bob.memberships.get().pk],
        "user-stop": [people.bob.memberships.get().pk],
        "connection": [people.a.pk],
    }
    for name, arguments in pages.items():
        address = reverse(f"console:{name}", args=arguments)
        assert client.get(address).headers["Location"].startswith(reverse("account_login"))
        for person in PERSONS:
            client.force_login(getattr(people, person))
            assert client.get(address).status_code == (200 if person == "dana" else 404), (name, person)
        client.logout()


@pytest.mark.parametrize("name", ["customer", "sheet-preview", "user-issue", "user-reissue", "user-stop", "connection"])
def test_what_does_not_exist_is_not_found(name: str, desk: Client) -> None:
    assert desk.get(reverse(f"console:{name}", args=[10**6])).status_code == 404


def test_customers_whom_nobody_could_tell_stand_out(people: People, desk: Client) -> None:
    Contact.objects.create(customer=people.a.customer, name="甲", email="a@example.jp", priority=1)
    page = text(desk.get(reverse("console:customers")))
    assert "電話の連絡先がありません" in page
    assert "メール 1 名・電話 0 名" in page
    assert "連絡先がありません" in text(desk.get(reverse("console:customer", args=[people.b.customer.pk])))
    Contact.objects.update(phone="03-0000-0001", active=False)
    rows = text(desk.get(reverse("console:customers"))).partition("<main")[2]
    assert rows.count("badge trouble") == 2
    Contact.objects.update(active=True)
    assert text(desk.get(reverse("console:customers"))).partition("<main")[2].count("badge trouble") == 1


def test_the_list_needs_few_queries(
    people: People, desk: Client, django_assert_max_num_queries: Callable[[int], Any]
) -> None:
    for number in range(20):
        customer = Customer.objects.create(number=f"C-{number}", name="株式会社", created_at=NOW)
        Contract.objects.create(customer=customer, number=f"K-{number}", starts_on=NOW.date())
    with django_assert_max_num_queries(10):
        assert "C-19" in text(desk.get(reverse("console:customers")))


def test_a_cancelled_contract_says_when_its_data_goes(people: People, desk: Client) -> None:
    Contract.objects.filter(pk=people.a.pk).update(ends_on="2026-11-30")
    page = text(desk.get(reverse("console:customer", args=[people.a.customer.pk])))
    assert "2026年11月30日" in page
    assert "2026年12月31日" in page


def test_the_template_can_be_downloaded_and_read_back(desk: Client) -> None:
    answer = desk.get(reverse("console:sheet-template"))
    assert answer.headers["Content-Disposition"] == 'attachment; filename="hearing-sheet.xlsx"'
    assert "連絡先" in load_workbook(BytesIO(answer.content)).sheetnames
    assert "か所に誤りがあるため" in text(upload(desk, answer.content))


def test_a_wrong_sheet_tells_its_cells_and_leaves_nothing(desk: Client) -> None:
    page = text(upload(desk, filled(連絡先=[[1, "港 直美", None, "119", "naomi(at)minato"]])))
    assert "2 か所に誤りがあるため、取り込みませんでした" in page
    assert '<code class="ip">E4</code>' in page
    assert "メールアドレスの形式が正しくありません。" in page
    assert foreign_texts(page) == []
    assert not SheetDraft.objects.exists()
    assert not Customer.objects.filter(number="C-0003").exists()


def test_many_errors_are_cut_and_counted(desk: Client) -> None:
    page = text(upload(desk, filled(サイト=[["x", "y"] for _ in range(80)])))
    assert "160 か所に誤り" in page
    assert "（先頭の 100 か所）" in page
    assert page.count('data-label="セル"') == 100


@pytest.mark.parametrize("content", [b"x", bytes(LARGEST_BYTES + 5)])
def test_what_is_no_workbook_is_told(content: bytes, desk: Client) -> None:
    assert "か所に誤りがあるため" in text(upload(desk, content))


def test_an_upload_without_a_file_is_told(desk: Client) -> None:
    assert 'aria-invalid="true"' in text(desk.post(reverse("console:sheet-upload")))


def test_a_right_sheet_is_shown_and_then_imported(people: People, desk: Client) -> None:
    answer = upload(desk, filled())
    draft = SheetDraft.objects.get()
    assert answer.redirect_chain == [(reverse("console:sheet-preview", args=[draft.pk]), 302)]
    page = text(answer)
    for words in ("株式会社みなと商会", "追加", "naomi@minato.example.jp", "この内容で取り込む", "みなと.xlsx"):
        assert words in page, words
    assert not Customer.objects.filter(number="C-0003").exists()
    confirm = {"mark": answer.context["plan"].mark}
    done = desk.post(answer.redirect_chain[0][0], confirm, follow=True)
    customer = Customer.objects.get(number="C-0003")
    assert done.redirect_chain == [(reverse("console:customer", args=[customer.pk]), 302)]
    page = text(done)
    for words in ("ヒアリングシートを取り込みました", "www.minato.example.jp", "ミナト ナオミ", "発行待ち", "未登録"):
        assert words in page, words
    for again in (desk.get(answer.redirect_chain[0][0], follow=True), desk.post(answer.redirect_chain[0][0], confirm)):
        assert again.status_code in (200, 302)
    assert AuditEntry.objects.filter(action="customer.import").count() == 1


def test_an_obstacle_leaves_no_button(desk: Client) -> None:
    page = text(upload(desk, filled(answers={"契約番号": "K-A-001"})))
    assert "ほかのお客様（C-A）の契約です。" in page
    assert "この内容で取り込む" not in page
    draft = SheetDraft.objects.get()
    refused = desk.post(reverse("console:sheet-preview", args=[draft.pk]), {"mark": "x"}, follow=True)
    assert "このシートは取り込めません" in text(refused)


def test_nobody_sees_anothers_draft(people: People, desk: Client) -> None:
    other = make_user("erin", "伊藤", "恵理", soc_role=SocRole.ANALYST)
    draft = importing.keep_draft(filled(), file_name="x", by=other, now=NOW)
    address = reverse("console:sheet-preview", args=[draft.pk])
    assert desk.get(address).status_code == 404
    assert desk.post(address, {"mark": "x"}).status_code == 404


FORM = {
    "api_id": "1001",
    "api_key": "secret-key",
    "cloud_url": "https://my.example.com",
    "api_url": "https://api.example.com",
    "block_list": "auto",
    "log_base_url": "https://logs.example.com/1/",
    "log_api_id": "2001",
    "log_api_key": "secret-log-key",
}


def connect(client: Client, people: People, **changes: str) -> Any:
    return client.post(reverse("console:connection", args=[people.a.pk]), {**FORM, **changes}, follow=True)


def test_a_connection_is_stored_sealed_and_never_shown(people: People, desk: Client) -> None:
    page = text(connect(desk, people))
    assert "接続情報を保存しました" in page
    assert "secret" not in page.replace('class="secret"', "")
    account = VendorAccount.objects.get(contract=people.a)
    assert open_vendor_key(account, "api_key") == "secret-key"
    assert open_vendor_key(account, "log_api_key") == "secret-log-key"
    assert "secret" not in str(VendorAccount.objects.values())
    assert "secret" not in str(AuditEntry.objects.values())


def test_an_empty_key_keeps_the_stored_one_and_a_claim_stays(people: People, desk: Client) -> None:
    connect(desk, people)
    VendorAccount.objects.update(claimed_by="host:1", claimed_until=NOW)
    connect(desk, people, api_key="", log_api_key="", block_list="acl")
    account = VendorAccount.objects.get(contract=people.a)
    assert (account.block_list, account.claimed_by) == ("acl", "host:1")
    assert open_vendor_key(account, "api_key") == "secret-key"


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"api_key": ""}, "API ID に対応する API キーを入力してください。"),
        ({"api_id": "", "api_key": "x"}, "入力してください。"),
        ({"log_api_key": ""}, "ログ取得用 API ID に対応する API キーを入力してください。"),
        ({"api_url": "http://api.example.com"}, "URL は https:// で始まるアドレスを入力してください。"),
        ({"log_base_url": "ftp://logs.example.com"}, "URL は https:// で始まるアドレスを入力してください。"),
        ({"api_key": "キー"}, "半角英数記号で入力してください。"),
        ({"account_id": "-1"}, "1 以上"),
    ],
)
def test_a_wrong_connection_is_told_and_not_stored(
    changes: dict[str, str], words: str, people: People, desk: Client
) -> None:
    page = text(connect(desk, people, **changes))
    assert words in page
    assert foreign_texts(page) == []
    assert not VendorAccount.objects.exists()


def test_a_stored_key_is_not_used_with_another_id(people: People, desk: Client) -> None:
    connect(desk, people)
    assert "API ID に対応する API キー" in text(connect(desk, people, api_id="9", api_key="", log_api_key=""))
    assert VendorAccount.objects.get().api_id == "1001"


def test_a_contract_without_log_pull_needs_no_log_key(people: People, desk: Client) -> None:
    connect(desk, people, log_base_url="", log_api_id="", log_api_key="")
    assert VendorAccount.objects.get().sealed_log_api_key == ""


def test_a_token_is_shown_once(people: People, desk: Client) -> None:
    address = reverse("console:connection-token", args=[people.a.pk])
    assert "先に接続情報を保存してください" in text(desk.post(address, follow=True))
    connect(desk, people)
    answer = desk.post(address)
    token = answer.context["token"]
    page = text(answer)
    assert token in page
    assert "発行済み" in page
    assert "no-store" in answer.headers["Cache-Control"]
    account = VendorAccount.objects.get()
    assert account.collector_token_digest == token_digest(token)
    assert token not in text(desk.get(reverse("console:connection", args=[people.a.pk])))
    assert desk.get(address).status_code == 405


BUCKET = {
    "bucket_name": "logs.example",
    "bucket_prefix": "waf/",
    "bucket_url": "https://s3.example.com",
    "bucket_region": "ap-northeast-1",
    "bucket_key_id": "AKIAEXAMPLE",
    "bucket_key": "himitsu-no-kagi",
}


def test_a_bucket_is_stored_sealed_and_never_shown(people: People, desk: Client) -> None:
    page = text(connect(desk, people, **BUCKET))
    account = VendorAccount.objects.get(contract=people.a)
    assert open_vendor_key(account, "bucket_key") == BUCKET["bucket_key"]
    assert account.bucket_name == BUCKET["bucket_name"]
    assert "himitsu" not in page + account.sealed_bucket_key
    connect(desk, people, **{**BUCKET, "bucket_key": "", "bucket_prefix": "new/"})
    account.refresh_from_db()
    assert (account.bucket_prefix, open_vendor_key(account, "bucket_key")) == ("new/", BUCKET["bucket_key"])


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"bucket_key": ""}, "シークレットアクセスキーを入力してください"),
        ({"bucket_url": "http://s3.example.com"}, "https://ホスト名 の形で入力してください"),
        ({"bucket_name": "A"}, "3～63 文字で入力してください"),
    ],
)
def test_a_wrong_bucket_is_told_and_not_stored(
    people: People, desk: Client, change: dict[str, str], sentence: str
) -> None:
    assert sentence in text(connect(desk, people, **{**BUCKET, **change}))
    assert not VendorAccount.objects.filter(bucket_name__gt="").exists()


def test_a_connection_can_be_tried(people: People, desk: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    vendor = MemoryVendor()
    monkeypatch.setattr(backends, "waf_vendor", lambda _account: vendor)
    monkeypatch.setattr(backends, "waf_logs", lambda _account: vendor)
    address = reverse("console:connection-try", args=[people.a.pk])
    assert "先に接続情報を保存してください" in text(desk.post(address, follow=True))
    connect(desk, people)
    page = text(desk.post(address, follow=True))
    assert page.count("接続できました") == 2
    vendor.fail(MemoryFault.UNAUTHORISED)
    assert "API：API キーが無効です。" in text(desk.post(address, follow=True))


def test_a_stored_key_that_does_not_open_is_told_in_words(people: People, desk: Client) -> None:
    connect(desk, people)
    VendorAccount.objects.update(sealed_api_key="damaged", log_base_url="")
    page = text(desk.post(reverse("console:connection-try", args=[people.a.pk]), follow=True))
    assert "API：WAF ベンダーの認証に失敗しました" in page
    assert foreign_texts(page) == []


def test_only_a_manager_changes_how_people_are_reached(people: People, client: Client) -> None:
    pages = [reverse("console:people"), reverse("console:person", args=[people.dana.pk])]
    for person, status in (("alice", 404), ("charlie", 404), ("dana", 403)):
        client.force_login(getattr(people, person))
        assert [client.get(page).status_code for page in pages] == [status, status]
        assert client.post(pages[1], {"phone": "03-0000-0009"}).status_code == status
    User.objects.filter(username="dana").update(soc_role=SocRole.MANAGER)
    for page in pages:
        answer = client.get(page)
        assert answer.status_code == 200
        assert foreign_texts(text(answer)) == []
    assert client.get(reverse("console:person", args=[people.alice.pk])).status_code == 404
    wrong = text(client.post(pages[1], {"phone": "119", "mail": "x"}))
    assert "市外局番から" in wrong
    assert foreign_texts(wrong) == []
    done = client.post(pages[1], {"phone": "03ー0000ー0009", "mail": "d@example.jp"}, follow=True)
    assert "保存しました" in text(done)
    assert User.objects.get(username="dana").phone == "03-0000-0009"


def test_a_waiting_user_leads_to_the_filled_in_form(people: People, desk: Client) -> None:
    Applicant.objects.create(customer=people.a.customer, name="港 直美", role="admin")
    page = text(desk.get(reverse("console:customer", args=[people.a.customer.pk])))
    link = reverse("console:user-issue", args=[people.a.customer.pk])
    assert f'href="{link}?name=' in page
    form = text(desk.get(link, {"name": "港 直美", "role": "admin"}))
    assert 'value="港 直美"' in form
    assert '<option value="admin" selected>' in form
