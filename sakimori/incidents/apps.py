"""Django registration of the incidents room."""

from django.apps import AppConfig


class IncidentsConfig(AppConfig):
    """Incidents."""

    name = "sakimori.incidents"
    label = "incidents"
    verbose_name = "インシデント"
