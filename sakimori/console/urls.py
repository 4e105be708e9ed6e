"""Addresses of the console."""

from django.urls import URLPattern, URLResolver, path
from django.views.generic import RedirectView

from sakimori.console import alarms, attacks, calls, closing, decisions, intake, roster, tickets, usage

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
    path("tickets/<str:number>/answer/", tickets.answer, name="answer"),
    path("intake/", intake.intake, name="intake"),
    path("usage/", usage.usage, name="usage"),
    path("usage/upgrades/<int:pk>/", usage.confirm, name="upgrade"),
    path("usage/<str:number>/look/", usage.look, name="look"),
    path("closing/", closing.closings, name="closings"),
    path("closing/<str:number>/", closing.closing, name="closing"),
    path("closing/<str:number>/enter/", closing.enter, name="closing-enter"),
    path("closing/<str:number>/withdraw/", closing.withdraw, name="closing-withdraw"),
    path("closing/<str:number>/approve/", closing.approve, name="closing-approve"),
    path("deletions/<int:pk>/", closing.proof, name="proof"),
    path("deletions/<int:pk>/certificate.pdf", closing.proof_pdf, name="proof-pdf"),
    path("alarms/", alarms.bar, name="alarms"),
    path("alarms/history/", alarms.history, name="alarm-history"),
    path("calls/", calls.calls, name="calls"),
    path("calls/<int:pk>/", calls.call_round, name="call-round"),
    path("calls/<int:pk>/begin/", calls.begin, name="call-begin"),
    path("calls/<int:pk>/result/", calls.result, name="call-result"),
    path("calls/<int:pk>/stop/", calls.stop, name="call-stop"),
    path("roster/", roster.roster, name="roster"),
    path("roster/<int:pk>/delete/", roster.delete, name="shift-delete"),
    path("alarms/<int:pk>/acknowledge/", alarms.acknowledge, name="acknowledge"),
]
