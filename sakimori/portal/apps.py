"""Django registration of the portal room."""

from django.apps import AppConfig


class PortalConfig(AppConfig):
    """Pages."""

    name = "sakimori.portal"
    label = "portal"
