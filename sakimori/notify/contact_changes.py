"""A contact is added, changed, moved or deactivated, and all contacts are told: nobody is removed in silence.

Change and mail are one transaction. Raises `customers.contacts.NotPossible` with a sentence for the form.
"""

from collections.abc import Sequence
from datetime import datetime

from django.conf import settings
from django.db import transaction

from sakimori.accounts.models import User
from sakimori.customers import contacts
from sakimori.customers.contacts import Values
from sakimori.customers.models import AuditEntry, Contact, Customer
from sakimori.customers.queries import contacts_to_mail
from sakimori.lib.jst import written
from sakimori.notify.actions import copy_to, write_mail
from sakimori.notify.contact_texts import ContactNews, body, subject

_SOC = "SOC"


def add(customer: Customer, values: Values, *, by: User, now: datetime) -> Contact:
    """Register a contact, or a deputy where `stands_for` is among the values."""
    with transaction.atomic():
        contact = contacts.add_contact(customer, values, by=by, now=now)
        what = "代理の連絡先を追加" if contact.stands_for_id else "連絡先を追加"
        _tell(customer, ContactNews(what, contact.name, (), _name(by)), (), now)
    return contact


def change(contact: Contact, values: Values, *, by: User, now: datetime) -> bool:
    """Change a contact. False when nothing differs."""
    with transaction.atomic():
        before = _people(contact.customer, now)
        changed = contacts.change_contact(contact, values, by=by, now=now)
        if changed:
            name = str(values.get("name", contact.name))
            _tell(contact.customer, ContactNews("連絡先を変更", name, changed, _name(by)), before, now)
    return bool(changed)


def move(contact: Contact, *, earlier: bool, by: User, now: datetime) -> bool:
    """Call this contact one place earlier or later. False when there is no such place."""
    with transaction.atomic():
        moved = contacts.move_contact(contact, earlier=earlier, by=by, now=now)
        if moved:
            what = "電話の順番を 1 つ前へ変更" if earlier else "電話の順番を 1 つ後へ変更"
            _tell(contact.customer, ContactNews(what, contact.name, (), _name(by)), (), now)
    return moved


def deactivate(contact: Contact, *, by: User, now: datetime) -> bool:
    """Deactivate a contact, who gets the mail as well. False when that was so."""
    with transaction.atomic():
        before = _people(contact.customer, now)
        done = contacts.deactivate_contact(contact, by=by, now=now)
        if done:
            _tell(contact.customer, ContactNews("連絡先を無効化", contact.name, (), _name(by)), before, now)
    return done


def reactivate(contact: Contact, *, by: User, now: datetime) -> bool:
    """Make a contact active again. False when that was so."""
    with transaction.atomic():
        done = contacts.reactivate_contact(contact, by=by, now=now)
        if done:
            _tell(contact.customer, ContactNews("連絡先を再び有効化", contact.name, (), _name(by)), (), now)
    return done


def _people(customer: Customer, now: datetime) -> Sequence[tuple[str, str]]:
    return [(contact.name, contact.email) for contact in contacts_to_mail(customer, now)]


def _tell(customer: Customer, news: ContactNews, before: Sequence[tuple[str, str]], now: datetime) -> None:
    """The key is the newest entry of the record, which is this very change's."""
    config = settings.CONFIG
    entry = AuditEntry.objects.order_by("-pk").values_list("pk", flat=True)[0]
    message = write_mail(
        key=f"contacts:{customer.pk}:{entry}",
        customer=customer,
        subject=subject(config.service_name),
        body=body(
            news,
            customer=customer.name,
            service_name=config.service_name,
            base_url=config.base_url,
            soc_phone=config.soc_phone,
            at=written(now),
        ),
        now=now,
    )
    copy_to(message, before, now)


def _name(by: User) -> str:
    """Customers do not read the names of the SOC's people here."""
    return _SOC if by.is_soc else by.shown_name
