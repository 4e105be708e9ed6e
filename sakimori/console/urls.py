"""Addresses of the console."""

from django.urls import URLPattern, URLResolver, path
from django.views.generic import RedirectView

from sakimori.console import alarms, attacks, connection, customers, decisions, intake, people, tickets, users

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
    path("customers/", customers.customers, name="customers"),
    path("customers/<int:pk>/", customers.customer, name="customer"),
    path("customers/sheet/", customers.upload, name="sheet-upload"),
    path("customers/sheet/template/", customers.template, name="sheet-template"),
    path("customers/sheet/<int:pk>/", customers.preview, name="sheet-preview"),
    path("customers/<int:pk>/users/issue/", users.issue, name="user-issue"),
    path("users/<int:pk>/reissue/", users.reissue, name="user-reissue"),
    path("users/<int:pk>/stop/", users.stop, name="user-stop"),
    path("contracts/<int:pk>/connection/", connection.connection, name="connection"),
    path("contracts/<int:pk>/connection/token/", connection.token, name="connection-token"),
    path("contracts/<int:pk>/connection/try/", connection.try_connection, name="connection-try"),
    path("people/", people.people, name="people"),
    path("people/<int:pk>/", people.person, name="person"),
    path("alarms/", alarms.bar, name="alarms"),
    path("alarms/<int:pk>/acknowledge/", alarms.acknowledge, name="acknowledge"),
]
