"""Incidents: which are open, which wait for a decision, each in full. All sites: `board.py`."""

from datetime import datetime, timedelta
from typing import Protocol

from django.conf import settings
from django.http import HttpResponse
from django.views.decorators.http import require_GET, require_POST

from sakimori.accounts.gates import PersonRequest, soc_only
from sakimori.accounts.models import User
from sakimori.accounts.paging import PER_PAGE, page_of
from sakimori.console.pages import attempt, back, show
from sakimori.customers import access
from sakimori.incidents import actions
from sakimori.incidents.board import open_hold
from sakimori.incidents.models import Incident
from sakimori.incidents.queries import (
    CUSTOMER_PATH,
    incidents,
    incidents_in_order,
    incidents_to_decide,
)
from sakimori.lib.jst import utc_now


class _Decision(Protocol):
    def __call__(self, incident: Incident, *, by: User, now: datetime) -> int: ...


@require_GET
@soc_only
def overview(request: PersonRequest) -> HttpResponse:
    """What waits for a decision on top, then all incidents, the open ones first."""
    waiting = access.visible(incidents_to_decide(), request.user, customer=CUSTOMER_PATH)
    page, rows = page_of(access.visible(incidents_in_order(), request.user, customer=CUSTOMER_PATH), request)
    context: dict[str, object] = {
        "waiting": list(waiting[:PER_PAGE]),
        "waiting_count": waiting.count(),
        "page": page,
        "rows": rows,
        "hold": open_hold(),
    }
    return show(request, "console/incidents.html", context)


@require_POST
@soc_only
def tell(request: PersonRequest, pk: int) -> HttpResponse:
    """The customer is told."""
    return _decide(request, pk, actions.tell_customer, "お客様への連絡を開始しました。")


@require_POST
@soc_only
def keep(request: PersonRequest, pk: int) -> HttpResponse:
    """Nobody outside is told."""
    return _decide(request, pk, actions.keep_inside, "「連絡しない」と記録しました。")


@require_POST
@soc_only
def end(request: PersonRequest, pk: int) -> HttpResponse:
    """A person has looked: an attack is over on a site that no visit can judge."""
    row, quiet = _incident(request, pk), timedelta(minutes=settings.CONFIG.quiet_minutes)
    attempt(
        request,
        lambda: actions.end_unjudged(row, quiet=quiet, by=request.user, now=utc_now()),
        "インシデントを終了しました。",
        refusal=actions.NotPossible,
    )
    return back(request, otherwise="console:incidents")


def _decide(request: PersonRequest, pk: int, decision: _Decision, done: str) -> HttpResponse:
    row = _incident(request, pk)
    attempt(request, lambda: decision(row, by=request.user, now=utc_now()), done, refusal=actions.NotPossible)
    return back(request, otherwise="console:incidents")


def _incident(request: PersonRequest, pk: int) -> Incident:
    return access.get(incidents(), request.user, customer=CUSTOMER_PATH, pk=pk)
