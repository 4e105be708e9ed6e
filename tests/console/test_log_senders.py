"""Certificates and addresses of syslog senders on the console: who may register which, what is told when he may not."""

from dataclasses import replace
from datetime import timedelta
from ipaddress import IPv4Network
from typing import Any

import pytest
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.x509 import load_pem_x509_certificate
from django.test import Client
from django.urls import reverse

from sakimori.customers.log_sender_addresses import register_sender_address
from sakimori.customers.log_senders import read_certificate, register_sender
from sakimori.customers.models import AuditEntry, LogSender, LogSenderAddress
from sakimori.lib.jst import utc_now
from sakimori.logs.models import Refusal, RefusedSender
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


def add(people: People) -> str:
    return reverse("console:log-sender-address", args=[people.a.pk])


def test_an_address_is_registered_shown_and_removed(client: Client, people: People) -> None:
    shown = desk(client, people).post(add(people), {"network": " 203.0.113.9/28 "}, follow=True).content.decode()
    row = LogSenderAddress.objects.get()
    assert (row.contract, row.network) == (people.a, "203.0.113.0/28")
    assert "アドレスを登録しました" in shown
    assert ">203.0.113.0/28</code>" in shown
    remove = reverse("console:log-sender-address-remove", args=[row.pk])
    assert "アドレスを削除しました" in client.post(remove, follow=True).content.decode()
    assert not LogSenderAddress.objects.exists()
    assert client.post(remove).status_code == 404
    actions = list(AuditEntry.objects.order_by("pk").values_list("action", flat=True))
    assert actions == ["vendor.sender_address", "vendor.sender_address_removed"]


@pytest.mark.parametrize(
    ("network", "sentence"),
    [
        ("", "入力してください"),
        ("x", "IP アドレスとして読み取れません"),
        ("203.0.113.0/24", "範囲が広すぎます"),
        ("10.0.0.1", "インターネット上のアドレスではありません"),
        ("198.51.100.7", "別の契約（K-B-001）に登録されているアドレス 198.51.100.0/28 と重なるため、登録できません"),
    ],
)
def test_what_is_no_usable_address_is_told(client: Client, people: People, network: str, sentence: str) -> None:
    register_sender_address(people.b, IPv4Network("198.51.100.0/28"), by=people.dana, now=utc_now())
    assert sentence in desk(client, people).post(add(people), {"network": network}).content.decode()
    assert not LogSenderAddress.objects.filter(contract=people.a).exists()


def test_loopback_is_for_training_only(client: Client, people: People, settings: Any) -> None:
    settings.CONFIG = replace(settings.CONFIG, training=False)
    shown = desk(client, people).post(add(people), {"network": "127.0.0.1"}).content.decode()
    assert "インターネット上のアドレスではありません" in shown
    settings.CONFIG = replace(settings.CONFIG, training=True)
    client.post(add(people), {"network": "127.0.0.1"})
    assert LogSenderAddress.objects.get().network == "127.0.0.1"


def test_who_was_not_let_in_stands_on_the_page_of_the_intake(client: Client, people: People) -> None:
    page = reverse("console:intake")
    assert "受け付けなかった接続は、直近 7 日間にはありません" in desk(client, people).get(page).content.decode()
    for address, times in (("203.0.113.9", 12), ("", 340)):
        RefusedSender.objects.create(
            address=address, why=Refusal.UNKNOWN_ADDRESS, times=times, first_at=utc_now(), last_at=utc_now()
        )
    shown = client.get(page).content.decode()
    assert ">203.0.113.9</code>" in shown
    assert "その他" in shown
    assert "証明書の提示がなく、アドレスも登録されていません" in shown


@pytest.mark.parametrize("login", ["alice", "bob", "charlie"])
def test_customers_have_no_such_page(client: Client, people: People, login: str) -> None:
    sender = register_sender(people.a, read_certificate(made()[0]), by=people.dana, now=utc_now())
    row = register_sender_address(people.a, IPv4Network("203.0.113.9"), by=people.dana, now=utc_now())
    client.force_login(getattr(people, login))
    assert client.get(page(people)).status_code in (403, 404)
    assert client.post(add(people), {"network": "203.0.113.10"}).status_code in (403, 404)
    assert client.post(reverse("console:log-sender-remove", args=[sender.pk])).status_code in (403, 404)
    assert client.post(reverse("console:log-sender-address-remove", args=[row.pk])).status_code in (403, 404)
    assert (LogSender.objects.count(), LogSenderAddress.objects.count()) == (1, 1)


def test_a_missing_contract_is_404(client: Client, people: People) -> None:
    for name in ("log-senders", "log-sender-address"):
        address = reverse(f"console:{name}", args=[9999])
        assert desk(client, people).post(address, {"network": "203.0.113.9"}).status_code == 404
