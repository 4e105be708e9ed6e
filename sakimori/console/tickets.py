"""Tickets of all customers, as the desk sees them."""

from django.http import HttpResponse
from django.views.decorators.http import require_GET

from sakimori.accounts.gates import PersonRequest, soc_only
from sakimori.accounts.paging import page_of
from sakimori.blacklist.queries import RESTORABLE
from sakimori.blacklist.stories import stories
from sakimori.console.pages import show
from sakimori.customers import access
from sakimori.tickets.queries import CUSTOMER_PATH, notes_of, ticket_entries, tickets_newest_first


@require_GET
@soc_only
def tickets(request: PersonRequest) -> HttpResponse:
    """All tickets, the last changed first."""
    rows = access.visible(tickets_newest_first(), request.user, customer=CUSTOMER_PATH)
    return show(request, "console/tickets.html", {"page": page_of(rows, request)[0]})


@require_GET
@soc_only
def ticket(request: PersonRequest, number: str) -> HttpResponse:
    """One ticket with its addresses and its history."""
    found = access.get(tickets_newest_first(), request.user, customer=CUSTOMER_PATH, number=number)
    page, entries = page_of(ticket_entries().filter(ticket=found), request)
    blocks = [entry.block for entry in entries]
    told = stories(blocks)
    rows = [(block, told[block.pk], block.state in RESTORABLE) for block in blocks]
    return show(request, "console/ticket.html", {"ticket": found, "page": page, "rows": rows, "notes": notes_of(found)})
