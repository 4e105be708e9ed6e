"""Who may come in: pages for people who signed in, and pages for the SOC's desk only.

A page for the desk does not exist for anybody else: a signed-in customer gets 404, as for a missing page.
"""

from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec, cast
from urllib.parse import urlencode, urlsplit

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django_htmx.http import HttpResponseClientRedirect

from sakimori.accounts.models import SocRole, User

Args = ParamSpec("Args")


class PersonRequest(HttpRequest):
    """A request of somebody who signed in."""

    user: User


def signed_in(
    view: Callable[Concatenate[PersonRequest, Args], HttpResponseBase],
) -> Callable[Concatenate[HttpRequest, Args], HttpResponseBase]:
    """Let in only people who signed in; others go to the sign-in page and come back. Nothing is cached."""

    @never_cache
    @wraps(view)
    def guarded(request: HttpRequest, *args: Args.args, **kwargs: Args.kwargs) -> HttpResponseBase:
        if not isinstance(request.user, User):
            return _to_sign_in(request)
        return view(cast("PersonRequest", request), *args, **kwargs)

    return cast("Callable[Concatenate[HttpRequest, Args], HttpResponseBase]", guarded)


def soc_only(
    view: Callable[Concatenate[PersonRequest, Args], HttpResponseBase],
) -> Callable[Concatenate[HttpRequest, Args], HttpResponseBase]:
    """Let in only people of the SOC's desk."""

    @wraps(view)
    def guarded(request: PersonRequest, *args: Args.args, **kwargs: Args.kwargs) -> HttpResponseBase:
        if not request.user.is_soc:
            raise Http404("見つかりません")
        return view(request, *args, **kwargs)

    return signed_in(cast("Callable[Concatenate[PersonRequest, Args], HttpResponseBase]", guarded))


def manager_only(
    view: Callable[Concatenate[PersonRequest, Args], HttpResponseBase],
) -> Callable[Concatenate[HttpRequest, Args], HttpResponseBase]:
    """Let in only the SOC's managers; an analyst is told that he may not."""

    @wraps(view)
    def guarded(request: PersonRequest, *args: Args.args, **kwargs: Args.kwargs) -> HttpResponseBase:
        if request.user.soc_role != SocRole.MANAGER:
            raise PermissionDenied("この操作には SOC 責任者の権限が必要です。")
        return view(request, *args, **kwargs)

    return soc_only(cast("Callable[Concatenate[PersonRequest, Args], HttpResponseBase]", guarded))


def _to_sign_in(request: HttpRequest) -> HttpResponse:
    """A part of a page must not be replaced by the sign-in page, so the browser is told to move as a whole."""
    door = reverse("account_login")
    if "HX-Request" not in request.headers:
        return HttpResponseRedirect(f"{door}?{urlencode({'next': request.get_full_path()})}")
    page = urlsplit(request.headers.get("HX-Current-URL", "")).path or "/"
    return HttpResponseClientRedirect(f"{door}?{urlencode({'next': page})}")
