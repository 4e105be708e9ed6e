"""Django registration of the tickets room."""

from django.apps import AppConfig


class TicketsConfig(AppConfig):
    """Tickets."""

    name = "sakimori.tickets"
    label = "tickets"
    verbose_name = "チケット"
