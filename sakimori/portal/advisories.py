"""お知らせ: security news that was approved, as customers read it."""

from django.db.models import QuerySet
from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.views.decorators.http import require_GET

from sakimori.accounts.gates import PersonRequest, signed_in
from sakimori.accounts.paging import page_of
from sakimori.advisories.models import Advisory
from sakimori.advisories.queries import shown_to
from sakimori.customers import access
from sakimori.portal.pages import show


@require_GET
@signed_in
def advisories(request: PersonRequest) -> HttpResponse:
    """All that this person's customers may read, the newest first."""
    return show(request, "portal/advisories.html", {"page": page_of(_shown(request), request)[0]})


@require_GET
@signed_in
def advisory(request: PersonRequest, pk: int) -> HttpResponse:
    """One of them in full."""
    return show(request, "portal/advisory.html", {"advisory": get_object_or_404(_shown(request), pk=pk)})


def _shown(request: PersonRequest) -> QuerySet[Advisory]:
    return shown_to(access.customers_of(request.user))
