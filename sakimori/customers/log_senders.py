"""The certificates by which a contract's senders are known at the syslog door: registered by the SOC, and removed."""

from dataclasses import dataclass
from datetime import datetime

from cryptography import x509
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from django.db import transaction

from sakimori.accounts.models import User
from sakimori.customers import audit
from sakimori.customers.models import Contract, LogSender


class NoCertificate(ValueError):
    """What was given cannot be registered; the text is a sentence for the person who gave it."""


@dataclass(frozen=True, slots=True)
class Certificate:
    """A certificate, as it is registered and shown."""

    pem: str
    fingerprint: str
    subject: str
    ends_at: datetime


def read_certificate(pem: str) -> Certificate:
    """Read one certificate. Raises NoCertificate."""
    try:
        found = x509.load_pem_x509_certificates(pem.encode())
        if len(found) != 1 or "PRIVATE KEY" in pem:
            raise NoCertificate("証明書を 1 つだけ貼り付けてください。秘密鍵は含めないでください。")
        return Certificate(
            pem=found[0].public_bytes(Encoding.PEM).decode(),
            fingerprint=found[0].fingerprint(SHA256()).hex(),
            subject=found[0].subject.rfc4514_string(),
            ends_at=found[0].not_valid_after_utc,
        )
    except NoCertificate:
        raise
    except (ValueError, x509.InvalidVersion) as error:
        raise NoCertificate(
            "証明書を読み取れません。PEM 形式（-----BEGIN CERTIFICATE-----）で入力してください。"
        ) from error


def register_sender(contract: Contract, certificate: Certificate, *, by: User, now: datetime) -> LogSender:
    """Let whoever holds the certificate's key deliver lines of this contract. Raises NoCertificate."""
    if certificate.ends_at <= now:
        raise NoCertificate("証明書の有効期限が切れています。")
    with transaction.atomic():
        sender, new = LogSender.objects.get_or_create(
            fingerprint=certificate.fingerprint,
            defaults={"contract": contract, "certificate": certificate.pem, "added_at": now},
        )
        if sender.contract_id != contract.pk:
            raise NoCertificate("この証明書は、すでに別の契約に登録されています。")
        if new:
            _record("vendor.sender", sender, by, now)
    return sender


def remove_sender(sender: LogSender, *, by: User, now: datetime) -> None:
    """From now on the certificate opens the door no more."""
    with transaction.atomic():
        found = LogSender.objects.select_for_update().filter(pk=sender.pk).first()
        if found is not None:
            _record("vendor.sender_removed", found, by, now)
            found.delete()


def _record(action: str, sender: LogSender, by: User, now: datetime) -> None:
    details = {"fingerprint": sender.fingerprint}
    audit.record_of(sender.contract, action, by=by.username, now=now, details=details)
