"""Django registration of the blacklist room."""

from django.apps import AppConfig


class BlacklistConfig(AppConfig):
    """Findings and blocks."""

    name = "sakimori.blacklist"
    label = "blacklist"
    verbose_name = "ブラックリスト"
