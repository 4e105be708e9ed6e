"""ベンダーの通知メール: what came in, what it was understood as, and what a person must look at."""

from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.views.decorators.http import require_GET, require_POST

from sakimori.accounts.gates import PersonRequest, soc_only
from sakimori.accounts.paging import PER_PAGE, page_of
from sakimori.console.pages import back, show
from sakimori.customers import access
from sakimori.incidents.mail_tasks import CUSTOMER_PATH, readings, see_mail, waiting
from sakimori.incidents.models import MailReading
from sakimori.lib.jst import utc_now

_SHOWN = 20_000


@require_GET
@soc_only
def mails(request: PersonRequest) -> HttpResponse:
    """Those that wait first, then all of them, the newest first."""
    page, rows = page_of(visible_mails(request, readings()), request)
    to_see = visible_mails(request, waiting())
    context: dict[str, object] = {
        "page": page,
        "rows": rows,
        "waiting": list(to_see[:PER_PAGE]),
        "waiting_count": to_see.count(),
    }
    return show(request, "console/vendor_mails.html", context)


@require_GET
@soc_only
def mail(request: PersonRequest, pk: int) -> HttpResponse:
    """One mail as it came in, and what came of it."""
    reading = get_object_or_404(visible_mails(request, readings()), pk=pk)
    text = reading.mail.text
    context: dict[str, object] = {"reading": reading, "text": text[:_SHOWN], "is_cut": len(text) > _SHOWN}
    return show(request, "console/vendor_mail.html", context)


@require_POST
@soc_only
def see(request: PersonRequest, pk: int) -> HttpResponse:
    """A person has looked at it."""
    reading = get_object_or_404(visible_mails(request, readings()), pk=pk)
    if see_mail(reading, by=request.user, now=utc_now()):
        messages.success(request, "通知メールを確認済みにしました。")
    else:
        messages.error(request, "このメールは、すでに確認済みか、確認の必要がないものです。")
    return back(request, otherwise="console:vendor-mails")


def visible_mails(request: PersonRequest, rows: QuerySet[MailReading]) -> QuerySet[MailReading]:
    """A mail may be nobody's while it is not known whom it is about: then it is the desk's."""
    return access.visible(rows, request.user, customer=CUSTOMER_PATH) | rows.filter(mail__customer=None)
