"""The simulated vendor's alert mails: their words are invented, for the real ones are not known to us.

They are signed with DKIM by a key of this world's own; its public half is what `dns_records` gives to whoever checks.
"""

import base64
import smtplib
from datetime import datetime
from email.message import EmailMessage
from email.utils import format_datetime, make_msgid
from enum import StrEnum

import dkim
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)

from sakimori.simulators.state import State

DOMAIN = "waf-vendor.example.com"
SELECTOR = "sim"
SENDER = f"alerts@{DOMAIN}"
_SETTING = "vendor_mail_key"
_SIGNED = [b"from", b"to", b"subject", b"date", b"message-id", b"content-type", b"mime-version"]
_SECONDS = 10.0


class VendorMailKind(StrEnum):
    """What the mail says. UNKNOWN: something that no pattern can know."""

    START = "start"
    END = "end"
    WEEKLY = "weekly"
    UNKNOWN = "unknown"


_WORDS = {
    VendorMailKind.START: (
        "DDoS attack detected",
        "A DDoS attack has been detected.\nSite: {site}\nPeak: 12,400 requests per second\nMitigation: On\n",
    ),
    VendorMailKind.END: ("DDoS attack ended", "The DDoS attack is over.\nSite: {site}\nDuration: 42 minutes\n"),
    VendorMailKind.WEEKLY: ("Your weekly report", "Last week {site} had 1,204,118 visits.\n"),
    VendorMailKind.UNKNOWN: ("Notice about your service", "Something has changed for {site}. Please sign in.\n"),
}


def vendor_mail(
    state: State, kind: VendorMailKind, *, site: str, recipient: str, now: datetime, signed: bool = True
) -> bytes:
    """A mail as it travels. signed: by the vendor's key; otherwise it is a forgery that only looks like one."""
    subject, text = _WORDS[kind]
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = SENDER, recipient, subject
    mail["Date"], mail["Message-ID"] = format_datetime(now), make_msgid(domain=DOMAIN)
    mail.set_content(text.format(site=site))
    raw = mail.as_bytes(policy=mail.policy.clone(linesep="\r\n"))
    if not signed:
        return raw
    signature: bytes = dkim.sign(
        raw,
        SELECTOR.encode(),
        DOMAIN.encode(),
        _private_pem(state),
        include_headers=_SIGNED,
        canonicalize=(b"relaxed",) * 2,
    )
    return signature + raw


def dns_records(state: State) -> dict[str, str]:
    """TXT records by name, with which a signature is checked."""
    key = load_pem_private_key(_private_pem(state), None).public_key()
    spelt = base64.b64encode(key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)).decode()
    return {f"{SELECTOR}._domainkey.{DOMAIN}": f"v=DKIM1; k=rsa; p={spelt}"}


def hand_over(raw: bytes, *, port: int, recipient: str) -> None:
    """Bring a mail to an SMTP door on this machine. OSError, smtplib.SMTPException where it is not taken."""
    with smtplib.SMTP("127.0.0.1", port, local_hostname=DOMAIN, timeout=_SECONDS) as door:
        door.sendmail(SENDER, [recipient], raw)


def _private_pem(state: State) -> bytes:
    """The world's key, made when it is first needed."""
    with state.change():
        stored = state.setting(_SETTING)
        if not stored:
            key = generate_private_key(public_exponent=65537, key_size=2048)
            stored = key.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption()).decode()
            state.set_setting(_SETTING, stored)
    return stored.encode()
