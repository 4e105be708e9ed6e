"""Django registration of the advisories room."""

from django.apps import AppConfig


class AdvisoriesConfig(AppConfig):
    """Security news."""

    name = "sakimori.advisories"
    label = "advisories"
    verbose_name = "情報提供"
