"""Addresses of the console."""

from django.urls import URLPattern, URLResolver, path
from django.views.generic import RedirectView

from sakimori.console import advisories, alarms, attacks, decisions, intake, reports, tickets

app_name = "console"
urlpatterns: list[URLPattern | URLResolver] = [
    path("", attacks.to_decide, name="attacks"),
    path("attacks/", RedirectView.as_view(pattern_name="console:attacks"), name="attacks-by-name"),
    path("blocked/", attacks.blocked, name="blocked"),
    path("findings/", attacks.all_findings, name="findings"),
    path("findings/<int:pk>/", attacks.finding, name="finding"),
    path("findings/<int:pk>/dismiss/", decisions.dismiss, name="dismiss"),
    path("blocks/<int:pk>/", attacks.block, name="block"),
    path("blocks/<int:pk>/approve/", decisions.approve, name="approve"),
    path("blocks/<int:pk>/refuse/", decisions.refuse, name="refuse"),
    path("blocks/<int:pk>/restore/", decisions.restore, name="restore"),
    path("tickets/", tickets.tickets, name="tickets"),
    path("tickets/<str:number>/", tickets.ticket, name="ticket"),
    path("intake/", intake.intake, name="intake"),
    path("reports/", reports.all_reports, name="reports"),
    path("reports/<int:pk>/", reports.report, name="report"),
    path("reports/<int:pk>/pdf/", reports.pdf, name="report-pdf"),
    path("reports/<int:pk>/release/", reports.release, name="report-release"),
    path("advisories/", advisories.all_advisories, name="advisories"),
    path("advisories/new/", advisories.new, name="advisory-new"),
    path("advisories/<int:pk>/", advisories.advisory, name="advisory"),
    path("advisories/<int:pk>/edit/", advisories.edit, name="advisory-edit"),
    path("advisories/<int:pk>/approve/", advisories.approve, name="advisory-approve"),
    path("advisories/<int:pk>/withdraw/", advisories.withdraw, name="advisory-withdraw"),
    path("alarms/", alarms.bar, name="alarms"),
    path("alarms/<int:pk>/acknowledge/", alarms.acknowledge, name="acknowledge"),
]
