"""Addresses of the portal."""

from django.urls import URLPattern, URLResolver, path

from sakimori.portal import (
    account,
    advisories,
    blacklist,
    contract,
    enquiries,
    log_downloads,
    logs,
    reports,
    scans,
    tickets,
    usage,
)

app_name = "portal"
urlpatterns: list[URLPattern | URLResolver] = [
    path("", tickets.tickets, name="tickets"),
    path("account/", account.account, name="account"),
    path("enquiries/new/", enquiries.enquire, name="enquire"),
    path("tickets/<str:number>/", tickets.ticket, name="ticket"),
    path("tickets/<str:number>/progress/", tickets.progress, name="progress"),
    path("tickets/<str:number>/addresses/<int:entry>/restore/", tickets.restore, name="restore"),
    path("tickets/<str:number>/reply/", enquiries.reply, name="reply"),
    path("tickets/<str:number>/files/<int:pk>/", enquiries.download, name="file"),
    path("logs/", logs.logs, name="logs"),
    path("logs/lists/", logs.lists, name="log-lists"),
    path("logs/download/", log_downloads.download, name="log-download"),
    path("logs/downloads/", log_downloads.exports, name="log-exports"),
    path("logs/downloads/progress/", log_downloads.progress, name="log-exports-progress"),
    path("logs/downloads/<int:pk>/", log_downloads.fetch, name="log-export"),
    path("logs/downloads/<int:pk>/drop/", log_downloads.drop, name="log-export-drop"),
    path("logs/<str:number>/<int:at>-<int:file_id>-<int:line_no>/", logs.event, name="log-event"),
    path("usage/", usage.usage, name="usage"),
    path("usage/<str:number>/", usage.contract, name="contract-usage"),
    path("usage/<str:number>/chart.svg", usage.chart, name="usage-chart"),
    path("usage/<str:number>/upgrade/", usage.upgrade, name="upgrade"),
    path("contract/", contract.contract, name="contract"),
    path("reports/", reports.reports, name="reports"),
    path("reports/<int:pk>/", reports.download, name="report"),
    path("advisories/", advisories.advisories, name="advisories"),
    path("advisories/<int:pk>/", advisories.advisory, name="advisory"),
    path("tickets/<str:number>/addresses.csv", tickets.addresses, name="ticket-addresses"),
    path("scans/", scans.scans, name="scans"),
    path("scans/<str:number>/new/", scans.announce, name="scan-new"),
    path("scans/<int:pk>/withdraw/", scans.withdraw, name="scan-withdraw"),
    path("blacklist/", blacklist.entries, name="blacklist"),
    path("blacklist/csv/", blacklist.as_csv, name="blacklist-csv"),
]
