"""A copy that did not arrive is sent again, to a contact as he is registered now."""

from datetime import datetime

from django.db import transaction

from sakimori.accounts.models import User
from sakimori.customers import audit
from sakimori.customers.models import Contact, Contract
from sakimori.customers.queries import contacts_to_mail, running
from sakimori.lib.jst import day_of
from sakimori.notify.actions import NotPossible, mail_id
from sakimori.notify.models import Delivery, DeliveryState

_NOT_ARRIVED = (DeliveryState.REFUSED, DeliveryState.BOUNCED)


def contacts_for(delivery: Delivery) -> list[Contact]:
    """To whom a copy may be sent again: registered contacts of its customer; none for the SOC's own mails."""
    customer = delivery.message.customer
    if customer is None or delivery.state not in _NOT_ARRIVED:
        return []
    taken = delivery.message.deliveries.exclude(pk=delivery.pk).values_list("address", flat=True)
    return [contact for contact in contacts_to_mail(customer) if contact.email not in set(taken)]


def resend(delivery: Delivery, *, contact: Contact, by: User, now: datetime) -> Delivery:
    """Queue the copy again, for this contact. To the same address it keeps its Message-ID. Raises NotPossible."""
    customer = delivery.message.customer
    if customer is None or not Contract.objects.filter(running(day_of(now)), customer=customer).exists():
        raise NotPossible("有効な契約がないため、再送できません。")
    if contact.pk not in {allowed.pk for allowed in contacts_for(delivery)}:
        raise NotPossible("この連絡先には再送できません。送信済みか、再送の対象ではありません。")
    with transaction.atomic():
        mine = Delivery.objects.filter(pk=delivery.pk, state__in=_NOT_ARRIVED, resent_to="")
        same = contact.email == delivery.address
        fresh = {"state": DeliveryState.QUEUED, "attempts": 0, "queued_at": now, "next_try_at": now, "last_error": ""}
        changed = (
            mine.update(**fresh, answer="", bounce="", bounced_at=None)
            if same
            else mine.update(resent_to=contact.email)
        )
        if not changed:
            raise NotPossible("このメールは、既に再送されています。")
        copy = (
            delivery
            if same
            else Delivery.objects.create(
                message=delivery.message,
                name=contact.name,
                address=contact.email,
                mail_id=mail_id(delivery.message, contact.email),
                next_try_at=now,
                queued_at=now,
                priority=delivery.priority,
            )
        )
        details = {"to": contact.email}
        target = f"delivery:{delivery.pk}"
        audit.record("mail.resend", by=by.username, target=target, now=now, customer=customer, details=details)
    copy.refresh_from_db()
    return copy
