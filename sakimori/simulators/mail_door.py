"""What the simulators mail to the system's own SMTP door: reports of undeliverable mails, and the vendor's notices.

The vendor's key is made for this world and known to nobody else; its DNS record is told to the system in training.
"""

import base64
import smtplib
from dataclasses import dataclass
from datetime import datetime
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, make_msgid

import dkim
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from sakimori.simulators.loopback import check_loopback
from sakimori.simulators.state import State

VENDOR_DOMAIN = "imperva.example.com"
_SELECTOR = "training"
_SECONDS = 10
_SIGNED = (b"from", b"to", b"subject", b"date", b"message-id")


@dataclass(frozen=True, slots=True)
class Notice:
    """A mail of the vendor. is_forged: it is signed with another key, as somebody else would."""

    to: str
    subject: str
    text: str
    is_forged: bool = False


def set_mail_door(state: State, host: str, port: int) -> None:
    """Where the system takes mails. ValueError for a host that is not loopback."""
    check_loopback(host)
    state.set_setting("mail_door", f"{host}:{port}")


def set_bounced(state: State, address: str) -> None:
    """From now on mails to this address are taken and then reported as undeliverable; empty: none."""
    state.set_setting("mailbox_bounced", address.strip().lower())


def is_bounced(state: State, address: str) -> bool:
    """Whether mails to this address are reported as undeliverable."""
    return bool(address) and state.setting("mailbox_bounced") == address.lower()


def vendor_dns(state: State) -> dict[str, str]:
    """The TXT records by which the vendor's signatures are proven."""
    key = serialization.load_pem_private_key(_key(state), None)
    public = key.public_key().public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    return {f"{_SELECTOR}._domainkey.{VENDOR_DOMAIN}": f"v=DKIM1; k=rsa; p={base64.b64encode(public).decode()}"}


def send_notice(state: State, notice: Notice, now: datetime) -> None:
    """Mail a notice of the vendor to the door. OSError or SMTPException if it is not taken."""
    message = EmailMessage(policy=SMTP)
    message["From"] = f"Imperva <notifications@{VENDOR_DOMAIN}>"
    message["To"] = notice.to
    message["Subject"] = notice.subject
    message["Date"] = format_datetime(now)
    message["Message-ID"] = make_msgid(domain=VENDOR_DOMAIN)
    message.set_content(notice.text, charset="utf-8", cte="base64")
    raw = message.as_bytes()
    key = _new_key() if notice.is_forged else _key(state)
    signature = dkim.DKIM(raw).sign(_SELECTOR.encode(), VENDOR_DOMAIN.encode(), key, include_headers=list(_SIGNED))
    _deliver(state, f"bounce@{VENDOR_DOMAIN}", notice.to, bytes(signature) + raw)


def report_failure(state: State, content: bytes, *, return_path: str, recipient: str, now: datetime) -> None:
    """Tell the sender of a mail that it could not be delivered (RFC 3464)."""
    if return_path:
        report = failure_report(content, return_path=return_path, recipient=recipient, now=now)
        _deliver(state, "", return_path, report)


def failure_report(content: bytes, *, return_path: str, recipient: str, now: datetime) -> bytes:
    """The report as a mail server writes it."""
    original = message_from_bytes(content)
    head = "".join(f"{name}: {original[name]}\r\n" for name in ("Message-ID", "Subject", "From", "To"))
    text = (
        "From: Mail Delivery System <MAILER-DAEMON@mailbox.example.jp>\r\n"
        f"To: {return_path}\r\nSubject: Undelivered Mail Returned to Sender\r\nDate: {format_datetime(now)}\r\n"
        f"Message-ID: {make_msgid(domain='mailbox.example.jp')}\r\nMIME-Version: 1.0\r\n"
        "Auto-Submitted: auto-replied\r\n"
        'Content-Type: multipart/report; report-type=delivery-status; boundary="report"\r\n\r\n'
        "--report\r\nContent-Type: text/plain\r\n\r\nYour message could not be delivered.\r\n\r\n"
        "--report\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mailbox.example.jp\r\n\r\n"
        f"Final-Recipient: rfc822; {recipient}\r\nAction: failed\r\nStatus: 5.1.1\r\n"
        f"Diagnostic-Code: smtp; 550 5.1.1 <{recipient}>: Recipient address rejected: User unknown\r\n\r\n"
        f"--report\r\nContent-Type: text/rfc822-headers\r\n\r\n{head}\r\n--report--\r\n"
    )
    return text.encode("utf-8", "replace")


def _deliver(state: State, sender: str, recipient: str, raw: bytes) -> None:
    host, _, port = (state.setting("mail_door") or "").rpartition(":")
    if not host:
        raise OSError("no mail door is known")
    with smtplib.SMTP(host, int(port), timeout=_SECONDS) as client:
        client.sendmail(sender, [recipient], raw)


def _key(state: State) -> bytes:
    """The vendor's private key, made once for each world."""
    stored = state.setting("vendor_mail_key")
    if stored:
        return stored.encode()
    made = _new_key()
    state.set_setting("vendor_mail_key", made.decode())
    return made


def _new_key() -> bytes:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL, serialization.NoEncryption()
    )
