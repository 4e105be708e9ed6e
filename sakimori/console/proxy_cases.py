"""An attack by proxy as one case: what is attacked, by how many, and the addresses that are asked about."""

from django.http import HttpResponse
from django.views.decorators.http import require_GET

from sakimori.accounts.gates import PersonRequest, soc_only
from sakimori.accounts.paging import page_of
from sakimori.blacklist.proxy_cases import cases
from sakimori.blacklist.queries import CUSTOMER_PATH, blocks
from sakimori.blacklist.stories import sentence_of
from sakimori.console.pages import show
from sakimori.customers import access


@require_GET
@soc_only
def proxy_case(request: PersonRequest, pk: int) -> HttpResponse:
    """The case and its addresses, those on the list first."""
    row = access.get(cases(), request.user, customer=CUSTOMER_PATH, pk=pk)
    members = access.visible(blocks(), request.user, customer=CUSTOMER_PATH).filter(proxy_case=row)
    page, shown = page_of(members.order_by("state", "proposed_at", "pk"), request)
    rows = [(block, sentence_of(block.reason)) for block in shown]
    return show(request, "console/proxy_case.html", {"case": row, "page": page, "rows": rows})
