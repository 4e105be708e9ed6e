"""What reads across a customer's rows."""

from collections.abc import Sequence

from sakimori.customers.models import Contact, Contract, Customer


def contacts_to_mail(customer: Customer) -> Sequence[Contact]:
    """Every registered contact, in order of priority: notices go to all of them at once (chapter 1-3)."""
    return list(Contact.objects.filter(customer=customer, active=True).order_by("priority", "pk"))


def site_ids(contract: Contract) -> tuple[int, ...]:
    """The vendor's numbers of all sites of a contract, rising."""
    return tuple(contract.sites.order_by("vendor_site_id").values_list("vendor_site_id", flat=True))
