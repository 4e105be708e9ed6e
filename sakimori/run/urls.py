"""Addresses of all pages."""

from django.urls import URLPattern, URLResolver, include, path

from sakimori.accounts.views import home

urlpatterns: list[URLPattern | URLResolver] = [
    path("", home, name="home"),
    path("account/", include("sakimori.accounts.urls")),
    path("portal/", include("sakimori.portal.urls")),
    path("console/", include("sakimori.console.urls")),
    path("phone/", include("sakimori.notify.urls")),
]
