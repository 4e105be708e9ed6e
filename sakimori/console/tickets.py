"""Tickets of all customers, as the desk sees and answers them."""

from django import forms
from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods

from sakimori.accounts.gates import PersonRequest, soc_only
from sakimori.accounts.paging import folded, page_of
from sakimori.blacklist.queries import RESTORABLE
from sakimori.blacklist.stories import stories
from sakimori.console.pages import show
from sakimori.customers import access
from sakimori.lib.jst import utc_now
from sakimori.notify.queries import copies_about
from sakimori.tickets import actions
from sakimori.tickets.filters import TicketFilter
from sakimori.tickets.forms import WordsForm
from sakimori.tickets.grading import severity_of_ticket
from sakimori.tickets.models import Ticket, TicketState
from sakimori.tickets.queries import (
    CUSTOMER_PATH,
    calls_of,
    notes_of,
    round_of,
    ticket_entries,
    tickets_newest_first,
    tickets_to_answer_first,
)

_MOST_COPIES = 100


class AnswerForm(WordsForm):
    """The SOC's answer, and where the ticket stands after it."""

    state = forms.ChoiceField(label="回答後の状態", choices=TicketState.choices)
    field_order = ["text", "uploads", "state", "token"]


@require_GET
@soc_only
def tickets(request: PersonRequest) -> HttpResponse:
    """All tickets or those that the filter wants; those that wait for an answer first."""
    chosen = TicketFilter(request.GET)
    rows = chosen.narrow(access.visible(tickets_to_answer_first(), request.user, customer=CUSTOMER_PATH))
    return show(request, "console/tickets.html", {"page": page_of(rows, request)[0], **chosen.context()})


@require_GET
@soc_only
def ticket(request: PersonRequest, number: str) -> HttpResponse:
    """One ticket with its addresses, calls, history, and the form to answer."""
    found = _ticket(request, number)
    return _page(request, found, AnswerForm(initial={"state": TicketState.WAITING}))


@require_http_methods(["GET", "POST"])
@soc_only
def answer(request: PersonRequest, number: str) -> HttpResponse:
    """Send the answer to the customer; a wrong form comes back with the ticket."""
    found = _ticket(request, number)
    back = HttpResponseRedirect(reverse("console:ticket", args=[number]))
    if request.method == "GET":
        return back
    form = AnswerForm(request.POST, request.FILES)
    if not form.is_valid():
        return _page(request, found, form)
    state = TicketState(form.cleaned_data["state"])
    actions.answer(found, words=form.words(), state=state, by=request.user, now=utc_now())
    messages.success(request, "回答を登録し、お客様の連絡先すべてへメールでお知らせします。")
    return back


def _ticket(request: PersonRequest, number: str) -> Ticket:
    return access.get(tickets_newest_first(), request.user, customer=CUSTOMER_PATH, number=number)


def _page(request: PersonRequest, ticket: Ticket, form: AnswerForm) -> HttpResponse:
    page, entries = page_of(ticket_entries().filter(ticket=ticket), request)
    blocks = [entry.block for entry in entries]
    told = stories(blocks)
    round_ = round_of(ticket)
    older, notes = folded(list(notes_of(ticket)))
    context = {
        "ticket": ticket,
        "page": page,
        "rows": [(block, told[block.pk], block.state in RESTORABLE) for block in blocks],
        "older_notes": older,
        "notes": notes,
        "round": round_,
        "calls": calls_of(ticket) if round_ else [],
        "copies": list(copies_about(ticket.contract.customer, f"チケット番号: {ticket.number}\n")[:_MOST_COPIES]),
        "form": form,
        "severity": severity_of_ticket(ticket),
    }
    return show(request, "console/ticket.html", context)
