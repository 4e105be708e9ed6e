"""このサイトも遮断する: an analyst lets a block of single sites hold for the site of a finding too."""

from django.http import HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.views.decorators.http import require_POST

from sakimori.accounts.gates import PersonRequest, soc_only
from sakimori.blacklist.actions import NotPossible
from sakimori.blacklist.queries import CUSTOMER_PATH, finding_in_full
from sakimori.blacklist.widening import widen as widen_block
from sakimori.console.pages import attempt
from sakimori.customers import access
from sakimori.lib.jst import utc_now


@require_POST
@soc_only
def widen(request: PersonRequest, pk: int) -> HttpResponse:
    """Do it, and go back to the finding."""
    row = access.get(finding_in_full(), request.user, customer=CUSTOMER_PATH, pk=pk)
    attempt(
        request,
        lambda: widen_block(row, by=request.user, now=utc_now()),
        f"{row.address} の遮断の対象に、このサイトを加えました。",
        refusal=NotPossible,
    )
    return HttpResponseRedirect(reverse("console:finding", args=[pk]))
