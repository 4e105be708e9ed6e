"""What the portal shows of a ticket about an incident beyond every ticket: severity, timeline, clocks, evidence."""

from datetime import datetime

from django.conf import settings
from django.http import HttpResponse
from django.urls import reverse
from django.views.decorators.http import require_GET

from sakimori.accounts.gates import PersonRequest, signed_in
from sakimori.accounts.paging import folded
from sakimori.customers import access
from sakimori.incidents.clocks import read
from sakimori.incidents.handing_out import handed_out
from sakimori.incidents.telling import EVIDENCE_PATH, clocks_of, every_evidence, evidence_of, promises_of
from sakimori.lib.jst import utc_now
from sakimori.notify.severity import TABLE
from sakimori.portal.pages import show
from sakimori.tickets.grading import severity_of_ticket
from sakimori.tickets.models import Ticket
from sakimori.tickets.timeline import timeline


def incident_context(request: PersonRequest, ticket: Ticket, *, now: datetime) -> dict[str, object]:
    """Severity for every ticket, and the rest where it is about an incident."""
    context: dict[str, object] = {"severity": severity_of_ticket(ticket)}
    incident = ticket.incident
    if incident is None:
        return context
    clocks = clocks_of([incident])[incident.pk]
    older, story = folded(timeline(incident))
    evidence = access.visible(evidence_of(incident), request.user, customer=EVIDENCE_PATH)
    return {
        **context,
        "incident": incident,
        "older": older,
        "story": story,
        "readings": read(clocks),
        "promises": promises_of(incident, clocks, now=now),
        "evidence": [(row, reverse("portal:evidence", args=[ticket.number, row.pk])) for row in evidence],
    }


@require_GET
@signed_in
def evidence(request: PersonRequest, number: str, pk: int) -> HttpResponse:
    """A piece of evidence of the person's own ticket, as an attachment."""
    row = access.get(every_evidence(), request.user, customer=EVIDENCE_PATH, pk=pk, incident__ticket__number=number)
    return handed_out(row, now=utc_now())


@require_GET
@signed_in
def levels(request: PersonRequest) -> HttpResponse:
    """連絡の基準: the table of severities, the same that mails, tickets and the SOC's alarms go by."""
    return show(
        request, "portal/levels.html", {"levels": TABLE, "followup_minutes": f"{settings.CONFIG.followup_minutes:g}"}
    )
