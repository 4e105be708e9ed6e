"""What reads across a customer's rows."""

from datetime import date
from typing import TypeVar

from django.db.models import Count, Model, Prefetch, Q, QuerySet

from sakimori.accounts.models import SocRole, User
from sakimori.customers.contact_queries import (
    contacts_in_charge,
    contacts_in_full,
    contacts_of_everybody,
    contacts_to_call,
    contacts_to_mail,
    without_night_contact,
)
from sakimori.customers.models import (
    Applicant,
    Contact,
    Contract,
    Customer,
    LogKey,
    LogSender,
    LogSenderAddress,
    Member,
    RegisteredNetwork,
    SheetDraft,
    Site,
)

__all__ = [
    "contacts_in_charge",
    "contacts_in_full",
    "contacts_of_everybody",
    "contacts_to_call",
    "contacts_to_mail",
    "without_night_contact",
]

Row = TypeVar("Row", bound=Model)


def running(today: date, *, contract: str = "") -> Q:
    """Rows whose contract runs on a Japanese day. `contract` is the path from the row; empty for contracts themselves.

    Before each block, probe, call and intake somebody asks this: from the day of cancellation on all of it stops.
    """
    path = f"{contract}__ends_on" if contract else "ends_on"
    return Q(**{path: None}) | Q(**{f"{path}__gt": today})


def of_running(rows: QuerySet[Row], today: date) -> QuerySet[Row]:
    """Those rows of contracts whose contract runs on a Japanese day, each with its customer."""
    return rows.filter(running(today, contract="contract")).select_related("contract__customer")


def running_contracts(today: date) -> QuerySet[Contract]:
    """Contracts that the service works for on a Japanese day; those of sandbox customers are only played for."""
    return Contract.objects.filter(running(today), customer__is_sandbox=False).select_related("customer").order_by("pk")


def site_ids(contract: Contract) -> tuple[int, ...]:
    """The vendor's numbers of all sites of a contract, rising."""
    return tuple(contract.sites.order_by("vendor_site_id").values_list("vendor_site_id", flat=True))


def customers_with_reach() -> QuerySet[Customer]:
    """Customers with `reachable` (active contacts), `callable` (those with a phone) and `waiting` (users to issue)."""
    active = Q(contacts__active=True)
    return (
        Customer.objects.annotate(
            reachable=Count("contacts", filter=active, distinct=True),
            callable=Count("contacts", filter=active & ~Q(contacts__phone=""), distinct=True),
            waiting=Count("applicants", distinct=True),
        )
        .prefetch_related(Prefetch("contracts", Contract.objects.order_by("number")))
        .order_by("number")
    )


def customers_in_full() -> QuerySet[Customer]:
    """As `customers_with_reach`, with sites, contacts, users and networks, each in its order."""
    sites = Prefetch("sites", Site.objects.order_by("domain", "pk"))
    contracts = Contract.objects.select_related("vendor_account").prefetch_related(sites).order_by("number")
    return (
        customers_with_reach()
        .prefetch_related(None)
        .prefetch_related(
            Prefetch("contracts", contracts),
            Prefetch("contacts", Contact.objects.order_by("-active", "priority", "pk")),
            Prefetch("members", members()),
            Prefetch("applicants", Applicant.objects.order_by("pk")),
            Prefetch("networks", RegisteredNetwork.objects.order_by("pk")),
        )
    )


def members() -> QuerySet[Member]:
    """Portal users with their person and customer."""
    return Member.objects.select_related("user", "customer").order_by("user__username")


def contracts() -> QuerySet[Contract]:
    """Contracts with their customer and their connection to the vendor."""
    return Contract.objects.select_related("customer", "vendor_account").order_by("number")


def drafts_of(user: User) -> QuerySet[SheetDraft]:
    """Hearing sheets that this person uploaded."""
    return SheetDraft.objects.filter(by=user).select_related("imported_into")


def people_of_the_desk() -> QuerySet[User]:
    """Everybody of the SOC, managers too."""
    return User.objects.exclude(soc_role=SocRole.NONE).order_by("username")


def log_senders() -> QuerySet[LogSender]:
    """Registered certificates of syslog senders, with their customers."""
    return LogSender.objects.select_related("contract__customer")


def log_sender_addresses() -> QuerySet[LogSenderAddress]:
    """Registered addresses of syslog senders, with their customers."""
    return LogSenderAddress.objects.select_related("contract__customer")


def log_keys() -> QuerySet[LogKey]:
    """Registered keys of encrypted log files, with their customers."""
    return LogKey.objects.select_related("contract__customer")
