"""Downloads of the log at the SOC's desk: of every contract, as long as its log is kept."""

from django.db.models import QuerySet
from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.views.decorators.http import require_GET, require_POST

from sakimori.accounts.gates import PersonRequest, soc_only
from sakimori.console.logs import FACE, sought_in
from sakimori.console.pages import alarm_context
from sakimori.customers import access
from sakimori.lib.jst import utc_now
from sakimori.logs.exports import pages
from sakimori.logs.exports.queries import CUSTOMER_PATH, all_exports
from sakimori.logs.models import Export


@require_POST
@soc_only
def download(request: PersonRequest) -> HttpResponseBase:
    """What a search finds, as a file or as an export."""
    return pages.download(request, sought_in(request, request.POST.get("contract", "")))


@require_GET
@soc_only
def exports(request: PersonRequest) -> HttpResponse:
    """The exports of all customers, those of the SOC too."""
    return pages.exports_page(request, FACE, _rows(request), further=alarm_context())


@require_GET
@soc_only
def progress(request: PersonRequest) -> HttpResponse:
    """The list alone, for the page that refreshes it."""
    return pages.progress(request, FACE, _rows(request))


@require_GET
@soc_only
def fetch(request: PersonRequest, pk: int) -> HttpResponseBase:
    """A bundle that is ready."""
    export = access.get(all_exports(), request.user, customer=CUSTOMER_PATH, pk=pk)
    return pages.fetch(request, export, FACE, now=utc_now())


@require_POST
@soc_only
def drop(request: PersonRequest, pk: int) -> HttpResponse:
    """Take an export back."""
    export = access.get(all_exports(), request.user, customer=CUSTOMER_PATH, pk=pk)
    return pages.drop(request, export, FACE, now=utc_now())


def _rows(request: PersonRequest) -> QuerySet[Export]:
    return access.visible(all_exports(), request.user, customer=CUSTOMER_PATH)
