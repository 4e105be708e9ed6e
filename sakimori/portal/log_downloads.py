"""Downloads of the log (chapter 2-5-1) for customers with the option. The SOC downloads at its own desk."""

from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404, HttpResponse
from django.http.response import HttpResponseBase
from django.views.decorators.http import require_GET, require_POST

from sakimori.accounts.gates import PersonRequest, signed_in
from sakimori.customers import access
from sakimori.lib.jst import utc_now
from sakimori.logs.exports import pages
from sakimori.logs.exports.queries import CUSTOMER_PATH, customers_exports
from sakimori.logs.models import Export
from sakimori.logs.queries import contracts_with_log_page
from sakimori.portal.logs import FACE, face_context, named_contract, sought_in


@require_POST
@signed_in
def download(request: PersonRequest) -> HttpResponseBase:
    """What a search finds, as a file or as an export."""
    contract = named_contract(request, request.POST.get("contract", ""))
    _check_is_customer(request)
    return pages.download(request, sought_in(contract))


@require_GET
@signed_in
def exports(request: PersonRequest) -> HttpResponse:
    """The exports of the person's customers. Without the option the page does not exist."""
    return pages.exports_page(request, FACE, _rows(request), further=face_context(request))


@require_GET
@signed_in
def progress(request: PersonRequest) -> HttpResponse:
    """What changed of those under way, for the page that asks."""
    return pages.progress(request, FACE, _rows(request))


@require_GET
@signed_in
def fetch(request: PersonRequest, pk: int) -> HttpResponseBase:
    """A bundle that is ready."""
    export = access.get(customers_exports(), request.user, customer=CUSTOMER_PATH, pk=pk)
    _check_is_customer(request)
    return pages.fetch(request, export, FACE, now=utc_now())


@require_POST
@signed_in
def drop(request: PersonRequest, pk: int) -> HttpResponse:
    """Take an export back."""
    export = access.get(customers_exports(), request.user, customer=CUSTOMER_PATH, pk=pk)
    _check_is_customer(request)
    return pages.drop(request, export, FACE, now=utc_now())


def _rows(request: PersonRequest) -> QuerySet[Export]:
    if not access.visible(contracts_with_log_page(), request.user).exists():
        raise Http404("見つかりません")
    return access.visible(customers_exports(), request.user, customer=CUSTOMER_PATH)


def _check_is_customer(request: PersonRequest) -> None:
    """What the SOC fetches is the SOC's: it is noted as such and is no business of the customer's list."""
    if request.user.is_soc:
        raise PermissionDenied("ログのダウンロードは、SOC コンソールのログ検索から行ってください。")
