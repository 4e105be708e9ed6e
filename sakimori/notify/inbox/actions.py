"""What changes when mails come in: one is kept, and whoever understands it says what came of it."""

from datetime import datetime
from hashlib import sha256

from django.db import IntegrityError, transaction

from sakimori.customers.models import Customer
from sakimori.notify.inbox.reading import read
from sakimori.notify.models import Mailbox, ReceivedMail

MAX_MAIL_BYTES = 10 * 1024 * 1024
_LONGEST_HELO = 255


def keep(
    raw: bytes,
    *,
    box: Mailbox,
    now: datetime,
    recipient: str = "",
    peer: str | None = None,
    helo: str = "",
    return_path: str = "",
) -> ReceivedMail:
    """Keep a mail as it came; in the database when this returns. The same bytes are kept once, in the first inbox.

    recipient: for whom it was handed over, if that is known; else its own header counts.
    peer, helo, return_path: who handed it over at our own door. Its sender is asked about at once (`next_check_at`).
    """
    digest = sha256(raw).hexdigest()
    reading = read(raw)
    values = {
        "box": box,
        "raw": raw,
        "sender": reading.sender,
        "recipient": (recipient or reading.recipient)[:254],
        "subject": reading.subject,
        "text": reading.text,
        "received_at": now,
        "next_check_at": now if box == Mailbox.VENDOR else None,
        "peer": peer,
        "helo": helo[:_LONGEST_HELO],
        "return_path": return_path[:254],
    }
    try:
        with transaction.atomic():
            mail, _ = ReceivedMail.objects.get_or_create(digest=digest, defaults=values)
    except IntegrityError:
        mail = ReceivedMail.objects.get(digest=digest)
    return mail


def handled(mail: ReceivedMail, *, outcome: str, customer: Customer | None = None, now: datetime) -> bool:
    """Write down what came of a mail, once. False if somebody has done so already; then nothing is changed.

    outcome: a Japanese sentence (300 characters). customer: whom it is about; the mail then ends with his contract.
    """
    free = ReceivedMail.objects.filter(pk=mail.pk, handled_at=None)
    if not free.update(handled_at=now, outcome=outcome[:300], customer=customer):
        return False
    mail.handled_at, mail.outcome, mail.customer = now, outcome[:300], customer
    return True
