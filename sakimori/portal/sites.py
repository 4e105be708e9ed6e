"""サイトの状態: the customer's own sites, their history, and the stops that he plans."""

from django.contrib import messages
from django.http import Http404, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from sakimori.accounts.gates import PersonRequest, signed_in
from sakimori.accounts.paging import PER_PAGE, page_of
from sakimori.customers import access
from sakimori.customers.models import Site
from sakimori.incidents import planned
from sakimori.incidents.board import CUSTOMER_PATH, board_rows, every_site, sites_now
from sakimori.incidents.history import Period, history_of, last_visit
from sakimori.incidents.history_picture import KINDS, picture_of
from sakimori.incidents.hours import usual_of
from sakimori.incidents.site_forms import StopForm
from sakimori.lib.jst import day_of, utc_now
from sakimori.portal.pages import show
from sakimori.tickets.models import Ticket
from sakimori.tickets.queries import tickets_newest_first


@require_GET
@signed_in
def sites(request: PersonRequest) -> HttpResponse:
    """How the person's sites are now."""
    now = utc_now()
    page, found = page_of(access.visible(sites_now(now), request.user, customer=CUSTOMER_PATH), request)
    rows = board_rows(found, now)
    tickets = _tickets(request, [row.incident for row in rows if row.incident is not None])
    paired = [(row, tickets.get(row.incident or 0)) for row in rows]
    return show(request, "portal/sites.html", {"page": page, "rows": paired})


def _tickets(request: PersonRequest, incidents: list[int]) -> dict[int | None, Ticket]:
    """The tickets of open incidents by their incidents: those of which the customer was told."""
    rows = tickets_newest_first().filter(incident__in=incidents)
    return {ticket.incident_id: ticket for ticket in access.visible(rows, request.user, customer=CUSTOMER_PATH)}


@require_GET
@signed_in
def site(request: PersonRequest, pk: int) -> HttpResponse:
    """One site: how it is, how it was, what is planned."""
    row, now = _site(request, pk), utc_now()
    history = history_of(row, Period.read(request.GET.get("period")), now=now)
    context: dict[str, object] = {
        "site": row,
        "history": history,
        "buckets": list(reversed(history.buckets)),
        "periods": list(Period),
        "probe": last_visit(row),
        "usual_ms": usual_of([row.pk], now).get(row.pk),
        "stops": planned.stops().filter(site=row)[:PER_PAGE],
        "now": now,
        "chart_page": "portal:site-chart",
        "may_plan": _may_plan(request, row),
    }
    return show(request, "portal/site.html", context)


@require_GET
@signed_in
def chart(request: PersonRequest, pk: int, what: str) -> HttpResponse:
    """A site's history as a picture."""
    row = _site(request, pk)
    if what not in KINDS:
        raise Http404("見つかりません")
    return HttpResponse(picture_of(row, what, request.GET.get("period")), content_type="image/svg+xml")


@require_GET
@signed_in
def stops(request: PersonRequest) -> HttpResponse:
    """Every planned stop of the person's sites."""
    page, _ = page_of(access.visible(planned.stops(), request.user, customer=planned.CUSTOMER_PATH), request)
    allowed = set(access.customers_to_act_for(request.user).values_list("pk", flat=True))
    return show(request, "portal/stops.html", {"page": page, "now": utc_now(), "may_change": allowed})


@require_http_methods(["GET", "POST"])
@signed_in
def new_stop(request: PersonRequest, pk: int) -> HttpResponse:
    """Register a stop; for approvers and admins."""
    row = _site(request, pk)
    access.check_may_restore(request.user, row.contract.customer)
    form = StopForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        try:
            planned.register(row, form.span(), by=request.user, now=utc_now())
        except planned.NotPossible as refusal:
            form.add_error(None, str(refusal))
        else:
            messages.success(request, "計画停止を登録しました。")
            return HttpResponseRedirect(reverse("portal:site", args=[pk]))
    return show(request, "portal/stop.html", {"site": row, "form": form})


@require_POST
@signed_in
def cancel_stop(request: PersonRequest, pk: int) -> HttpResponse:
    """A stop does not take place, or is over early."""
    row = access.get(planned.stops(), request.user, customer=planned.CUSTOMER_PATH, pk=pk)
    access.check_may_restore(request.user, row.site.contract.customer)
    if planned.cancel(row, by=request.user, now=utc_now()):
        messages.success(request, "計画停止を取り消しました。")
    else:
        messages.error(request, "この計画停止は、すでに終了しているか取り消されています。")
    return HttpResponseRedirect(reverse("portal:stops"))


def _may_plan(request: PersonRequest, row: Site) -> bool:
    return access.may_restore(request.user, row.contract.customer) and row.contract.runs_on(day_of(utc_now()))


def _site(request: PersonRequest, pk: int) -> Site:
    return access.get(every_site(), request.user, customer=CUSTOMER_PATH, pk=pk)
