"""サイトの状態: the live board of all sites, and one site's history, settings and planned stops."""

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods

from sakimori.accounts.gates import PersonRequest, soc_only
from sakimori.accounts.paging import PER_PAGE
from sakimori.console.pages import show
from sakimori.customers import access
from sakimori.customers.models import Site
from sakimori.customers.queries import without_night_contact
from sakimori.incidents import site_settings
from sakimori.incidents.board import CUSTOMER_PATH, board_rows, every_site, open_hold, sites_now
from sakimori.incidents.history import Period, history_of, incidents_since, last_visit
from sakimori.incidents.history_picture import KINDS, picture_of
from sakimori.incidents.hours import usual_of
from sakimori.incidents.planned import stops
from sakimori.incidents.site_forms import BoardFilter, SettingsForm
from sakimori.lib.jst import utc_now

_ROWS = 200


@require_GET
@soc_only
def board(request: PersonRequest) -> HttpResponse:
    """All sites with their state now."""
    form = BoardFilter(request.GET)
    context = {**_rows(request, form), "form": form, "hold": open_hold()}
    return show(request, "console/sites.html", context)


@require_GET
@soc_only
def rows(request: PersonRequest) -> HttpResponse:
    """The part of the board that refreshes itself."""
    return render(request, "console/sites_rows.html", _rows(request, BoardFilter(request.GET)))


def _rows(request: PersonRequest, form: BoardFilter) -> dict[str, object]:
    now = utc_now()
    dark = {customer.pk for customer in without_night_contact(now)}
    found = form.narrow(access.visible(sites_now(now, dark=dark), request.user, customer=CUSTOMER_PATH))
    page = Paginator(found, _ROWS).get_page(request.GET.get("page"))
    return {"page": page, "rows": board_rows(list(page.object_list), now), "now": now, "query": form.query()}


@require_GET
@soc_only
def site(request: PersonRequest, pk: int) -> HttpResponse:
    """One site: how it is, how it was, what is planned."""
    row, now = _site(request, pk), utc_now()
    period = Period.read(request.GET.get("period"))
    history = history_of(row, period, now=now)
    context: dict[str, object] = {
        "site": row,
        "history": history,
        "buckets": list(reversed(history.buckets)),
        "periods": list(Period),
        "probe": last_visit(row),
        "usual_ms": usual_of([row.pk], now).get(row.pk),
        "incidents": incidents_since(row, now - period.span)[:PER_PAGE],
        "stops": stops().filter(site=row)[:PER_PAGE],
        "now": now,
        "chart_page": "console:site-chart",
    }
    return show(request, "console/site.html", context)


@require_GET
@soc_only
def chart(request: PersonRequest, pk: int, what: str) -> HttpResponse:
    """A site's history as a picture."""
    row = _site(request, pk)
    if what not in KINDS:
        raise Http404("見つかりません")
    return HttpResponse(picture_of(row, what, request.GET.get("period")), content_type="image/svg+xml")


@require_http_methods(["GET", "POST"])
@soc_only
def settings(request: PersonRequest, pk: int) -> HttpResponse:
    """What is set for a site."""
    row = _site(request, pk)
    form = SettingsForm(request.POST if request.method == "POST" else None, site=row)
    if request.method == "POST" and form.is_valid():
        changed = site_settings.change(row, form.wish(), by=request.user, now=utc_now())
        messages.success(request, "サイトの設定を変更しました。" if changed else "変更はありませんでした。")
        return HttpResponseRedirect(reverse("console:site", args=[pk]))
    return show(request, "console/site_settings.html", {"site": row, "form": form})


def _site(request: PersonRequest, pk: int) -> Site:
    return access.get(every_site(), request.user, customer=CUSTOMER_PATH, pk=pk)
