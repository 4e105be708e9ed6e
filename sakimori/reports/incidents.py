"""The report's incidents with their clocks (those of which the customer was told, no exercises), and planned stops."""

from collections.abc import Iterable, Sequence

from sakimori.incidents.clocks import Step, read
from sakimori.incidents.telling import clocks_of
from sakimori.lib.defang import visible
from sakimori.lib.jst import written
from sakimori.reports.figures import IncidentFigure, StopFigure
from sakimori.tickets.grading import severity_of_ticket
from sakimori.tickets.models import Ticket

_LONGEST = 80
_MOST_STOPS = 20


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
                probe=took[Step.PROBE],
                judged=took[Step.VERDICT],
            )
        )
    return figures


def incident_rows(figures: Sequence[IncidentFigure]) -> list[list[str]]:
    """Cells of the printed table."""
    return [[_what(each), each.severity, *(took or "―" for took in _clocks(each))] for each in figures]


def _clocks(figure: IncidentFigure) -> tuple[str, ...]:
    return (figure.probe, figure.judged, figure.verdict, figure.mail, figure.ring, figure.reached)


def _what(figure: IncidentFigure) -> str:
    return f"{figure.kind}　{_short(figure.site) or 'すべてのサイト'}\n{visible(figure.ticket)}　{figure.opened}"


def stop_lines(figures: Sequence[StopFigure]) -> list[str]:
    """One line per planned stop, and how many there are beyond those that fit."""
    lines = [f"{_short(each.site)}：{each.begins} から {each.ends} まで" for each in figures[:_MOST_STOPS]]
    return lines + ([f"ほか {len(figures) - _MOST_STOPS} 件"] if len(figures) > _MOST_STOPS else [])


def _short(site: str) -> str:
    shown = visible(site)
    return shown if len(shown) <= _LONGEST else f"{shown[:_LONGEST]}…"
