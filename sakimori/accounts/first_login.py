"""While a password is that of the letter, no page opens but the one on which it is changed."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django_htmx.http import HttpResponseClientRedirect

from sakimori.accounts.models import User

_OPEN = ("account_change_password", "account_logout")

GetResponse = Callable[[HttpRequest], HttpResponse]


def first_login_only_changes_the_password(get_response: GetResponse) -> GetResponse:
    """Middleware. It stands behind the one that knows who signed in."""

    def guard(request: HttpRequest) -> HttpResponse:
        user = request.user
        if not isinstance(user, User) or not user.must_change_password:
            return get_response(request)
        if request.path in {reverse(name) for name in _OPEN}:
            return get_response(request)
        door = reverse("account_change_password")
        return HttpResponseClientRedirect(door) if "HX-Request" in request.headers else HttpResponseRedirect(door)

    return guard
