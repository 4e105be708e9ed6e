"""Django registration of the customers room."""

from django.apps import AppConfig


class CustomersConfig(AppConfig):
    """Customers and their contracts."""

    name = "sakimori.customers"
    label = "customers"
    verbose_name = "お客様"
