"""Which 重要度 a ticket has. Pure but for the incident that the ticket names."""

from sakimori.incidents.grading import severity_of_incident
from sakimori.notify.models import Severity
from sakimori.tickets.models import Ticket, TicketKind

_OF_KIND = {
    TicketKind.BLACKLIST: Severity.MIDDLE,
    TicketKind.DDOS: Severity.HIGH,
    TicketKind.OUTAGE: Severity.MIDDLE,
    TicketKind.BYPASS: Severity.MIDDLE,
    TicketKind.ENQUIRY: Severity.LOW,
    TicketKind.CERTIFICATE: Severity.LOW,
    TicketKind.BALANCING: Severity.LOW,
    TicketKind.BANDWIDTH: Severity.LOW,
}


def severity_of_kind(kind: TicketKind) -> Severity:
    """The severity of a kind of ticket, where no incident says it better."""
    return _OF_KIND[kind]


def severity_of_ticket(ticket: Ticket) -> Severity:
    """The severity of a ticket as it stands."""
    if ticket.incident is not None:
        return severity_of_incident(ticket.incident)
    return severity_of_kind(TicketKind(ticket.kind))
