"""ログ検索 at the SOC's desk: the log of every contract, as long as it is kept. Each reading is recorded."""

from django.conf import settings
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_GET

from sakimori import backends
from sakimori.accounts.gates import PersonRequest, soc_only
from sakimori.console.pages import alarm_context
from sakimori.customers import access
from sakimori.customers.models import Contract
from sakimori.lib.jst import day_of, utc_now
from sakimori.logs import pages
from sakimori.logs.queries import contracts_with_log
from sakimori.logs.retention import first_kept

FACE = pages.Face("console", "console/base.html")


@require_GET
@soc_only
def logs(request: PersonRequest) -> HttpResponse:
    """The search of one contract's log; as long as none is chosen, the contracts, and nobody's log is read."""
    contracts = list(access.visible(contracts_with_log(), request.user))
    number = request.GET.get("contract", "")
    if not number:
        return render(request, "console/logs.html", {**alarm_context(), "contracts": contracts})
    sought = sought_in(request, number)
    further = {**alarm_context(), "intake_address": reverse("console:intake")}
    return pages.search_page(request, sought, contracts=contracts, further=further)


@require_GET
@soc_only
def lists(request: PersonRequest) -> HttpResponse:
    """The most frequent values of what a search finds."""
    return pages.lists_page(request, sought_in(request, request.GET.get("contract", "")))


@require_GET
@soc_only
def event(request: PersonRequest, number: str, at: int, file_id: int, line_no: int) -> HttpResponse:
    """Everything of one event."""
    place = pages.place_of(at, file_id, line_no)
    return pages.event_page(request, sought_in(request, number), place, further=alarm_context())


def sought_in(request: PersonRequest, number: str) -> pages.Sought:
    """What is asked about the log of the contract of this number, now. Http404 if there is none."""
    now = utc_now()
    contract: Contract = access.get(contracts_with_log(), request.user, number=number)
    kept_from = first_kept(contract, today=day_of(now), log_days=settings.CONFIG.log_days)
    return pages.Sought(FACE, contract, backends.log_store(), kept_from, now)
