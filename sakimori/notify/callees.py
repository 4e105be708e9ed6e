"""Whom a round calls: the contacts of a customer in order, with their numbers, and why somebody is left out now."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from django.conf import settings

from sakimori.accounts.models import User
from sakimori.customers.hours import is_open, next_open
from sakimori.customers.models import Contact, Customer, Site
from sakimori.customers.queries import contacts_in_charge
from sakimori.lib.jst import JST
from sakimori.lib.phone_numbers import NotDialable, dialable
from sakimori.notify.models import Call, CallState

_HOUR, _DAY = timedelta(hours=1), timedelta(days=1)
_NEVER_DIALLED = (CallState.PLANNED, CallState.SKIPPED)


class Callee(NamedTuple):
    """Somebody to call. user: who it is, when he is one of the SOC's own people. kana: how the name is spoken.

    by_person: only a person can dial, and `how_to` says how. skip_reason: why he is not called; empty when he is.
    in_place_of: whose deputy he is.
    """

    name: str
    number: str
    user: User | None = None
    kana: str = ""
    by_person: bool = False
    contact: Contact | None = None
    how_to: str = ""
    in_place_of: str = ""
    skip_reason: str = ""


def callees(customer: Customer, site: Site | None, now: datetime) -> Sequence[Callee]:
    """Everybody with a phone who is told of this site, in order of priority, as he would be called now."""
    return [callee for contact in contacts_in_charge(customer, site, now) for callee in numbers_of(contact, now)]


def numbers_of(contact: Contact, now: datetime) -> Iterator[Callee]:
    """A contact's numbers, in the order in which they are called."""
    reason = outside_hours(contact, now)
    original = contact.stands_for.name if contact.stands_for else ""
    first = Callee(
        contact.name,
        contact.phone,
        kana=contact.kana,
        by_person=contact.only_a_person_can_dial,
        contact=contact,
        how_to=contact.phone_note,
        in_place_of=original,
        skip_reason=reason,
    )
    if contact.phone:
        yield first
    if contact.second_phone:
        yield first._replace(number=contact.second_phone, by_person=False, how_to="")


def outside_hours(contact: Contact, now: datetime) -> str:
    """Why this contact may not be called just now by the hours that the customer asked for; empty when he may."""
    hours = contact.call_hours
    if is_open(hours, now):
        return ""
    begins = next_open(hours, now)
    again = f"。次は {begins.astimezone(JST):%Y/%m/%d %H:%M} から" if begins else ""
    return f"お電話できる時間帯の外（{contact.hours_in_words}{again}）"[:200]


def digits_of(number: str) -> str:
    """A number as it is dialled, so that two ways to write it are the same number."""
    try:
        return dialable(number, settings.CONFIG.phone_countries)
    except NotDialable:
        return number.strip()


def why_not_now(call: Call, now: datetime) -> str:
    """Why a planned call to a customer's contact is skipped after all; empty when it is made. The contact is fresh."""
    contact = call.contact
    if contact is not None and not contact.active:
        return "連絡先から外れたため"
    if contact is not None and (reason := outside_hours(contact, now)):
        return reason
    return _capped(call, now)


def _capped(call: Call, now: datetime) -> str:
    """Behind one switchboard sit several people: they have a cap each."""
    made = Call.objects.filter(digits=call.digits, round__customer__isnull=False, intended_at__lte=now)
    made = made.exclude(state__in=_NEVER_DIALLED)
    if call.by_person:
        made = made.filter(contact=call.contact)
    for span, most, words in (
        (_HOUR, settings.CONFIG.calls_per_hour, "1 時間"),
        (_DAY, settings.CONFIG.calls_per_day, "24 時間"),
    ):
        if made.filter(intended_at__gt=now - span).count() >= most:
            return f"同じ番号への架電が上限（{words}に {most} 回）に達したため"
    return ""
