"""Incidents: which are open, which wait for a decision, each in full; and how all sites are."""

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol, cast

from django.http import HttpResponse
from django.views.decorators.http import require_GET, require_POST

from sakimori.accounts.gates import PersonRequest, soc_only
from sakimori.accounts.models import User
from sakimori.accounts.paging import PER_PAGE, page_of
from sakimori.console.pages import attempt, back, show
from sakimori.customers import access
from sakimori.customers.models import Site
from sakimori.incidents import actions
from sakimori.incidents.models import Incident, Probe
from sakimori.incidents.queries import (
    CUSTOMER_PATH,
    incidents,
    incidents_in_order,
    incidents_to_decide,
    probes_by_key,
    sites,
)
from sakimori.lib.jst import day_of, utc_now


class _Decision(Protocol):
    def __call__(self, incident: Incident, *, by: User, now: datetime) -> int: ...


@dataclass(frozen=True, slots=True)
class SiteRow:
    """A site as the board shows it: its last visit, and the incident that is open."""

    site: Site
    probe: Probe | None
    incident: int | None


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


@require_GET
@soc_only
def board(request: PersonRequest) -> HttpResponse:
    """All sites with their last visit."""
    today = day_of(utc_now())
    page, found = page_of(access.visible(sites(today), request.user, customer=CUSTOMER_PATH), request)
    return show(request, "console/sites.html", {"page": page, "rows": _site_rows(found)})


def _site_rows(found: list[Site]) -> list[SiteRow]:
    keys = {site.pk: cast("int | None", getattr(site, "last_probe", None)) for site in found}
    probes = probes_by_key([key for key in keys.values() if key is not None])
    return [SiteRow(site, probes.get(keys[site.pk] or 0), getattr(site, "incident", None)) for site in found]


def _decide(request: PersonRequest, pk: int, decision: _Decision, done: str) -> HttpResponse:
    row = _incident(request, pk)
    attempt(request, lambda: decision(row, by=request.user, now=utc_now()), done, refusal=actions.NotPossible)
    return back(request, otherwise="console:incidents")


def _incident(request: PersonRequest, pk: int) -> Incident:
    return access.get(incidents(), request.user, customer=CUSTOMER_PATH, pk=pk)
