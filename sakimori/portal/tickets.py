"""Tickets as the customer sees them, and the button that takes an address off the blacklist."""

from django.conf import settings
from django.contrib import messages
from django.core.paginator import Page
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.http import content_disposition_header
from django.views.decorators.http import require_GET, require_http_methods

from sakimori.accounts.gates import PersonRequest, signed_in
from sakimori.accounts.models import User
from sakimori.accounts.paging import folded, page_of
from sakimori.blacklist.actions import NotPossible
from sakimori.blacklist.kin import newer, ours_inside
from sakimori.blacklist.own_rules import stopped_by_own_rules
from sakimori.blacklist.stories import whole_story
from sakimori.customers import access
from sakimori.customers.models import Customer, MemberRole
from sakimori.lib.jst import day_of, utc_now
from sakimori.portal.forms import RestoreForm
from sakimori.portal.incident_rows import incident_context
from sakimori.portal.pages import show
from sakimori.portal.rows import AddressRow, address_rows, fingerprint, kind_rows, note_row, refused_rows, standing_of
from sakimori.tickets.actions import request_restore
from sakimori.tickets.blocks import findings_of
from sakimori.tickets.filters import TicketFilter
from sakimori.tickets.models import Ticket, TicketBlock, TicketKind, TicketState
from sakimori.tickets.queries import (
    CUSTOMER_PATH,
    calls_of,
    listings,
    notes_of,
    refused_findings,
    round_of,
    ticket_entries,
    tickets_newest_first,
)
from sakimori.tickets.table import as_table

_STOP_POLLING = 286  # htmx: put the answer in its place and ask no more.
_NOTHING_NEW = 204


@require_GET
@signed_in
def tickets(request: PersonRequest) -> HttpResponse:
    """All tickets of the person's customers, or those that the filter wants, the last changed first."""
    chosen = TicketFilter(request.GET)
    rows = chosen.narrow(access.visible(tickets_newest_first(), request.user, customer=CUSTOMER_PATH))
    return show(request, "portal/tickets.html", {"page": page_of(rows, request)[0], **chosen.context()})


@require_GET
@signed_in
def ticket(request: PersonRequest, number: str) -> HttpResponse:
    """One ticket: what happened, its addresses with evidence, its history."""
    found = _ticket(request.user, number)
    page, entries = _entries(request, found)
    rows = address_rows(entries, now=utc_now(), told=True)
    refused = refused_rows(refused_findings(found)) if found.kind == TicketKind.BLACKLIST else []
    round_ = round_of(found)
    whole = whole_story(findings_of(found)) if entries or refused else None
    context = {
        "page": page,
        "refused": refused,
        "whole": whole,
        "kinds": kind_rows(whole, findings_of(found)) if whole else [],
        "listings": listings(found, refused=len(refused)) if entries or refused else {},
        "approvers": _approvers(found.contract.customer) if entries else [],
        "round": round_,
        "calls": calls_of(found) if round_ else [],
        "may_reply": _may_reply(request, found),
        **incident_context(request, found, now=utc_now()),
        **_state(request, found, rows),
    }
    return show(request, "portal/ticket.html", context)


@require_GET
@signed_in
def progress(request: PersonRequest, number: str) -> HttpResponse:
    """What has changed in a ticket since `seen`: 204 when nothing has, 286 when nothing more will."""
    found = _ticket(request.user, number)
    rows = address_rows(_entries(request, found)[1], now=utc_now(), told=False)
    state = _state(request, found, rows)
    if state["fingerprint"] == request.GET.get("seen") and state["moving"]:
        return HttpResponse(status=_NOTHING_NEW)
    status = 200 if state["moving"] else _STOP_POLLING
    return render(request, "portal/progress.html", {**state, "out_of_band": True}, status=status)


@require_GET
@signed_in
def addresses(request: PersonRequest, number: str) -> HttpResponse:
    """All addresses of a ticket as a file for a spreadsheet program; a mail does not name more than some hundred."""
    found = _ticket(request.user, number)
    pieces = as_table(found, words=lambda block: standing_of(block).words)
    headers = {"Content-Disposition": content_disposition_header(as_attachment=True, filename=f"{found.number}.csv")}
    return HttpResponse(b"".join(pieces), content_type="text/csv; charset=utf-8", headers=headers)


@require_http_methods(["GET", "POST"])
@signed_in
def restore(request: PersonRequest, number: str, entry: int) -> HttpResponse:
    """「この IP は業務に必要」: say what will happen, then do it."""
    found = _ticket(request.user, number)
    row: TicketBlock = access.get(
        ticket_entries(), request.user, customer=f"ticket__{CUSTOMER_PATH}", pk=entry, ticket=found
    )
    may_restore = request.user.is_soc or access.may_restore(request.user, found.contract.customer)
    if request.method == "POST":
        access.check_may_restore(request.user, found.contract.customer)
    form = RestoreForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        return _restored(request, row, form.cleaned_data["reason"])
    now = utc_now()
    context = {
        "ticket": found,
        "entry": row,
        "form": form,
        "may_restore": may_restore,
        "approvers": [] if may_restore else _approvers(found.contract.customer),
        "row": address_rows([row], now=now, told=True)[0],
        "newer": newer(row.block),
        "inside": ours_inside(row.block),
        "stopped": stopped_by_own_rules(row.block, now=now),
        "ask_days": settings.CONFIG.ask_days,
    }
    return show(request, "portal/restore.html", context)


def _restored(request: PersonRequest, row: TicketBlock, reason: str) -> HttpResponse:
    try:
        again = request_restore(row, by=request.user, reason=reason, now=utc_now())
    except NotPossible as refusal:
        messages.error(request, str(refusal))
    else:
        anew = "その後に再び登録されていたため、新しい登録を解除します。" if again else ""
        messages.success(request, f"IP アドレス {row.block.address} の解除を受け付けました。{anew}")
    return HttpResponseRedirect(reverse("portal:ticket", args=[row.ticket.number]))


def _ticket(user: User, number: str) -> Ticket:
    return access.get(tickets_newest_first(), user, customer=CUSTOMER_PATH, number=number)


def _may_reply(request: PersonRequest, ticket: Ticket) -> bool:
    """Customers write here, the SOC in the console; a ticket that is done gets no more replies."""
    runs = ticket.contract.runs_on(day_of(utc_now()))
    return runs and not request.user.is_soc and ticket.state != TicketState.DONE


def _approvers(customer: Customer) -> list[str]:
    """Names of those who may ask for a restore, for a reader who may not."""
    members = customer.members.exclude(role=MemberRole.READER).select_related("user").order_by("pk")
    return [member.user.shown_name for member in members]


def _entries(request: PersonRequest, ticket: Ticket) -> tuple[Page[TicketBlock], list[TicketBlock]]:
    rows = access.visible(ticket_entries().filter(ticket=ticket), request.user, customer=f"ticket__{CUSTOMER_PATH}")
    return page_of(rows, request)


def _state(request: PersonRequest, ticket: Ticket, rows: list[AddressRow]) -> dict[str, object]:
    """What the ticket page and its refreshing part share."""
    notes = [note_row(note) for note in notes_of(ticket)]
    older_notes, latest_notes = folded(notes)
    may_restore = request.user.is_soc or access.may_restore(request.user, ticket.contract.customer)
    return {
        "ticket": ticket,
        "rows": rows,
        "older_notes": older_notes,
        "latest_notes": latest_notes,
        "moving": [row for row in rows if row.standing.moving],
        "fingerprint": fingerprint(rows, len(notes)),
        "may_restore": may_restore,
        "page_number": request.GET.get("page", "1"),
    }
