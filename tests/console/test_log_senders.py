"""The certificates of syslog senders on the console: who may register which, and what is told when he may not."""

from datetime import timedelta

import pytest
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.x509 import load_pem_x509_certificate
from django.test import Client
from django.urls import reverse

from sakimori.customers.log_senders import read_certificate, register_sender
from sakimori.customers.models import AuditEntry, LogSender
from sakimori.lib.jst import utc_now
from sakimori.run.collector import self_signed
from tests.people import People, make_people

pytestmark = pytest.mark.django_db


@pytest.fixture
def people() -> People:
    return make_people()


def made(*, days_ago: float = 0) -> tuple[str, str]:
    certificate, key = self_signed("sender.example.jp", now=utc_now() - timedelta(days=days_ago))
    return certificate.decode(), key.decode()


def page(people: People) -> str:
    return reverse("console:log-senders", args=[people.a.pk])


def desk(client: Client, people: People) -> Client:
    client.force_login(people.dana)
    return client


def test_a_certificate_is_registered_shown_and_removed(client: Client, people: People) -> None:
    pem, _ = made()
    shown = desk(client, people).post(page(people), {"certificate": f"\n{pem}\n"}, follow=True).content.decode()
    sender = LogSender.objects.get()
    assert sender.fingerprint == load_pem_x509_certificate(pem.encode()).fingerprint(SHA256()).hex()
    assert sender.contract == people.a
    assert sender.fingerprint in shown
    assert "CN=Sakimori collector" in shown
    client.post(page(people), {"certificate": pem})
    assert LogSender.objects.count() == 1
    remove = reverse("console:log-sender-remove", args=[sender.pk])
    assert "削除しました" in client.post(remove, follow=True).content.decode()
    assert not LogSender.objects.exists()
    assert client.post(remove).status_code == 404
    actions = list(AuditEntry.objects.values_list("action", flat=True))
    assert [actions.count("vendor.sender"), actions.count("vendor.sender_removed")] == [1, 1]


def test_a_certificate_of_another_contract_is_refused(client: Client, people: People) -> None:
    pem, _ = made()
    register_sender(people.b, read_certificate(pem), by=people.dana, now=utc_now())
    shown = desk(client, people).post(page(people), {"certificate": pem}).content.decode()
    assert "すでに別の契約に登録されています" in shown
    assert LogSender.objects.get().contract == people.b


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (lambda pem, key: "x", "読み取れません"),
        (lambda pem, key: "", "入力してください"),
        (lambda pem, key: pem[:300], "読み取れません"),
        (lambda pem, key: pem + pem, "1 つだけ"),
        (lambda pem, key: pem + key, "秘密鍵"),
        (lambda pem, key: key, "読み取れません"),
        (lambda pem, key: made(days_ago=4000)[0], "期限が切れています"),
    ],
)
def test_what_is_no_usable_certificate_is_told(client: Client, people: People, change: object, sentence: str) -> None:
    shown = desk(client, people).post(page(people), {"certificate": change(*made())}).content.decode()  # type: ignore[operator]
    assert sentence in shown
    assert not LogSender.objects.exists()


def test_a_certificate_whose_time_is_over_is_marked(client: Client, people: People) -> None:
    certificate = read_certificate(made(days_ago=4000)[0])
    register_sender(people.a, certificate, by=people.dana, now=certificate.ends_at - timedelta(days=1))
    assert "期限切れ" in desk(client, people).get(page(people)).content.decode()


@pytest.mark.parametrize("login", ["alice", "bob", "charlie"])
def test_customers_have_no_such_page(client: Client, people: People, login: str) -> None:
    sender = register_sender(people.a, read_certificate(made()[0]), by=people.dana, now=utc_now())
    client.force_login(getattr(people, login))
    assert client.get(page(people)).status_code in (403, 404)
    assert client.post(reverse("console:log-sender-remove", args=[sender.pk])).status_code in (403, 404)
    assert LogSender.objects.exists()


def test_a_missing_contract_is_404(client: Client, people: People) -> None:
    address = reverse("console:log-senders", args=[9999])
    assert desk(client, people).get(address).status_code == 404
