"""Addresses of the portal."""

from django.urls import URLPattern, URLResolver, path

from sakimori.portal import advisories, reports, views

app_name = "portal"
urlpatterns: list[URLPattern | URLResolver] = [
    path("", views.tickets, name="tickets"),
    path("account/", views.account, name="account"),
    path("tickets/<str:number>/", views.ticket, name="ticket"),
    path("tickets/<str:number>/progress/", views.progress, name="progress"),
    path("tickets/<str:number>/addresses/<int:entry>/restore/", views.restore, name="restore"),
    path("reports/", reports.reports, name="reports"),
    path("reports/<int:pk>/", reports.download, name="report"),
    path("advisories/", advisories.advisories, name="advisories"),
    path("advisories/<int:pk>/", advisories.advisory, name="advisory"),
]
