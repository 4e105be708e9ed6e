"""An attack by proxy as one case: what is attacked, by how many, and the addresses that are asked about."""

from dataclasses import dataclass

from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.views.decorators.http import require_GET, require_POST

from sakimori.accounts.gates import PersonRequest, soc_only
from sakimori.accounts.paging import page_of
from sakimori.blacklist.bulk import refuse_all
from sakimori.blacklist.models import Block
from sakimori.blacklist.proxy_cases import cases, waiting_under
from sakimori.blacklist.queries import CUSTOMER_PATH, DECIDABLE, RESTORABLE, blocks
from sakimori.blacklist.stories import sentence_of
from sakimori.console.pages import show
from sakimori.customers import access
from sakimori.lib.jst import utc_now


@dataclass(frozen=True, slots=True)
class CaseRow:
    """A block of a case, with what may be done about it."""

    block: Block
    reason: str
    decidable: bool
    restorable: bool


@require_GET
@soc_only
def proxy_case(request: PersonRequest, pk: int) -> HttpResponse:
    """The case and its addresses, those on the list first."""
    row = access.get(cases(), request.user, customer=CUSTOMER_PATH, pk=pk)
    members = access.visible(blocks(), request.user, customer=CUSTOMER_PATH).filter(proxy_case=row)
    page, shown = page_of(members.order_by("state", "proposed_at", "pk"), request)
    rows = [
        CaseRow(block, sentence_of(block.reason), block.state in DECIDABLE, block.state in RESTORABLE)
        for block in shown
    ]
    return show(request, "console/proxy_case.html", {"case": row, "page": page, "rows": rows})


@require_POST
@soc_only
def refuse_case(request: PersonRequest, pk: int) -> HttpResponse:
    """None of those that wait is put on the list."""
    row = access.get(cases(), request.user, customer=CUSTOMER_PATH, pk=pk)
    number = len(refuse_all(waiting_under(row), by=request.user, now=utc_now()).done)
    messages.success(request, f"判断待ちの {number} 件を却下しました。")
    return HttpResponseRedirect(reverse("console:proxy-case", args=[pk]))
