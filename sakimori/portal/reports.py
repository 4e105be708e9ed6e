"""Monthly reports as the customer sees them: those that are released, each as a PDF."""

from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.http import content_disposition_header
from django.views.decorators.http import require_GET

from sakimori.accounts.gates import PersonRequest, signed_in
from sakimori.accounts.paging import page_of
from sakimori.customers import access
from sakimori.lib.jst import utc_now
from sakimori.portal.pages import show
from sakimori.reports import wording
from sakimori.reports.actions import NotPossible, read_pdf
from sakimori.reports.queries import CUSTOMER_PATH, released_reports


@require_GET
@signed_in
def reports(request: PersonRequest) -> HttpResponse:
    """レポート: all that are released, the newest month first."""
    rows = access.visible(released_reports(), request.user, customer=CUSTOMER_PATH)
    return show(request, "portal/reports.html", {"page": page_of(rows, request)[0]})


@require_GET
@signed_in
def download(request: PersonRequest, pk: int) -> HttpResponse:
    """The PDF of a released report, under a name that says whose and which month it is."""
    found = access.get(released_reports(), request.user, customer=CUSTOMER_PATH, pk=pk)
    try:
        content = read_pdf(found, by=request.user, now=utc_now())
    except NotPossible as refusal:
        messages.error(request, str(refusal))
        return HttpResponseRedirect(reverse("portal:reports"))
    name = content_disposition_header(True, wording.file_name(found.contract.customer.name, found.month))  # noqa: FBT003
    return HttpResponse(content, content_type="application/pdf", headers={"Content-Disposition": name or ""})
