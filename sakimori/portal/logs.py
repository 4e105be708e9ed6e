"""ログ検索 (chapter 2-5-1) for customers with the option; somebody of the SOC sees what they see."""

from collections.abc import Sequence

from django.http import Http404, HttpResponse
from django.views.decorators.http import require_GET

from sakimori import backends
from sakimori.accounts.gates import PersonRequest, signed_in
from sakimori.customers import access
from sakimori.customers.models import Contract
from sakimori.lib.calendar import first_kept_day
from sakimori.lib.jst import day_of, utc_now
from sakimori.logs import pages
from sakimori.logs.queries import contracts_with_log_page

FACE = pages.Face("portal", "portal/base.html")


@require_GET
@signed_in
def logs(request: PersonRequest) -> HttpResponse:
    """The search and what it finds. Without the option the page does not exist."""
    contracts = list(access.visible(contracts_with_log_page(), request.user))
    sought = sought_in(_chosen(request, contracts))
    return pages.search_page(request, sought, contracts=contracts, further=face_context(request))


@require_GET
@signed_in
def lists(request: PersonRequest) -> HttpResponse:
    """The most frequent values of what a search finds."""
    return pages.lists_page(request, sought_in(named_contract(request, request.GET.get("contract", ""))))


@require_GET
@signed_in
def event(request: PersonRequest, number: str, at: int, file_id: int, line_no: int) -> HttpResponse:
    """Everything of one event."""
    sought = sought_in(named_contract(request, number))
    return pages.event_page(request, sought, pages.place_of(at, file_id, line_no), further=face_context(request))


def sought_in(contract: Contract) -> pages.Sought:
    """What is asked about a contract's log on this face, now."""
    now = utc_now()
    return pages.Sought(FACE, contract, backends.log_store(), first_kept_day(day_of(now)), now)


def _chosen(request: PersonRequest, contracts: Sequence[Contract]) -> Contract:
    number = request.GET.get("contract")
    if number:
        return named_contract(request, number)
    if not contracts:
        raise Http404("見つかりません")
    return contracts[0]


def named_contract(request: PersonRequest, number: str) -> Contract:
    """The contract of this number, if it has the option and the person may see it; else Http404."""
    return access.get(contracts_with_log_page(), request.user, number=number)


def face_context(request: PersonRequest) -> dict[str, object]:
    """What the frame of the page must know."""
    return {"customers": [] if request.user.is_soc else list(access.customers_of(request.user))}
