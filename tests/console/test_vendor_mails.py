"""The pages of the vendor's mails and of the patterns that understand them: only the desk, by keyboard, tried first."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from sakimori.customers.models import AuditEntry
from sakimori.incidents.models import Incident, MailKind, MailPattern, MailReading, PatternVersion
from sakimori.incidents.vendor_mails import read_vendor_mails
from sakimori.notify.models import Alarm, ReceivedMail
from tests.incidents.mails import ENDED, RULES, STARTED, make_mail, make_patterns
from tests.people import NOW, People

MAIL = {"mail_subject": "DDoS attack started", "mail_text": "Site: shop-a.example.jp\n"}
PATTERN = {
    "name": "新しい開始",
    "kind": "start",
    "subject": "under attack",
    "text": r"(?P<site>\S+\.jp)",
    "is_active": "on",
}


@pytest.fixture
def desk(people: People, client: Client) -> Client:
    make_patterns()
    client.force_login(people.dana)
    return client


def shown(desk: Client, name: str, *args: object, **query: object) -> str:
    return desk.get(reverse(f"console:{name}", args=args), query).content.decode()  # type: ignore[arg-type]


def post(desk: Client, page: str, /, *args: object, **data: object) -> str:
    answer = desk.post(reverse(f"console:{page}", args=args), data, follow=True)  # type: ignore[arg-type]
    assert answer.status_code == 200
    return answer.content.decode()


def read(subject: str, **more: Any) -> MailReading:
    mail = make_mail(subject, NOW, **more)
    read_vendor_mails(rules=RULES, now=NOW + timedelta(seconds=10))
    return MailReading.objects.get(mail=mail)


def test_mails_that_wait_stand_first_with_the_reason_and_all_below(desk: Client) -> None:
    read(STARTED)
    read(ENDED, authenticated=False)
    read("\u202eNew", text="?")
    text = shown(desk, "vendor-mails")
    for part in (
        "確認を待っているメール（新しい順、2 件）",
        "「攻撃の終息」の通知ですが",
        "差出人を確認できず",
        "&lt;U+202E&gt;New",
        "攻撃の開始として記録しました。",
        "株式会社さくら商店",
        "新しい順（3 件）",
    ):
        assert part in text, part
    assert text.count('data-key="r"') == 2


def test_no_mail_is_said(desk: Client) -> None:
    text = shown(desk, "vendor-mails")
    assert "確認を待っている通知メールはありません。" in text
    assert "通知メールはまだ届いていません。" in text


def test_a_mail_is_shown_as_it_is_and_leads_on(desk: Client) -> None:
    reading = read(STARTED, text="Site: shop-a.example.jp\n<b>x</b>\u202e\n" + "y" * 25_000)
    text = shown(desk, "vendor-mail", reading.pk)
    for part in (
        "&lt;b&gt;x&lt;/b&gt;&lt;U+202E&gt;",
        "先頭の部分だけ",
        f"?mail={reading.pk}",
        "DKIM",
        "（パターン：開始）",
    ):
        assert part in text, part
    assert reverse("console:incident", args=[Incident.objects.get().pk]) in text
    assert "確認済みにする" not in text


def test_a_mail_is_seen_once_and_the_alarm_goes_with_the_last(desk: Client, people: People) -> None:
    reading = read("New", text="?")
    assert "通知メールを確認済みにしました。" in post(desk, "vendor-mail-see", reading.pk)
    reading.refresh_from_db()
    assert (reading.seen_by, Alarm.objects.get().acknowledged_by) == (people.dana, people.dana)
    assert "すでに確認済みか" in post(desk, "vendor-mail-see", reading.pk)
    assert "確認待ち" not in shown(desk, "vendor-mail", reading.pk).partition("処理結果")[0]


def test_only_the_desk_sees_mails_and_patterns(people: People, client: Client) -> None:
    make_patterns()
    reading, pattern = read("New", text="?"), MailPattern.objects.earliest("pk")
    pages = [
        reverse("console:vendor-mails"),
        reverse("console:vendor-mail", args=[reading.pk]),
        reverse("console:mail-patterns"),
        reverse("console:mail-pattern-new"),
        reverse("console:mail-pattern", args=[pattern.pk]),
    ]
    for person in (people.alice, people.bob, people.charlie):
        client.force_login(person)
        assert [client.get(page).status_code for page in pages] == [404] * len(pages)
        assert client.post(reverse("console:vendor-mail-see", args=[reading.pk])).status_code == 404
        assert client.post(pages[-1], PATTERN | {"do": "save"}).status_code == 404
    reading.refresh_from_db()
    assert (reading.seen_at, PatternVersion.objects.count()) == (None, 0)


@pytest.mark.parametrize("name", ["vendor-mail", "vendor-mail-see", "mail-pattern"])
def test_what_is_not_there_is_not_found(desk: Client, name: str) -> None:
    address = reverse(f"console:{name}", args=[987_654])
    assert (desk.post if name == "vendor-mail-see" else desk.get)(address).status_code == 404


def test_all_patterns_are_tried_on_a_pasted_mail_and_nothing_changes(desk: Client) -> None:
    text = post(desk, "mail-patterns", **MAIL)
    for part in (
        "自動で扱います",
        "shop-a.example.jp の攻撃の開始として記録し、サイトの表示を確認します。ただし、差出人を",
        "お客様：株式会社さくら商店（契約 K-A-001）",
        "<strong>一致</strong>",
        "不一致",
        "<code>site</code>：shop-a.example.jp",
    ):
        assert part in text, part
    assert not Incident.objects.exists()
    assert not ReceivedMail.objects.exists()
    assert not AuditEntry.objects.filter(action__startswith="mail.").exists()


@pytest.mark.parametrize(
    ("subject", "text", "words"),
    [
        ("DDoS attack ended", "Site: shop-a.example.jp", "shop-a.example.jp の攻撃の終息として記録します。"),
        ("weekly report", "", "対応不要として記録します。"),
        ("New", "", "どのパターンにも当てはまらない通知です。SOC の確認待ちになります。"),
        ("DDoS attack started", "Site: no.example.jp", "登録されていないサイト（no.example.jp）の通知です。"),
    ],
)
def test_what_would_happen_is_told(desk: Client, subject: str, text: str, words: str) -> None:
    assert words in post(desk, "mail-patterns", mail_subject=subject, mail_text=text)


def test_a_received_mail_is_tried(desk: Client) -> None:
    reading = read(STARTED)
    text = shown(desk, "mail-patterns", mail=reading.pk)
    assert 'value="DDoS attack started"' in text
    assert "Peak: 12000 requests/s" in text
    for wrong in ("x", "987654", "9" * 30):
        assert "DDoS attack started" not in shown(desk, "mail-pattern-new", mail=wrong)


def test_a_pattern_is_added_and_understands_the_next_mail(desk: Client, people: People) -> None:
    assert "パターンを保存しました。" in post(desk, "mail-pattern-new", do="save", **PATTERN)
    row = MailPattern.objects.get(name="新しい開始")
    assert (row.kind, row.changed_by, row.is_active) == (MailKind.START, people.dana, True)
    assert AuditEntry.objects.get(action="mail.pattern.add").target == f"mail-pattern:{row.pk}"
    read("Your site is UNDER ATTACK", text="It is shop-a.example.jp now")
    assert Incident.objects.get().site == people.a.sites.get()


def test_a_pattern_is_changed_with_its_history_and_saving_it_again_changes_nothing(desk: Client) -> None:
    row = MailPattern.objects.get(name="開始")
    for _ in range(2):
        post(desk, "mail-pattern", row.pk, do="save", **PATTERN | {"name": "開始", "is_active": ""})
    assert (PatternVersion.objects.get().subject, MailPattern.objects.get(pk=row.pk).is_active) == (
        "under attack",
        False,
    )
    assert AuditEntry.objects.filter(action="mail.pattern.change").count() == 1
    text = shown(desk, "mail-pattern", row.pk)
    assert "変更履歴" in text
    assert "under attack" in text
    assert "停止中" in shown(desk, "mail-patterns")


def test_a_pattern_is_tried_before_it_is_saved(desk: Client) -> None:
    data = PATTERN | {"do": "try", "mail_subject": "Under attack", "mail_text": "shop-a.example.jp"}
    text = post(desk, "mail-pattern-new", **data)
    assert "shop-a.example.jp の攻撃の開始として" in text
    assert 'value="新しい開始"' in text
    assert not MailPattern.objects.filter(name="新しい開始").exists()


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"subject": "("}, "閉じ括弧「)」が足りません。"),
        ({"text": "a*"}, "空の文章にも当てはまる"),
        ({"text": ""}, "サイトを表す (?P&lt;site&gt;…) が必要です。"),
        ({"subject": "", "text": "", "kind": "ignore"}, "少なくとも一方"),
        ({"name": "開始"}, "同じ名称のパターンがあります。"),
        ({"name": ""}, "入力内容をご確認ください。"),
        ({"kind": "x"}, "入力内容をご確認ください。"),
        ({"subject": "x" * 301}, "入力内容をご確認ください。"),
    ],
)
def test_a_wrong_pattern_is_refused_and_what_was_typed_is_kept(desk: Client, wrong: dict, words: str) -> None:
    text = post(desk, "mail-pattern-new", do="save", **PATTERN | wrong)
    assert words in text
    assert "新しい開始" in text or "name" in wrong
    assert MailPattern.objects.count() == 3


def test_the_number_of_queries_does_not_grow(
    desk: Client, people: People, django_assert_max_num_queries: Callable[[int], Any]
) -> None:
    for _ in range(60):
        make_mail("New", NOW, text="?")
        make_mail(STARTED, NOW)
    for _ in range(3):
        read_vendor_mails(rules=RULES, now=NOW)
    with django_assert_max_num_queries(13):
        assert shown(desk, "vendor-mails").count("<tr data-row") == 50
    with django_assert_max_num_queries(13):
        shown(desk, "mail-patterns")
