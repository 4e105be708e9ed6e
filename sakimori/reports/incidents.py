"""The report's table of incidents with their clocks: only what the customer was told of, and no exercises."""

from collections.abc import Iterable, Sequence

from sakimori.incidents.clocks import Step, read
from sakimori.incidents.telling import clocks_of
from sakimori.lib.defang import visible
from sakimori.lib.jst import written
from sakimori.reports.figures import IncidentFigure
from sakimori.tickets.grading import severity_of_ticket
from sakimori.tickets.models import Ticket

_LONGEST = 80


def incident_figures(tickets: Iterable[Ticket]) -> list[IncidentFigure]:
    """One figure per ticket that is about an incident, in the order of the tickets; with few queries for all."""
    about = [(ticket, ticket.incident) for ticket in tickets if ticket.incident and not ticket.incident.is_exercise]
    clocks = clocks_of(incident for _, incident in about)
    figures = []
    for ticket, incident in about:
        took = {reading.step: reading.shown for reading in read(clocks[incident.pk])}
        figures.append(
            IncidentFigure(
                ticket=ticket.number,
                kind=incident.get_kind_display(),
                site=incident.site.domain if incident.site else "",
                severity=str(severity_of_ticket(ticket).label),
                opened=written(incident.opened_at),
                verdict=took[Step.BAD],
                mail=took[Step.MAIL],
                ring=took[Step.RING],
                reached=took[Step.REACHED],
                ended=written(incident.ended_at) if incident.ended_at else "",
            )
        )
    return figures


def incident_rows(figures: Sequence[IncidentFigure]) -> list[list[str]]:
    """Cells of the printed table."""
    return [
        [
            visible(each.ticket),
            _what(each),
            each.severity,
            *(took or "―" for took in (each.verdict, each.mail, each.ring, each.reached)),
        ]
        for each in figures
    ]


def _what(figure: IncidentFigure) -> str:
    site = visible(figure.site) or "すべてのサイト"
    return f"{figure.kind}　{site if len(site) <= _LONGEST else site[:_LONGEST] + '…'}（{figure.opened}）"
