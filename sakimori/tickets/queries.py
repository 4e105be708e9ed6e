"""What reads across tickets. Callers narrow the rows through `customers.access`."""

from django.db.models import Count, Q, QuerySet

from sakimori.blacklist.models import BlockState
from sakimori.tickets.models import Note, Ticket, TicketBlock

CUSTOMER_PATH = "contract__customer"


def tickets_newest_first() -> QuerySet[Ticket]:
    """Tickets with the number of addresses (`addresses`) and of those still blocked (`still_blocked`)."""
    return (
        Ticket.objects.select_related("contract__customer")
        .annotate(
            addresses=Count("ticket_blocks"),
            still_blocked=Count("ticket_blocks", filter=Q(ticket_blocks__block__state=BlockState.ACTIVE)),
        )
        .order_by("-updated_at", "-pk")
    )


def ticket_entries() -> QuerySet[TicketBlock]:
    """Addresses that tickets tell of, with their blocks, in the order in which they were added."""
    return TicketBlock.objects.select_related("block", "ticket__contract__customer").order_by("added_at", "pk")


def notes_of(ticket: Ticket) -> QuerySet[Note]:
    """What was said and done in a ticket, in order."""
    return Note.objects.filter(ticket=ticket).select_related("by").order_by("at", "pk")
