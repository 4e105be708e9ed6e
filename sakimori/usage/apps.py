"""Django registration of the usage room."""

from django.apps import AppConfig


class UsageConfig(AppConfig):
    """Usage."""

    name = "sakimori.usage"
    label = "usage"
    verbose_name = "利用状況"
