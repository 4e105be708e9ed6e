"""計画停止 on the console: all of them, registered for a site and taken back."""

from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from sakimori.accounts.gates import PersonRequest, soc_only
from sakimori.accounts.paging import page_of
from sakimori.console.pages import back, show
from sakimori.customers import access
from sakimori.incidents import planned
from sakimori.incidents.board import CUSTOMER_PATH, every_site
from sakimori.incidents.site_forms import StopForm
from sakimori.lib.jst import utc_now


@require_GET
@soc_only
def stops(request: PersonRequest) -> HttpResponse:
    """Every planned stop, the one that ends last first."""
    page, _ = page_of(access.visible(planned.stops(), request.user, customer=planned.CUSTOMER_PATH), request)
    return show(request, "console/planned_stops.html", {"page": page, "now": utc_now()})


@require_http_methods(["GET", "POST"])
@soc_only
def register(request: PersonRequest, pk: int) -> HttpResponse:
    """Register a stop of a site."""
    site = access.get(every_site(), request.user, customer=CUSTOMER_PATH, pk=pk)
    form = StopForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        try:
            planned.register(site, form.span(), by=request.user, now=utc_now())
        except planned.NotPossible as refusal:
            form.add_error(None, str(refusal))
        else:
            messages.success(request, "計画停止を登録しました。")
            return HttpResponseRedirect(reverse("console:site", args=[pk]))
    return show(request, "console/planned_stop.html", {"site": site, "form": form})


@require_POST
@soc_only
def cancel(request: PersonRequest, pk: int) -> HttpResponse:
    """A stop does not take place, or is over early."""
    row = access.get(planned.stops(), request.user, customer=planned.CUSTOMER_PATH, pk=pk)
    if planned.cancel(row, by=request.user, now=utc_now()):
        messages.success(request, "計画停止を取り消しました。")
    else:
        messages.error(request, "この計画停止は、すでに終了しているか取り消されています。")
    return back(request, otherwise="console:planned-stops")
