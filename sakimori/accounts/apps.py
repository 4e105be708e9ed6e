"""Django registration of the accounts room."""

from django.apps import AppConfig


class AccountsConfig(AppConfig):
    """Users and sign-in."""

    name = "sakimori.accounts"
    label = "accounts"
    verbose_name = "利用者"
