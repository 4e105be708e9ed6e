"""The keys of encrypted log files on the console: registered, replaced and removed, and never sent back."""

import pytest
from django.test import Client
from django.urls import reverse

from sakimori.customers.log_keys import known_keys, register_log_key
from sakimori.customers.models import AuditEntry, LogKey
from sakimori.customers.secrets import open_log_key
from sakimori.logs.models import LogFile, LogFileState
from sakimori.logs.unpack import FileReason
from tests.customers.log_keys import log_key_pem
from tests.people import NOW, People, make_file, make_people

pytestmark = pytest.mark.django_db


@pytest.fixture
def people() -> People:
    return make_people()


@pytest.fixture
def desk(client: Client, people: People) -> Client:
    client.force_login(people.dana)
    return client


def page(people: People) -> str:
    return reverse("console:log-keys", args=[people.a.pk])


def test_a_key_is_registered_replaced_and_removed(desk: Client, people: People) -> None:
    first, second = log_key_pem(), log_key_pem()
    for pem in (first, second):
        shown = desk.post(page(people), {"public_key_id": "7", "private_key": f"\n{pem}\n"}, follow=True)
        assert "番号 7 の秘密鍵を登録しました" in shown.content.decode()
        assert "PRIVATE KEY" not in shown.content.decode().replace("-----BEGIN PRIVATE KEY-----）", "")
    (known,) = known_keys(people.a)
    assert known.fingerprint in shown.content.decode()
    assert open_log_key(people.a, 7).key_size == 2048
    remove = reverse("console:log-key-remove", args=[known.key.pk])
    assert "削除しました" in desk.post(remove, follow=True).content.decode()
    assert not LogKey.objects.exists()
    assert desk.post(remove).status_code == 404
    actions = list(AuditEntry.objects.values_list("action", flat=True))
    assert [actions.count("vendor.log_key"), actions.count("vendor.log_key_removed")] == [2, 1]


@pytest.mark.parametrize(
    ("number", "pem", "sentence"),
    [
        ("7", "x", "秘密鍵を読み取れません"),
        ("7", "", "入力してください"),
        ("0", "good", "1"),
        ("", "good", "入力してください"),
        ("7", "with a password", "秘密鍵を読み取れません"),
        ("7", "short", "鍵が短すぎます"),
    ],
)
def test_what_is_no_key_is_told_and_not_sent_back(
    desk: Client, people: People, number: str, pem: str, sentence: str
) -> None:
    made = {
        "good": log_key_pem(),
        "with a password": log_key_pem(password="secret"),
        "short": log_key_pem(bits=1024),
    }
    typed = made.get(pem, pem)
    shown = desk.post(page(people), {"public_key_id": number, "private_key": typed}).content.decode()
    assert sentence in shown
    assert not LogKey.objects.exists()
    assert len(typed) < 2 or typed.splitlines()[1] not in shown


def test_files_that_waited_for_a_key_are_read_again(desk: Client, people: People) -> None:
    values = {"state": LogFileState.QUARANTINED, "reason": FileReason.UNKNOWN_KEY_ID.sentence, "attempts": 3}
    waiting = make_file(people.a, **values)
    others = [
        make_file(people.b, **values),
        make_file(people.a, **{**values, "reason": FileReason.TRUNCATED.sentence}),
        make_file(people.a, **values, spool_cleared_at=NOW),
    ]
    shown = desk.post(page(people), {"public_key_id": "7", "private_key": log_key_pem()}, follow=True)
    assert "隔離していた暗号化ファイル 1 件を読み直します。" in shown.content.decode()
    assert AuditEntry.objects.filter(action="logs.read_again").count() == 1
    waiting.refresh_from_db()
    assert (waiting.state, waiting.reason, waiting.attempts, waiting.stored_at) == (LogFileState.RECEIVED, "", 0, None)
    left = LogFile.objects.filter(pk__in=[row.pk for row in others], state=LogFileState.QUARANTINED)
    assert left.count() == 3


def test_a_key_that_cannot_be_opened_is_told(desk: Client, people: People) -> None:
    register_log_key(people.a, 7, log_key_pem(), by=people.dana, now=NOW)
    LogKey.objects.update(sealed_private_pem="k1:broken")
    assert "登録し直してください" in desk.get(page(people)).content.decode()


def test_only_the_soc_sees_keys(client: Client, people: People) -> None:
    key = register_log_key(people.a, 7, log_key_pem(), by=people.dana, now=NOW)
    client.force_login(people.alice)
    assert client.get(page(people)).status_code in (403, 404)
    assert client.post(reverse("console:log-key-remove", args=[key.pk])).status_code in (403, 404)
    assert LogKey.objects.exists()
