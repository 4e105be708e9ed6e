"""Django registration of the console room."""

from django.apps import AppConfig


class ConsoleConfig(AppConfig):
    """Pages."""

    name = "sakimori.console"
    label = "console"
