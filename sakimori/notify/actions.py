"""What changes in notify: a mail goes to the outbox, a copy is handed over, an alarm is raised or acknowledged."""

import hashlib
from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime, timedelta
from urllib.parse import urlsplit

from django.conf import settings
from django.db import transaction
from django.db.models import F

from sakimori.accounts.models import User
from sakimori.customers import audit
from sakimori.customers.models import Customer
from sakimori.customers.queries import contacts_to_mail
from sakimori.notify.interface import AttachedFile, Mailer, MailRefused, MailUnavailable, OutgoingMail
from sakimori.notify.models import Alarm, Delivery, DeliveryState, MailAttachment, Message, Severity

_FIRST_PAUSE = timedelta(seconds=5)
_LONGEST_PAUSE = timedelta(minutes=15)


class NotPossible(Exception):
    """What was asked cannot be done; the text is a Japanese sentence for the person who asked."""


def write_mail(
    *,
    key: str,
    customer: Customer,
    subject: str,
    body: str,
    now: datetime,
    attachments: Sequence[AttachedFile] = (),
) -> Message:
    """Put a mail to all registered contacts into the outbox. The same key is written once, whoever asks again.

    A customer without contacts gets no copy; then the SOC is alarmed, for silence is an error.
    """
    with transaction.atomic():
        message, new = Message.objects.get_or_create(
            key=key,
            defaults={"customer": customer, "subject": subject, "body": body, "written_at": now},
        )
        if not new:
            return message
        contacts = contacts_to_mail(customer, now)
        _copy(message, [(contact.name, contact.email) for contact in contacts], now)
        MailAttachment.objects.bulk_create(MailAttachment(message=message, **asdict(file)) for file in attachments)
        audit.record("mail.write", by="sakimori", target=f"message:{message.pk}", now=now, customer=customer)
        if not contacts:
            raise_alarm(
                key=f"no-contacts:{customer.pk}",
                severity=Severity.HIGH,
                sentence=f"{customer.name} には連絡先が登録されていないため、通知メールを送れません。",
                now=now,
            )
    return message


def write_soc_mail(*, key: str, people: Sequence[tuple[str, str]], subject: str, body: str, now: datetime) -> Message:
    """Put a mail to people of the SOC (name, address) into the outbox, once per key. Who has no address gets none."""
    with transaction.atomic():
        message, new = Message.objects.get_or_create(
            key=key, defaults={"customer": None, "subject": subject[:200], "body": body, "written_at": now}
        )
        if new:
            names = {address: name for name, address in reversed(people) if address}
            _copy(message, [(name, address) for address, name in names.items()], now)
            audit.record("mail.write", by="sakimori", target=f"message:{message.pk}", now=now)
    return message


def _copy(message: Message, people: Sequence[tuple[str, str]], now: datetime) -> None:
    """One copy for each name and address."""
    Delivery.objects.bulk_create(
        Delivery(message=message, name=name, address=address, mail_id=_mail_id(message, address), next_try_at=now)
        for name, address in people
    )


def copy_to(message: Message, people: Sequence[tuple[str, str]], now: datetime) -> None:
    """Further copies (name, address) of a message, such as for who is no contact any more. Nobody gets two."""
    there = set(Delivery.objects.filter(message=message).values_list("address", flat=True))
    names = {address: name for name, address in reversed(people) if address not in there}
    _copy(message, [(name, address) for address, name in names.items()], now)


def _mail_id(message: Message, address: str) -> str:
    domain = urlsplit(settings.CONFIG.base_url).hostname
    token = hashlib.sha256(f"{message.key}\x1f{address}".encode()).hexdigest()[:32]
    return f"<{token}@{domain}>"


def send(delivery: Delivery, *, mailer: Mailer, now: datetime) -> None:
    """Hand one claimed copy to the mail server and write down what came of it."""
    delivery.attempts += 1
    try:
        mailer.send(_outgoing(delivery))
    except MailRefused as error:
        _refused(delivery, str(error), now)
    except MailUnavailable as error:
        delivery.last_error = str(error)[:300]
        delivery.next_try_at = now + _pause(delivery.attempts)
    else:
        delivery.state = DeliveryState.ACCEPTED
        delivery.accepted_at = now
        delivery.last_error = ""
    delivery.claimed_by, delivery.claimed_until = "", None
    delivery.save()


def _refused(delivery: Delivery, reason: str, now: datetime) -> None:
    delivery.state = DeliveryState.REFUSED
    delivery.last_error = reason[:300]
    raise_alarm(
        key=f"mail-refused:{delivery.address}",
        severity=Severity.MIDDLE,
        sentence=f"{_company(delivery.message)} の連絡先 {delivery.name} 様宛のメールが拒否されました。",
        now=now,
    )


def _company(message: Message) -> str:
    return message.customer.name if message.customer else "SOC"


def _outgoing(delivery: Delivery) -> OutgoingMail:
    return OutgoingMail(
        message_id=delivery.mail_id,
        sender=settings.CONFIG.mail_from,
        recipient=delivery.address,
        recipient_name=delivery.name,
        subject=delivery.message.subject,
        body=delivery.message.body,
        written_at=delivery.message.written_at,
        attachments=_attached(delivery.message),
    )


def _attached(message: Message) -> tuple[AttachedFile, ...]:
    return tuple(AttachedFile(file.name, file.content_type, bytes(file.content)) for file in message.attachments.all())


def _pause(attempts: int) -> timedelta:
    doubled: timedelta = _FIRST_PAUSE * 2 ** min(attempts - 1, 20)
    return min(doubled, _LONGEST_PAUSE)


def raise_alarm(*, key: str, severity: Severity, sentence: str, now: datetime, link: str = "") -> Alarm:
    """Tell the SOC. While an alarm of the same key is open it is counted up instead of being raised again.

    All but the low ones are phoned to the people on duty when nobody has acknowledged by `due_at`.
    """
    due_at = None if severity == Severity.LOW else now + timedelta(minutes=settings.CONFIG.alarm_minutes)
    with transaction.atomic():
        alarm, new = Alarm.objects.get_or_create(
            key=key,
            acknowledged_at=None,
            defaults={
                "severity": severity,
                "sentence": sentence[:300],
                "link": link,
                "first_at": now,
                "last_at": now,
                "due_at": due_at,
            },
        )
        if not new:
            Alarm.objects.filter(pk=alarm.pk).update(
                count=F("count") + 1,
                last_at=now,
                sentence=sentence[:300],
                severity=severity,
                due_at=alarm.due_at or due_at,
            )
            alarm.refresh_from_db()
    return alarm


def note_over(alarm: Alarm, *, sentence: str, now: datetime) -> None:
    """The cause of an alarm is gone: it says so, and nobody is phoned about it any more. It stays until acknowledged.

    now: when that was. The same cause may come back: then the alarm is raised as if it were new, and counts on.
    """
    still_open = Alarm.objects.filter(pk=alarm.pk, acknowledged_at=None)
    still_open.update(sentence=sentence[:300], due_at=None, call_round=None, last_at=now)


def acknowledge(alarm: Alarm, *, by: User, now: datetime) -> None:
    """A person takes an alarm. Doing it twice changes nothing."""
    with transaction.atomic():
        taken = Alarm.objects.filter(pk=alarm.pk, acknowledged_at=None).update(acknowledged_at=now, acknowledged_by=by)
        if taken:
            audit.record("alarm.acknowledge", by=by.username, target=f"alarm:{alarm.pk}", now=now)
