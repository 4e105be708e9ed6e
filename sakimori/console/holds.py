"""多数サイトの同時障害: what is held back, and the one key that releases all of it."""

from datetime import datetime
from typing import Protocol

from django.contrib import messages
from django.http import Http404, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.views.decorators.http import require_GET, require_POST

from sakimori.accounts.gates import PersonRequest, soc_only
from sakimori.accounts.models import User
from sakimori.accounts.paging import page_of
from sakimori.console.pages import show
from sakimori.customers import access
from sakimori.incidents import holding
from sakimori.incidents.models import Hold
from sakimori.incidents.queries import CUSTOMER_PATH
from sakimori.lib.jst import utc_now


class _Decision(Protocol):
    def __call__(self, hold: Hold, *, by: User, now: datetime) -> int: ...


@require_GET
@soc_only
def hold(request: PersonRequest, pk: int) -> HttpResponse:
    """Every notice that waits, and the decision about all of them."""
    row = _hold(pk)
    rows = access.visible(holding.incidents_of(row), request.user, customer=CUSTOMER_PATH)
    page, found = page_of(rows, request)
    context = {"hold": row, "page": page, "rows": found, "waiting": holding.waiting(row).count()}
    return show(request, "console/hold.html", context)


@require_POST
@soc_only
def release(request: PersonRequest, pk: int) -> HttpResponse:
    """The customers are told, all of them."""
    return _decide(request, pk, holding.release, "{} 件のお客様への連絡を開始しました。")


@require_POST
@soc_only
def keep(request: PersonRequest, pk: int) -> HttpResponse:
    """Nobody outside is told of what waits now."""
    return _decide(request, pk, holding.keep_all, "{} 件について「連絡しない」と記録しました。")


def _decide(request: PersonRequest, pk: int, decision: _Decision, done: str) -> HttpResponse:
    number = decision(_hold(pk), by=request.user, now=utc_now())
    if number:
        messages.success(request, done.format(number))
    else:
        messages.error(request, "保留中の連絡はありません。")
    return HttpResponseRedirect(reverse("console:hold", args=[pk]))


def _hold(pk: int) -> Hold:
    """It belongs to no customer: whoever sits at the desk sees it."""
    row = holding.holds().filter(pk=pk).first()
    if row is None:
        raise Http404("見つかりません")
    return row
