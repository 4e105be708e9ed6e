"""What pages and duties read of advisories. They belong to no customer, so it is said here who sees which."""

from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count, Max, Q, QuerySet

from sakimori.advisories.actions import mail_key
from sakimori.advisories.models import Advisory, AdvisoryState
from sakimori.customers.models import Contract, Customer
from sakimori.lib.jst import start_of_day
from sakimori.notify.models import Delivery, DeliveryState, Message

_SHOWN_REFUSED = 20
_NOT_ARRIVED = (DeliveryState.REFUSED, DeliveryState.BOUNCED)


@dataclass(frozen=True, slots=True)
class Progress:
    """How far the mails of an advisory are: customers written to, and copies by what came of them."""

    customers: int
    accepted: int
    waiting: int
    refused: int


def advisories() -> QuerySet[Advisory]:
    """Every advisory, for the desk, the newest first."""
    return Advisory.objects.select_related("written_by", "changed_by", "approved_by").order_by("-written_at", "-pk")


def shown_to(customers: QuerySet[Customer]) -> QuerySet[Advisory]:
    """What these customers see on the portal: what was approved before their last contract ended.

    Nobody without a contract sees any.
    """
    approved = Advisory.objects.filter(state=AdvisoryState.APPROVED).order_by("-approved_at", "-pk")
    contracts = Contract.objects.filter(customer__in=customers)
    if contracts.filter(ends_on=None).exists():
        return approved
    last = contracts.aggregate(last=Max("ends_on"))["last"]
    return approved.filter(approved_at__lt=start_of_day(last)) if last else approved.none()


def written_to(advisory: Advisory) -> set[int]:
    """Customers to whom the mail of an advisory is written already."""
    keys = Message.objects.filter(key__startswith=mail_key(advisory), customer__isnull=False)
    return {key for key in keys.values_list("customer_id", flat=True) if key is not None}


def progress(advisory: Advisory) -> Progress:
    """How far its mails are."""
    copies = _copies(advisory).aggregate(
        customers=Count("message", distinct=True),
        accepted=Count("pk", filter=Q(state=DeliveryState.ACCEPTED)),
        waiting=Count("pk", filter=Q(state=DeliveryState.QUEUED)),
        refused=Count("pk", filter=Q(state__in=_NOT_ARRIVED)),
    )
    return Progress(**copies)


def refused_copies(advisory: Advisory) -> QuerySet[Delivery]:
    """Copies that the mail server would not take or that came back, with the customer of each."""
    rows = _copies(advisory).filter(state__in=_NOT_ARRIVED).select_related("message__customer")
    return rows.order_by("pk")[:_SHOWN_REFUSED]


def unmailed(now: datetime) -> QuerySet[Advisory]:
    """Approved advisories of which mails are still to be written, the oldest first."""
    rows = Advisory.objects.filter(state=AdvisoryState.APPROVED, mailed_at=None, approved_at__lte=now)
    return rows.order_by("approved_at", "pk")


def _copies(advisory: Advisory) -> QuerySet[Delivery]:
    return Delivery.objects.filter(message__key__startswith=mail_key(advisory))
