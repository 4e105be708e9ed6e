"""Django registration of the logs room."""

from django.apps import AppConfig


class LogsConfig(AppConfig):
    """Log files and their rows."""

    name = "sakimori.logs"
    label = "logs"
    verbose_name = "ログ"
