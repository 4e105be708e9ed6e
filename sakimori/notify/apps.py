"""Django registration of the notify room."""

from django.apps import AppConfig


class NotifyConfig(AppConfig):
    """Mails and alarms."""

    name = "sakimori.notify"
    label = "notify"
    verbose_name = "通知"
