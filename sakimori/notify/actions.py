"""What changes in notify: a mail goes to the outbox, a copy is handed over, an alarm is raised or acknowledged."""

import hashlib
from datetime import datetime, timedelta
from urllib.parse import urlsplit

from django.conf import settings
from django.db import transaction
from django.db.models import F

from sakimori.accounts.models import User
from sakimori.customers import audit
from sakimori.customers.models import Contact, Customer
from sakimori.customers.queries import contacts_to_mail
from sakimori.notify.interface import Mailer, MailRefused, MailUnavailable, OutgoingMail
from sakimori.notify.models import Alarm, Delivery, DeliveryState, Message, Severity

_FIRST_PAUSE = timedelta(seconds=5)
_LONGEST_PAUSE = timedelta(minutes=15)


def write_mail(*, key: str, customer: Customer, subject: str, body: str, now: datetime) -> Message:
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
        contacts = contacts_to_mail(customer)
        Delivery.objects.bulk_create(_copy(message, contact, now) for contact in contacts)
        audit.record("mail.write", by="sakimori", target=f"message:{message.pk}", now=now, customer=customer)
        if not contacts:
            raise_alarm(
                key=f"no-contacts:{customer.pk}",
                severity=Severity.HIGH,
                sentence=f"{customer.name} には連絡先が登録されていないため、通知メールを送れません。",
                now=now,
            )
    return message


def _copy(message: Message, contact: Contact, now: datetime) -> Delivery:
    domain = urlsplit(settings.CONFIG.base_url).hostname
    token = hashlib.sha256(f"{message.key}\x1f{contact.email}".encode()).hexdigest()[:32]
    return Delivery(
        message=message,
        name=contact.name,
        address=contact.email,
        mail_id=f"<{token}@{domain}>",
        next_try_at=now,
    )


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
    )


def _pause(attempts: int) -> timedelta:
    doubled: timedelta = _FIRST_PAUSE * 2 ** min(attempts - 1, 20)
    return min(doubled, _LONGEST_PAUSE)


def raise_alarm(*, key: str, severity: Severity, sentence: str, now: datetime, link: str = "") -> Alarm:
    """Tell the SOC. While an alarm of the same key is open it is counted up instead of being raised again."""
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
            },
        )
        if not new:
            Alarm.objects.filter(pk=alarm.pk).update(
                count=F("count") + 1, last_at=now, sentence=sentence[:300], severity=severity
            )
            alarm.refresh_from_db()
    return alarm


def acknowledge(alarm: Alarm, *, by: User, now: datetime) -> None:
    """A person takes an alarm. Doing it twice changes nothing."""
    with transaction.atomic():
        taken = Alarm.objects.filter(pk=alarm.pk, acknowledged_at=None).update(acknowledged_at=now, acknowledged_by=by)
        if taken:
            audit.record("alarm.acknowledge", by=by.username, target=f"alarm:{alarm.pk}", now=now)
