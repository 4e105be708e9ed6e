"""What reads across tickets. Callers narrow the rows through `customers.access`."""

from collections.abc import Sequence

from django.db.models import Count, F, Q, QuerySet

from sakimori.blacklist.models import BlockState, Finding
from sakimori.customers.models import Contract
from sakimori.incidents.telling import calls_about
from sakimori.lib.calendar import Month
from sakimori.notify.models import Call, CallRound
from sakimori.tickets.models import Attachment, Listing, Note, Ticket, TicketBlock

CUSTOMER_PATH = "contract__customer"
ATTACHMENT_PATH = "note__ticket__contract__customer"


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


def tickets_to_answer_first() -> QuerySet[Ticket]:
    """As above, but tickets in which somebody waits for an answer come first, the longest waiting at the top."""
    return tickets_newest_first().order_by(F("waits_since").asc(nulls_last=True), "-updated_at", "-pk")


def tickets_of_month(contract: Contract, month: Month) -> Sequence[Ticket]:
    """Tickets of a contract that were opened in a month, or in which something was written then; the oldest first.

    Not all that were open: a ticket about an address that stays blocked stays open, and would be in every report.
    """
    opened = Q(opened_at__gte=month.begins_at, opened_at__lt=month.ends_at)
    written_in = Q(notes__at__gte=month.begins_at, notes__at__lt=month.ends_at)
    rows = Ticket.objects.filter(opened | written_in, contract=contract).exclude(incident__is_exercise=True)
    return list(rows.select_related("incident__site").distinct().order_by("opened_at", "pk"))


def ticket_entries() -> QuerySet[TicketBlock]:
    """Addresses that tickets tell of, with their blocks, in the order in which they were added."""
    return TicketBlock.objects.select_related("block__contract", "ticket__contract__customer").order_by(
        "added_at", "pk"
    )


def refused_findings(ticket: Ticket) -> QuerySet[Finding]:
    """Findings of a ticket whose address the guard refused, so that no block came of them."""
    return Finding.objects.filter(ticket_finding__ticket=ticket).select_related(CUSTOMER_PATH)


def listings(ticket: Ticket, *, refused: int) -> dict[str, int]:
    """How many addresses of a ticket stand (or stood) on the list, wait, or were left off it.

    refused: those of which the guard left no block.
    """
    rows = TicketBlock.objects.filter(ticket=ticket).values("noted_as").annotate(count=Count("pk")).order_by()
    counts = {str(listing): 0 for listing in Listing} | {row["noted_as"]: row["count"] for row in rows}
    counts[Listing.LEFT] += refused
    return counts


def notes_of(ticket: Ticket) -> QuerySet[Note]:
    """What was said and done in a ticket, in order, with the files."""
    rows = Note.objects.filter(ticket=ticket).select_related("by").prefetch_related("attachments")
    return rows.order_by("at", "pk")


def attachments() -> QuerySet[Attachment]:
    """Files in tickets, with all that says whose they are."""
    return Attachment.objects.select_related(ATTACHMENT_PATH)


def round_of(ticket: Ticket) -> CallRound | None:
    """The round of calls to the customer's contacts about the ticket's incident; None when there is none."""
    if ticket.incident_id is None:
        return None
    return CallRound.objects.filter(
        matters__key=f"incident:{ticket.incident_id}", customer=ticket.contract.customer
    ).first()


def calls_of(ticket: Ticket) -> QuerySet[Call]:
    """Calls of that round that were begun, in order. The SOC's own people are never among them."""
    if ticket.incident_id is None:
        return Call.objects.none()
    return calls_about(ticket.incident_id, ticket.contract.customer_id)
