"""Who am I, and where do I change my password and second factor."""

from django.http import HttpResponse
from django.views.decorators.http import require_GET

from sakimori.accounts.gates import PersonRequest, signed_in
from sakimori.portal.pages import show


@require_GET
@signed_in
def account(request: PersonRequest) -> HttpResponse:
    """The person's own page."""
    return show(request, "portal/account.html", {"memberships": request.user.memberships.select_related("customer")})
