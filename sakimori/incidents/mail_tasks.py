"""What pages show of the vendor's mails, and what a person does about them: see a mail, change a pattern."""

from datetime import datetime

from django.db import transaction
from django.db.models import QuerySet

from sakimori.accounts.models import User
from sakimori.customers import audit
from sakimori.incidents.models import MailPattern, MailReading, PatternVersion
from sakimori.incidents.patterns import Expressions
from sakimori.incidents.vendor_mails import ALARM_KEY
from sakimori.notify.actions import take_alarm

CUSTOMER_PATH = "mail__customer"


class NotPossible(Exception):
    """The pattern cannot be saved. The text is a Japanese sentence for the person."""


def readings() -> QuerySet[MailReading]:
    """Every mail that was read, the newest first."""
    return MailReading.objects.select_related("mail", "site__contract__customer", "incident__site", "seen_by").order_by(
        "-pk"
    )


def waiting() -> QuerySet[MailReading]:
    """Mails that a person must look at, the newest first."""
    return readings().exclude(reason="").filter(seen_at=None)


def patterns() -> QuerySet[MailPattern]:
    """All patterns, also those that are not in use."""
    return MailPattern.objects.select_related("changed_by")


def see_mail(reading: MailReading, *, by: User, now: datetime) -> bool:
    """A person has looked at a mail. Doing it twice changes nothing. The alarm goes with the last one."""
    with transaction.atomic():
        rows = MailReading.objects.filter(pk=reading.pk, seen_at=None).exclude(reason="")
        if not rows.update(seen_at=now, seen_by=by):
            return False
        audit.record(
            "mail.vendor.seen",
            by=by.username,
            target=f"mail:{reading.mail_id}",
            now=now,
            customer=reading.mail.customer,
        )
        if not MailReading.objects.filter(seen_at=None).exclude(reason="").exists():
            take_alarm(ALARM_KEY, by=by, now=now)
    return True


def save_pattern(
    row: MailPattern | None, wanted: Expressions, *, is_active: bool, by: User, now: datetime
) -> MailPattern:
    """Write a new pattern or change one; the expressions are checked already. Saving the same changes nothing.

    Raises NotPossible for a name that another pattern has.
    """
    with transaction.atomic():
        kept = MailPattern.objects.select_for_update().filter(pk=row.pk).first() if row else MailPattern()
        if kept is None:
            raise NotPossible("このパターンは、ほかの人が削除しました。")
        if MailPattern.objects.filter(name=wanted.name).exclude(pk=kept.pk).exists():
            raise NotPossible("同じ名称のパターンがあります。")
        values = (wanted.name, wanted.kind, wanted.subject, wanted.text, is_active)
        if kept.pk and values == (kept.name, kept.kind, kept.subject, kept.text, kept.is_active):
            return kept
        is_new = kept.pk is None
        kept.name, kept.kind, kept.subject, kept.text, kept.is_active = values
        kept.changed_at, kept.changed_by = now, by
        kept.save()
        _keep_version(kept, by, now)
        action = "mail.pattern.add" if is_new else "mail.pattern.change"
        audit.record(action, by=by.username, target=f"mail-pattern:{kept.pk}", now=now)
    return kept


def _keep_version(row: MailPattern, by: User, now: datetime) -> None:
    """The record says who and when; what it was is kept here, for it is no customer's."""
    PatternVersion.objects.create(
        pattern=row,
        name=row.name,
        kind=row.kind,
        subject=row.subject,
        text=row.text,
        is_active=row.is_active,
        changed_at=now,
        changed_by=by,
    )
