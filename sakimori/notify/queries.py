"""What pages read of the SOC's alarms, of rounds of calls and of mails."""

from collections.abc import Sequence

from django.conf import settings
from django.db.models import Case, IntegerField, Prefetch, QuerySet, Value, When

from sakimori.customers.models import Customer
from sakimori.notify.calling_numbers import calling_numbers
from sakimori.notify.models import Alarm, Call, CallRound, Delivery, InboxMark, Mailbox, ReceivedMail, Severity

_ORDER = {Severity.HIGH: 0, Severity.MIDDLE: 1, Severity.LOW: 2}


def open_alarms() -> QuerySet[Alarm]:
    """Alarms that nobody has acknowledged, the gravest first and then the oldest."""
    return Alarm.objects.filter(acknowledged_at=None).order_by(_gravity(), "first_at", "pk")


def newest_open_alarms() -> QuerySet[Alarm]:
    """The same for a place that shows only some: the gravest first and then the newest, which nobody has read yet."""
    return open_alarms().order_by(_gravity(), "-first_at", "-pk")


def _gravity() -> Case:
    cases = [When(severity=severity, then=Value(place)) for severity, place in _ORDER.items()]
    return Case(*cases, default=Value(9), output_field=IntegerField())


def alarms() -> QuerySet[Alarm]:
    """Every alarm, also those acknowledged."""
    return Alarm.objects.order_by("pk")


def alarms_newest_first() -> QuerySet[Alarm]:
    """Every alarm with who acknowledged it and the calls about it; those that nobody has acknowledged come first."""
    is_open = Case(When(acknowledged_at=None, then=Value(0)), default=Value(1), output_field=IntegerField())
    return Alarm.objects.select_related("acknowledged_by", "call_round").order_by(is_open, "-first_at", "-pk")


def rounds() -> QuerySet[CallRound]:
    """Every round with its calls in the order of dialling, the newest first. `customer` is None for the SOC's own."""
    calls = Prefetch("calls", queryset=Call.objects.select_related("entered_by").order_by("place"))
    return (
        CallRound.objects.select_related("customer", "stopped_by")
        .prefetch_related(calls)
        .order_by("-started_at", "-pk")
    )


def unread(box: Mailbox) -> QuerySet[ReceivedMail]:
    """Mails of an inbox that nobody has understood yet, the oldest first.

    Whether their senders are proven is settled: mails about which the DNS is still being asked are left out.
    """
    return ReceivedMail.objects.filter(box=box, handled_at=None, next_check_at=None).order_by("received_at", "pk")


def received_newest_first() -> QuerySet[ReceivedMail]:
    """Every mail that came in, the newest first, without its bytes."""
    return ReceivedMail.objects.select_related("customer").defer("raw").order_by("-received_at", "-pk")


def copies_about(customer: Customer, words: str) -> QuerySet[Delivery]:
    """Every copy of a customer's mails whose text holds these words, such as a ticket's line, the newest mail first."""
    return copies_newest_first().filter(message__customer=customer, message__body__contains=words)


def copies_newest_first() -> QuerySet[Delivery]:
    """Every copy of every mail, the newest first."""
    return Delivery.objects.select_related("message__customer").order_by("-message__written_at", "-pk")


def inbox_marks() -> QuerySet[InboxMark]:
    """How far each inbox has been read, and since when it cannot be."""
    return InboxMark.objects.order_by("box")


def known_numbers() -> Sequence[str]:
    """The numbers from which customers are called, by machine and by hand, as they are announced beforehand."""
    config = settings.CONFIG
    return calling_numbers(config.phone_accounts, config.soc_phone)
