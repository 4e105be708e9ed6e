"""Changing one contact without a hearing sheet: add, change, reorder, deactivate. Each change is audited.

Nobody is deleted, one contact always remains, and nothing changes after the last contract has ended.
Called by `notify.contact_changes`, which tells all contacts.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import Max

from sakimori.accounts.models import User
from sakimori.customers import audit
from sakimori.customers.models import Contact, Contract, Customer
from sakimori.customers.queries import running
from sakimori.lib.jst import day_of

Values = Mapping[str, Any]
_SITES = "sites"
_NUMBERS = ("phone", "second_phone")


class NotPossible(Exception):
    """The change cannot be made. The text is one Japanese sentence."""


def add_contact(customer: Customer, values: Values, *, by: User, now: datetime) -> Contact:
    """A new contact, after all others in the order of calls. Raises NotPossible."""
    with transaction.atomic():
        _check_served(customer, now)
        last = Contact.objects.filter(customer=customer).aggregate(Max("priority"))["priority__max"] or 0
        contact = Contact(customer=customer, priority=values.get("priority") or last + 1)
        _write(contact, values)
        _record("contact.add", contact, by, now, list(values))
    return contact


def change_contact(contact: Contact, values: Values, *, by: User, now: datetime) -> Sequence[str]:
    """Change what differs. Returns the names of the columns that did, in words. Raises NotPossible."""
    with transaction.atomic():
        contact = Contact.objects.select_for_update().get(pk=contact.pk)
        _check_served(contact.customer, now)
        changed = [name for name, value in values.items() if _differs(contact, name, value)]
        if not changed:
            return []
        if set(changed) & set(_NUMBERS):
            contact.proven_at = contact.failed_at = None
        _write(contact, {name: values[name] for name in changed})
        _record("contact.change", contact, by, now, changed)
    return [label_of(name) for name in changed]


def move_contact(contact: Contact, *, earlier: bool, by: User, now: datetime) -> bool:
    """One place up or down in the order of calls. False when there is no such place. Raises NotPossible."""
    with transaction.atomic():
        _check_served(contact.customer, now)
        rows = Contact.objects.select_for_update().filter(customer=contact.customer_id, active=True, stands_for=None)
        order = list(rows.order_by("priority", "pk"))
        place = next((place for place, row in enumerate(order) if row.pk == contact.pk), -1)
        other = place - 1 if earlier else place + 1
        if place < 0 or not 0 <= other < len(order):
            return False
        order[place], order[other] = order[other], order[place]
        for number, row in enumerate(order, start=1):
            Contact.objects.filter(pk=row.pk).update(priority=number)
        _record("contact.move", contact, by, now, ["priority"])
    return True


def deactivate_contact(contact: Contact, *, by: User, now: datetime) -> bool:
    """No mail and no call to this contact any more. False when that was so. Raises NotPossible for the last one."""
    with transaction.atomic():
        _check_served(contact.customer, now)
        rows = Contact.objects.select_for_update().filter(customer=contact.customer_id, active=True)
        active = {row.pk: row for row in rows}
        if contact.pk not in active:
            return False
        if contact.stands_for_id is None and not any(
            row.stands_for_id is None for pk, row in active.items() if pk != contact.pk
        ):
            raise NotPossible("連絡先は 1 名以上必要です。先にほかの連絡先を登録してください。")
        Contact.objects.filter(pk=contact.pk).update(active=False)
        _record("contact.deactivate", contact, by, now, ["active"])
    return True


def reactivate_contact(contact: Contact, *, by: User, now: datetime) -> bool:
    """Mails and calls again. False when that was so. Raises NotPossible."""
    with transaction.atomic():
        _check_served(contact.customer, now)
        if not Contact.objects.filter(pk=contact.pk, active=False).update(active=True):
            return False
        _record("contact.reactivate", contact, by, now, ["active"])
    return True


def set_special_note(customer: Customer, text: str, *, by: User, now: datetime) -> bool:
    """What must be known before each call, block and restore. False when nothing changed."""
    with transaction.atomic():
        changed = Customer.objects.filter(pk=customer.pk).exclude(special_note=text).update(special_note=text)
        if changed:
            target = f"customer:{customer.pk}"
            details = {"special_note": text}
            audit.record("customer.note", by=by.username, target=target, now=now, customer=customer, details=details)
    return bool(changed)


def _check_served(customer: Customer, now: datetime) -> None:
    """Contacts are fixed from the day of cancellation on: nothing is done for the customer any more but deletion."""
    if not Contract.objects.filter(running(day_of(now)), customer=customer).exists():
        raise NotPossible("ご契約が終了しているため、連絡先は変更できません。")


def label_of(name: str) -> str:
    """A column of a contact in words."""
    field = Contact._meta.get_field(name)  # noqa: SLF001 - a documented interface, whatever its name
    return str(getattr(field, "verbose_name", name))


def _differs(contact: Contact, name: str, value: object) -> bool:
    if name == _SITES:
        return {site.pk for site in contact.sites.all()} != {site.pk for site in _rows(value)}
    return bool(getattr(contact, name) != value)


def _write(contact: Contact, values: Values) -> None:
    for name, value in values.items():
        if name != _SITES:
            setattr(contact, name, value)
    same = Contact.objects.filter(customer=contact.customer_id, email__iexact=contact.email).exclude(pk=contact.pk)
    if found := same.first():
        state = "" if found.active else "（無効）"
        raise NotPossible(f"このメールアドレスは、{found.name} 様{state}として登録済みです。")
    try:
        with transaction.atomic():
            contact.save()
    except IntegrityError as error:  # Somebody else wrote the same address at this very moment.
        raise NotPossible("ほかの方の操作と重なりました。もう一度お試しください。") from error
    if _SITES in values:
        contact.sites.set(_rows(values[_SITES]))


def _rows(value: Any) -> list[Any]:
    return list(value)


def _record(action: str, contact: Contact, by: User, now: datetime, columns: Sequence[str]) -> None:
    """What stands there now, sealed with the customer's key."""
    shown = {name: str(getattr(contact, name)) for name in columns if name != _SITES}
    if _SITES in columns:
        shown[_SITES] = ", ".join(site.domain for site in contact.sites.all())
    audit.record(
        action,
        by=by.username,
        target=f"contact:{contact.pk}",
        now=now,
        customer=contact.customer,
        details={"name": contact.name, **shown},
    )
