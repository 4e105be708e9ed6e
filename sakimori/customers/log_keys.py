"""The private keys that open a contract's encrypted log files: registered by the SOC, and removed. Never shown."""

import hashlib
from dataclasses import dataclass
from datetime import datetime

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from django.db import transaction

from sakimori.accounts.models import User
from sakimori.customers import audit
from sakimori.customers.models import Contract, LogKey
from sakimori.customers.secrets import add_log_key, open_log_key
from sakimori.lib.crypto import CannotOpen
from sakimori.lib.rsa_keys import read_rsa_key

_FEWEST_BITS = 2048


class NoLogKey(ValueError):
    """What was given cannot be registered; the text is a sentence for the person who gave it."""


@dataclass(frozen=True, slots=True)
class KnownKey:
    """A registered key. fingerprint: SHA-256 of its public half (DER), in hex; empty if it cannot be opened."""

    key: LogKey
    fingerprint: str


def known_keys(contract: Contract) -> list[KnownKey]:
    """A contract's keys, by the number that the vendor gave their public halves."""
    return [KnownKey(key, _fingerprint_of(contract, key)) for key in contract.log_keys.order_by("public_key_id")]


def register_log_key(contract: Contract, public_key_id: int, pem: str, *, by: User, now: datetime) -> LogKey:
    """From now on files of this number are opened with the key; a former one of the number is gone. Raises NoLogKey."""
    try:
        private = read_rsa_key(pem.strip().encode())
    except ValueError as error:
        raise NoLogKey(
            "秘密鍵を読み取れません。パスワードのない RSA 秘密鍵を、"
            "PEM 形式（-----BEGIN PRIVATE KEY-----）で入力してください。"
        ) from error
    if private.key_size < _FEWEST_BITS:
        raise NoLogKey(f"鍵が短すぎます。{_FEWEST_BITS} ビット以上の鍵を使ってください。")
    with transaction.atomic():
        key = add_log_key(contract, public_key_id, pem.strip().encode())
        _record("vendor.log_key", key, by, now, fingerprint=_fingerprint(private))
    return key


def remove_log_key(key: LogKey, *, by: User, now: datetime) -> None:
    """Files of this number are opened no more."""
    with transaction.atomic():
        found = LogKey.objects.select_for_update().select_related("contract__customer").filter(pk=key.pk).first()
        if found is not None:
            _record("vendor.log_key_removed", found, by, now)
            found.delete()


def _fingerprint_of(contract: Contract, key: LogKey) -> str:
    try:
        return _fingerprint(open_log_key(contract, key.public_key_id))
    except (CannotOpen, ValueError):
        return ""


def _fingerprint(private: RSAPrivateKey) -> str:
    public = private.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return hashlib.sha256(public).hexdigest()


def _record(action: str, key: LogKey, by: User, now: datetime, **details: object) -> None:
    told = {"public_key_id": key.public_key_id, **details}
    audit.record_of(key.contract, action, by=by.username, now=now, details=told)
