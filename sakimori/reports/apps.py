"""Django registration of the reports room."""

from django.apps import AppConfig


class ReportsConfig(AppConfig):
    """Monthly reports."""

    name = "sakimori.reports"
    label = "reports"
    verbose_name = "月次レポート"
