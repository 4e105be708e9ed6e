"""What reads across a customer's rows."""

from collections.abc import Sequence
from datetime import date

from django.db.models import Q, QuerySet

from sakimori.customers.models import Contact, Contract, Customer


def running(today: date, *, contract: str = "") -> Q:
    """Rows whose contract runs on a Japanese day. `contract` is the path from the row; empty for contracts themselves.

    Before each block, probe, call and intake somebody asks this: from the day of cancellation on all of it stops.
    """
    path = f"{contract}__ends_on" if contract else "ends_on"
    return Q(**{path: None}) | Q(**{f"{path}__gt": today})


def running_contracts(today: date) -> QuerySet[Contract]:
    """Contracts that the service works for on a Japanese day."""
    return Contract.objects.filter(running(today)).select_related("customer").order_by("pk")


def contacts_to_mail(customer: Customer) -> Sequence[Contact]:
    """Every registered contact, in order of priority: notices go to all of them at once (chapter 1-3)."""
    return list(Contact.objects.filter(customer=customer, active=True).order_by("priority", "pk"))


def contacts_to_call(customer: Customer) -> Sequence[Contact]:
    """Contacts with a phone, in the order in which they are called until one is reached (chapter 1-3)."""
    return list(Contact.objects.filter(customer=customer, active=True).exclude(phone="").order_by("priority", "pk"))


def site_ids(contract: Contract) -> tuple[int, ...]:
    """The vendor's numbers of all sites of a contract, rising."""
    return tuple(contract.sites.order_by("vendor_site_id").values_list("vendor_site_id", flat=True))
