"""The door: where a person lands after signing in, and what is shown when a form came from elsewhere."""

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse

from sakimori.accounts.models import User


def home(request: HttpRequest) -> HttpResponse:
    """Send everybody to his own face: the SOC to the console, customers to the portal, strangers to the sign-in."""
    user = request.user
    if not isinstance(user, User):
        return HttpResponseRedirect(reverse("account_login"))
    return HttpResponseRedirect(reverse("console:attacks" if user.is_soc else "portal:tickets"))


def forgotten(request: HttpRequest) -> HttpResponse:
    """Nobody resets a password by mail: the SOC does it on the phone and sends a new letter."""
    return render(request, "account/forgotten.html")


def unavailable(request: HttpRequest) -> HttpResponse:
    """A page that allauth knows and this service does not have."""
    return render(request, "account/unavailable.html", status=404)


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:  # noqa: ARG001
    """A form without its token: ask to open the page again."""
    return render(request, "403_csrf.html", status=403)
