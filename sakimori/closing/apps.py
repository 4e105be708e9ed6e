"""Django registration of the closing room."""

from django.apps import AppConfig


class ClosingConfig(AppConfig):
    """The end of contracts."""

    name = "sakimori.closing"
    label = "closing"
    verbose_name = "解約"
