"""One incident on the desk: at a glance what, where, how it is and what is owed; then all that led to it, and what to
do: decide, write a follow-up, fetch a piece of evidence. All visits have a page of their own.
"""

import secrets
from datetime import timedelta

from django.conf import settings
from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.views.decorators.http import require_GET, require_POST

from sakimori.accounts.gates import PersonRequest, soc_only
from sakimori.accounts.paging import PER_PAGE, folded, page_of
from sakimori.console.incident_records import story_of
from sakimori.console.pages import show
from sakimori.customers import access
from sakimori.incidents.actions import why_not_ended
from sakimori.incidents.clocks import read
from sakimori.incidents.ending import NORMAL_IN_A_ROW
from sakimori.incidents.grading import severity_of_incident
from sakimori.incidents.handing_out import handed_out
from sakimori.incidents.models import Decision, Incident, Verdict
from sakimori.incidents.queries import (
    CUSTOMER_PATH,
    companions,
    incidents,
    mails_of_vendor,
    probes_of,
    rounds_about,
    sources_of,
)
from sakimori.incidents.telling import (
    EVIDENCE_PATH,
    clocks_of,
    every_evidence,
    evidence_of,
    latest_probes,
    mails_about,
    promises_of,
    turns_of,
)
from sakimori.lib.jst import day_of, utc_now
from sakimori.notify.models import Message
from sakimori.tickets.actions import NotPossible
from sakimori.tickets.follow_ups import draft_of, follow_by_hand
from sakimori.tickets.models import Ticket
from sakimori.tickets.queries import tickets_newest_first

_SHOWN = 10  # Of visits: the rest is on a page of its own.


@require_GET
@soc_only
def incident(request: PersonRequest, pk: int) -> HttpResponse:
    """One incident, in the order in which somebody who was just woken needs it."""
    row = access.get(incidents(), request.user, customer=CUSTOMER_PATH, pk=pk)
    return _page(request, row)


@require_GET
@soc_only
def visits(request: PersonRequest, pk: int) -> HttpResponse:
    """Every visit that was made because of an incident, the newest first."""
    row = access.get(incidents(), request.user, customer=CUSTOMER_PATH, pk=pk)
    page, probes = page_of(probes_of(row), request)
    return show(request, "console/incident_visits.html", {"incident": row, "page": page, "probes": probes})


@require_POST
@soc_only
def follow(request: PersonRequest, pk: int) -> HttpResponse:
    """Send an analyst's own follow-up to all contacts. A refused text comes back to be mended."""
    row = access.get(incidents(), request.user, customer=CUSTOMER_PATH, pk=pk)
    text, token = request.POST.get("text", ""), request.POST.get("token", "")[:40]
    try:
        ticket = access.get(tickets_newest_first(), request.user, customer=CUSTOMER_PATH, incident=row)
        follow_by_hand(ticket, text=text, token=token or secrets.token_hex(8), by=request.user, now=utc_now())
    except NotPossible as refusal:
        messages.error(request, str(refusal))
        return _page(request, row, text=text)
    messages.success(request, "続報を登録し、お客様の連絡先すべてへメールで送ります。")
    return HttpResponseRedirect(reverse("console:incident", args=[row.pk]))


@require_GET
@soc_only
def evidence(request: PersonRequest, pk: int, number: int) -> HttpResponse:
    """A piece of evidence of an incident, as an attachment."""
    row = access.get(every_evidence(), request.user, customer=EVIDENCE_PATH, pk=number, incident=pk)
    return handed_out(row, now=utc_now())


def _page(request: PersonRequest, row: Incident, *, text: str | None = None) -> HttpResponse:
    now = utc_now()
    older, story = folded(story_of(row))
    context: dict[str, object] = {
        "incident": row,
        "story": story[::-1],
        "older": older[::-1],
        "probes": list(probes_of(row)[:_SHOWN]),
        "probe_count": probes_of(row).count(),
        **_now(row),
        "paths": latest_probes(row),
        "rounds": access.visible(rounds_about(row), request.user),
        "companions": access.visible(companions(row), request.user, customer=CUSTOMER_PATH)[:PER_PAGE],
        "waits": row.decision == Decision.WAITING,
        "mails": _mails(request, row),
        "sources": access.visible(sources_of(row), request.user, customer="incident__contract__customer"),
        "notices": access.visible(mails_of_vendor(row), request.user, customer="incident__contract__customer"),
        "normal_wanted": NORMAL_IN_A_ROW,
        "may_end": not why_not_ended(row, quiet=timedelta(minutes=settings.CONFIG.quiet_minutes), now=now),
        **_owed(row),
        **_proof(request, row),
        **_follow_form(row, text),
    }
    context["runs"] = row.contract.runs_on(day_of(now))
    return show(request, "console/incident.html", context)


def _now(row: Incident) -> dict[str, object]:
    """What visits show at this moment, in the words of the moment at which it began."""
    turn = turns_of(row).last()
    return {"now_shows": turn, "now_label": Verdict(turn.verdict).label if turn else ""}


def _mails(request: PersonRequest, row: Incident) -> list[tuple[Message, int, int]]:
    """The mails, the newest first, each with how many of its copies were accepted, and how many there are."""
    rows = access.visible(mails_about(row), request.user)
    copies = [(mail, mail.deliveries.all()) for mail in rows]
    return [(mail, sum(copy.accepted_at is not None for copy in all_), len(all_)) for mail, all_ in reversed(copies)]


def _owed(row: Incident) -> dict[str, object]:
    clocks = clocks_of([row])[row.pk]
    return {
        "severity": severity_of_incident(row),
        "readings": read(clocks),
        "promises": promises_of(row, clocks, now=utc_now()),
    }


def _proof(request: PersonRequest, row: Incident) -> dict[str, object]:
    rows = access.visible(evidence_of(row), request.user, customer=EVIDENCE_PATH)
    return {"evidence": [(each, reverse("console:evidence", args=[row.pk, each.pk])) for each in rows]}


def _follow_form(row: Incident, text: str | None) -> dict[str, object]:
    """The text box with its draft, while the incident goes on and has a ticket."""
    ticket: Ticket | None = getattr(row, "ticket", None)
    if ticket is None or row.ended_at is not None:
        return {"may_follow": False}
    draft = draft_of(ticket, now=utc_now()) if text is None else text
    return {"may_follow": True, "draft": draft, "token": secrets.token_hex(8)}
