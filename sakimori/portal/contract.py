"""ご契約内容: what is registered about the person's own customers, to read."""

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from sakimori.accounts.gates import PersonRequest, signed_in
from sakimori.accounts.paging import page_of
from sakimori.customers import access
from sakimori.customers.queries import customers_in_full


@require_GET
@signed_in
def contract(request: PersonRequest) -> HttpResponse:
    """Contracts, sites, contacts and users; changes go through the SOC."""
    page, rows = page_of(access.visible(customers_in_full(), request.user, customer="pk"), request)
    customers = [] if request.user.is_soc else rows
    return render(request, "portal/contract.html", {"page": page, "rows": rows, "customers": customers})
