"""Mails of the vendor for tests, as whoever receives them leaves them behind."""

import hashlib
import itertools
from datetime import datetime, timedelta
from email.message import EmailMessage
from email.utils import format_datetime

from sakimori.incidents.models import MailKind, MailPattern
from sakimori.incidents.vendor_mails import Rules
from sakimori.notify.models import Mailbox, ReceivedMail
from tests.incidents.post import TIMES

VENDOR = "alerts@waf-vendor.example.com"
RULES = Rules(("waf-vendor.example.com",), TIMES)
STARTED = "DDoS attack started"
ENDED = "DDoS attack ended"
_number = itertools.count(1)


def make_patterns() -> None:
    """A start, an end, and a report that needs nothing."""
    MailPattern.objects.all().delete()
    for name, kind, subject, text in (
        ("開始", MailKind.START, "^DDoS attack started", r"^Site: (?P<site>\S+)"),
        ("終息", MailKind.END, "^DDoS attack ended", r"^Site: (?P<site>\S+)"),
        ("週報", MailKind.IGNORE, "weekly report", ""),
    ):
        MailPattern.objects.create(name=name, kind=kind, subject=subject, text=text)


def make_mail(
    subject: str,
    at: datetime,
    *,
    site: str = "shop-a.example.jp",
    text: str | None = None,
    sender: str = VENDOR,
    authenticated: bool = True,
    delay: timedelta = timedelta(seconds=5),
    message_id: str = "",
    date: str | None = None,
    **columns: object,
) -> ReceivedMail:
    """A mail that was written at `at`, and received a little later."""
    number = next(_number)
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = sender, "alerts@soc.example.jp", subject
    mail["Date"] = format_datetime(at) if date is None else date
    mail["Message-ID"] = message_id or f"<{number}@waf-vendor.example.com>"
    body = f"Hello,\nSite: {site}\nPeak: 12000 requests/s\n" if text is None else text
    mail.set_content(body)
    raw = bytes(mail)
    values: dict[str, object] = {
        "box": Mailbox.VENDOR,
        "digest": hashlib.sha256(raw + str(number).encode()).hexdigest(),
        "raw": raw,
        "sender": sender,
        "subject": subject[:300],
        "text": body,
        "received_at": at + delay,
        "authenticated": authenticated,
        "proof": "DKIM" if authenticated else "署名がありません。",
    }
    return ReceivedMail.objects.create(**{**values, **columns})
