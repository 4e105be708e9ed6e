"""Secrets at rest: bound to their place, found by digest, never in plain in the database file."""

import sqlite3

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from django.conf import settings
from django.db import connection

from sakimori import backends
from sakimori.customers import audit, secrets
from sakimori.customers.models import VendorAccount
from sakimori.lib.crypto import CannotOpen, Keyring, new_key
from sakimori.waf.interface import WafUnauthorised
from tests.moments import START
from tests.people import People, make_people

pytestmark = pytest.mark.django_db

CANARY = "kanariya-5f0e"
FIELDS = ("api_key", "log_api_key", "collector_token")


@pytest.fixture
def people() -> People:
    return make_people()


@pytest.fixture
def account(people: People) -> VendorAccount:
    account = VendorAccount(contract=people.a, api_id="1")
    for field in FIELDS:
        secrets.seal_vendor_key(account, field, f"{CANARY}-{field}")
    account.save()
    return account


@pytest.mark.parametrize("field", FIELDS)
def test_a_key_opens_where_it_was_sealed(account: VendorAccount, field: str) -> None:
    stored = VendorAccount.objects.get(pk=account.pk)
    assert secrets.open_vendor_key(stored, field) == f"{CANARY}-{field}"


@pytest.mark.parametrize("source", FIELDS)
@pytest.mark.parametrize("field", FIELDS)
def test_a_ciphertext_opens_in_no_other_field(account: VendorAccount, source: str, field: str) -> None:
    setattr(account, f"sealed_{field}", getattr(account, f"sealed_{source}"))
    if source == field:
        assert secrets.open_vendor_key(account, field).endswith(source)
    else:
        with pytest.raises(CannotOpen):
            secrets.open_vendor_key(account, field)


def test_a_ciphertext_opens_in_no_other_contract(account: VendorAccount, people: People) -> None:
    thief = VendorAccount(contract=people.b, api_id="1", sealed_api_key=account.sealed_api_key)
    with pytest.raises(CannotOpen):
        secrets.open_vendor_key(thief, "api_key")


@pytest.mark.parametrize("damaged", ["", "x", "v1.k1", "v1.k9.AAAA", "v2.k1.AAAA", "v1.k1.!!!!", "v1.k1.AAAA"])
def test_a_damaged_ciphertext_is_an_error_of_its_own_kind(account: VendorAccount, damaged: str) -> None:
    account.sealed_api_key = damaged
    with pytest.raises(CannotOpen):
        secrets.open_vendor_key(account, "api_key")


def test_a_key_of_before_a_change_of_keys_still_opens(account: VendorAccount, settings: object) -> None:
    old: Keyring = settings.FIELD_KEYRING  # type: ignore[attr-defined]
    settings.FIELD_KEYRING = Keyring("k2", {**old.keys, "k2": new_key()})  # type: ignore[attr-defined]
    assert secrets.open_vendor_key(account, "api_key") == f"{CANARY}-api_key"
    secrets.seal_vendor_key(account, "api_key", "new")
    assert account.sealed_api_key.startswith("v1.k2.")
    settings.FIELD_KEYRING = old  # type: ignore[attr-defined]
    with pytest.raises(CannotOpen):
        secrets.open_vendor_key(account, "api_key")


def test_a_collector_token_is_found_by_its_digest_alone(account: VendorAccount) -> None:
    token = secrets.issue_collector_token(account)
    account.save()
    assert VendorAccount.objects.get(collector_token_digest=secrets.token_digest(token)) == account
    assert secrets.open_vendor_key(account, "collector_token") == token
    assert len(token) >= 40
    assert secrets.issue_collector_token(account) != token


def test_log_keys_belong_to_one_contract_and_number(people: People) -> None:
    pem, another = private_pem(), private_pem()
    key = secrets.add_log_key(people.a, 7, pem)
    assert in_pem(secrets.open_log_key(people.a, 7)) == pem
    with pytest.raises(KeyError):
        secrets.open_log_key(people.b, 7)
    secrets.add_log_key(people.a, 7, another)
    assert in_pem(secrets.open_log_key(people.a, 7)) == another
    key.contract = people.b
    key.save()
    with pytest.raises(CannotOpen):
        secrets.open_log_key(people.b, 7)


@pytest.mark.parametrize("kind", ["no key at all", "of another kind", "with a password"])
def test_a_log_key_that_opens_nothing_is_refused_when_it_is_entered(people: People, kind: str) -> None:
    plain, sealed = serialization.NoEncryption(), serialization.BestAvailableEncryption(b"secret")
    key = ec.generate_private_key(ec.SECP256R1()) if kind == "of another kind" else new_rsa_key()
    wrong = in_pem(key, sealed if kind == "with a password" else plain)
    with pytest.raises(ValueError, match="the key must be an RSA private key"):
        secrets.add_log_key(people.a, 7, b"no key at all" if kind == "no key at all" else wrong)
    assert not people.a.log_keys.exists()


@pytest.mark.skipif(connection.vendor != "sqlite", reason="only SQLite is one file")
def test_no_secret_lies_in_plain_in_the_database_file(account: VendorAccount, people: People) -> None:
    pem = private_pem()
    secrets.add_log_key(people.a, 1, pem)
    token = secrets.issue_collector_token(account)
    account.save()
    audit.record(
        "block.active", by="dana", target="block:1", now=START, customer=people.a.customer, details={"note": CANARY}
    )
    content = database_file()
    assert people.a.number.encode() in content, "the copy is the database that was written to"
    middle_of_pem = pem.splitlines()[5]
    ring: Keyring = settings.FIELD_KEYRING
    for secret in (CANARY.encode(), token.encode(), middle_of_pem, *ring.keys.values()):
        assert secret not in content
        assert secret.hex().encode() not in content


def test_a_keyring_never_shows_its_keys() -> None:
    ring = Keyring("k1", {"k1": b"\x01" * 32})
    assert "01" not in repr(ring)
    assert "k1" in repr(ring)


@pytest.mark.parametrize("sealed", ["", "v1.k1.AAAA"])
def test_a_key_that_cannot_be_opened_is_a_refused_credential(account: VendorAccount, sealed: str) -> None:
    """Whoever works for many contracts knows how to go on after a `WafError`, so nothing else may come out."""
    account.sealed_api_key = account.sealed_log_api_key = sealed
    account.log_base_url = "https://logs.example.jp/1_1/"
    with pytest.raises(WafUnauthorised):
        backends.waf_vendor(account)
    with pytest.raises(WafUnauthorised):
        backends.waf_logs(account)


def private_pem() -> bytes:
    return in_pem(new_rsa_key())


def new_rsa_key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def in_pem(
    key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey,
    protection: serialization.KeySerializationEncryption = serialization.NoEncryption(),  # noqa: B008 - never changed
) -> bytes:
    return key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, protection)


def database_file() -> bytes:
    """The bytes that would lie on the disk."""
    connection.ensure_connection()
    raw: sqlite3.Connection = connection.connection
    copy = sqlite3.connect(":memory:")
    try:
        copy.execute("PRAGMA foreign_keys=OFF")
        copy.executescript("\n".join(raw.iterdump()))
        return copy.serialize()
    finally:
        copy.close()
