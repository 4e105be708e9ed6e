"""What changes in notify: a mail goes to the outbox, an alarm is raised or acknowledged."""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime, timedelta
from urllib.parse import urlsplit

from django.conf import settings
from django.db import transaction
from django.db.models import F, QuerySet
from django.utils.crypto import salted_hmac

from sakimori.accounts.models import User
from sakimori.customers import audit
from sakimori.customers.models import Customer
from sakimori.customers.queries import contacts_to_mail
from sakimori.notify.attaching import fitting, with_files_named
from sakimori.notify.interface import AttachedFile
from sakimori.notify.models import Alarm, Delivery, MailAttachment, Message, Priority, Severity

_MAIL_SALT = "sakimori.notify.mail"


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
    priority: Priority = Priority.NORMAL,
) -> Message:
    """Put a mail to all registered contacts into the outbox. The same key is written once, whoever asks again.

    Files that would make it too large are named in its text instead. A customer without contacts gets no copy; then
    the SOC is alarmed, for silence is an error.
    """
    files, left = fitting(attachments)
    with transaction.atomic():
        message, new = Message.objects.get_or_create(
            key=key,
            defaults={
                "customer": customer,
                "subject": subject,
                "body": with_files_named(body, left),
                "written_at": now,
            },
        )
        if not new:
            return message
        contacts = contacts_to_mail(customer, now)
        _copy(message, [(contact.name, contact.email) for contact in contacts], now, priority)
        MailAttachment.objects.bulk_create(MailAttachment(message=message, **asdict(file)) for file in files)
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
            _copy(message, [(name, address) for address, name in names.items()], now, Priority.URGENT)
            audit.record("mail.write", by="sakimori", target=f"message:{message.pk}", now=now)
    return message


def _copy(message: Message, people: Sequence[tuple[str, str]], now: datetime, priority: Priority) -> None:
    """One copy for each name and address."""
    Delivery.objects.bulk_create(
        Delivery(
            message=message,
            name=name,
            address=address,
            mail_id=mail_id(message, address),
            next_try_at=now,
            priority=priority,
        )
        for name, address in people
    )


def copy_to(message: Message, people: Sequence[tuple[str, str]], now: datetime) -> None:
    """Further copies (name, address) of a message, such as for who is no contact any more. Nobody gets two."""
    there = set(Delivery.objects.filter(message=message).values_list("address", flat=True))
    names = {address: name for name, address in reversed(people) if address not in there}
    _copy(message, [(name, address) for address, name in names.items()], now, Priority.NORMAL)


def mail_id(message: Message, address: str) -> str:
    """Nobody outside can work it out: a report that names it comes from where the mail went."""
    domain = urlsplit(settings.CONFIG.base_url).hostname
    token = salted_hmac(_MAIL_SALT, f"{message.key}\x1f{address}", algorithm="sha256").hexdigest()[:32]
    return f"<{token}@{domain}>"


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
                over_at=None,
            )
            alarm.refresh_from_db()
    return alarm


def note_over(alarm: Alarm, *, sentence: str, now: datetime) -> None:
    """The cause of an alarm is gone: it says so once, on the pages and on the phone. Only a person stops it.

    now: when that was. The same cause may come back: then the alarm says so again, and counts on; one that somebody
    has taken meanwhile is over, and the cause that comes back is told anew.
    """
    _say_over(Alarm.objects.filter(pk=alarm.pk), sentence, now)


def end_alarm(key: str, *, sentence: str, now: datetime) -> None:
    """The same for the alarms of this key."""
    _say_over(Alarm.objects.filter(key=key), sentence, now)


def _say_over(alarms: QuerySet[Alarm], sentence: str, now: datetime) -> None:
    still_open = alarms.filter(acknowledged_at=None).exclude(sentence=sentence[:300])
    still_open.update(sentence=sentence[:300], last_at=now)
    alarms.filter(over_at=None).update(over_at=now)


def acknowledge(alarm: Alarm, *, by: User, now: datetime) -> None:
    """A person takes an alarm. Doing it twice changes nothing."""
    with transaction.atomic():
        taken = Alarm.objects.filter(pk=alarm.pk, acknowledged_at=None).update(acknowledged_at=now, acknowledged_by=by)
        if taken:
            audit.record("alarm.acknowledge", by=by.username, target=f"alarm:{alarm.pk}", now=now)


def take_alarm(key: str, *, by: User, now: datetime) -> None:
    """Whoever does what an alarm asked for has taken it: the one of this key, if one is open."""
    for alarm in Alarm.objects.filter(key=key, acknowledged_at=None):
        acknowledge(alarm, by=by, now=now)
