"""What every page of the portal carries: whose customers' rows the person sees."""

from django.http import HttpResponse
from django.shortcuts import render

from sakimori.accounts.gates import PersonRequest
from sakimori.customers import access


def show(request: PersonRequest, template: str, context: dict[str, object]) -> HttpResponse:
    """A portal page with the names of the person's customers."""
    customers = [] if request.user.is_soc else list(access.customers_of(request.user))
    return render(request, template, {"customers": customers, **context})
