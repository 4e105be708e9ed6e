"""Which contacts of a customer are told, mailed and called at a moment, and whom nobody could reach at night."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from django.db.models import Prefetch, Q, QuerySet

from sakimori.customers.hours import Hours, dark_nights
from sakimori.customers.models import Contact, Contract, Customer, Site
from sakimori.lib.jst import day_of


def in_force(now: datetime | None) -> Q:
    """Contacts themselves, and those deputies whose time it is. now: None leaves every deputy out."""
    if now is None:
        return Q(active=True, stands_for=None)
    return Q(active=True) & (Q(stands_for=None) | Q(valid_from__lte=now, valid_until__gt=now, stands_for__active=True))


def contacts_to_mail(customer: Customer, now: datetime | None = None) -> Sequence[Contact]:
    """Every registered contact, in order of priority: notices go to all of them at once (chapter 1-3).

    With `now`, deputies whose time it is get the mail as well.
    """
    return list(Contact.objects.filter(in_force(now), customer=customer).order_by("priority", "pk"))


def contacts_to_call(customer: Customer) -> Sequence[Contact]:
    """Contacts with a phone, in the order in which they are called until one is reached (chapter 1-3)."""
    return list(Contact.objects.filter(_has_phone(), in_force(None), customer=customer).order_by("priority", "pk"))


def contacts_in_charge(customer: Customer, site: Site | None, now: datetime) -> Sequence[Contact]:
    """Contacts with a phone who are called about a site at a moment, in order of priority.

    A deputy whose time it is stands in the place of his contact, who is not called then. Contacts with sites of their
    own are called about those only; when that leaves nobody, all are called: silence is worse. site: None is all sites.
    """
    people = _in_order(list(_in_force_with_sites(now).filter(customer=customer)))
    mine = [contact for contact in people if site is None or _is_about(contact, site)]
    return mine or people


def contacts_of_everybody(customers: Sequence[Customer], now: datetime) -> Mapping[int, Sequence[Contact]]:
    """As `contacts_in_charge` about all sites, for many customers at once, by their keys."""
    found: dict[int, list[Contact]] = {customer.pk: [] for customer in customers}
    for contact in _in_force_with_sites(now).filter(customer__in=customers):
        found[contact.customer_id].append(contact)
    return {key: _in_order(contacts) for key, contacts in found.items()}


def contacts_in_full() -> QuerySet[Contact]:
    """Contacts with customer, sites and deputies; the active ones first, in order of priority."""
    deputies = Prefetch("deputies", Contact.objects.order_by("valid_from", "pk"))
    rows = Contact.objects.select_related("customer", "stands_for").prefetch_related("sites", deputies)
    return rows.order_by("customer", "-active", "priority", "pk")


def without_night_contact(now: datetime) -> Sequence[Customer]:
    """Customers whom nobody could phone in some hour of the next seven nights (22 to 6 o'clock in Japan).

    Only real customers with a contract that runs, in order of their numbers. A number known to be dead does not count.
    """
    day = day_of(now)
    running = Contract.objects.filter(Q(ends_on=None) | Q(ends_on__gt=day), customer__is_sandbox=False)
    contacts = Contact.objects.filter(_has_phone(), in_force(None), failed_at=None)
    rows = Customer.objects.filter(contracts__in=running).distinct().order_by("number")
    rows = rows.prefetch_related(Prefetch("contacts", contacts, to_attr="reachable_contacts"))
    return [customer for customer in rows if dark_nights(_hours_of(customer), now)]


def _in_force_with_sites(now: datetime) -> QuerySet[Contact]:
    rows = Contact.objects.filter(in_force(now)).select_related("stands_for", "customer")
    return rows.prefetch_related("sites", "stands_for__sites").order_by("priority", "pk")


def _in_order(found: Sequence[Contact]) -> list[Contact]:
    """Who is called of these, each deputy in the place of his contact."""
    replaced = {contact.stands_for_id for contact in found if _has_number(contact)}
    people = [contact for contact in found if contact.pk not in replaced and _has_number(contact)]
    return sorted(people, key=_place)


def _hours_of(customer: Customer) -> list[Hours]:
    contacts: list[Contact] = getattr(customer, "reachable_contacts")  # noqa: B009 - put there by the prefetch
    return [contact.call_hours for contact in contacts]


def _has_phone() -> Q:
    return ~Q(phone="") | ~Q(second_phone="")


def _has_number(contact: Contact) -> bool:
    return bool(contact.phone or contact.second_phone)


def _place(contact: Contact) -> tuple[int, int]:
    """A deputy is called where the one would be for whom he stands."""
    whose = contact.stands_for or contact
    return whose.priority, contact.pk


def _is_about(contact: Contact, site: Site) -> bool:
    sites = (contact.stands_for or contact).sites.all() if not contact.sites.all() else contact.sites.all()
    return not sites or site in sites
