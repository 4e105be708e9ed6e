"""Django registration of the accounts room."""

from django import forms
from django.apps import AppConfig


class AccountsConfig(AppConfig):
    """Users and sign-in."""

    name = "sakimori.accounts"
    label = "accounts"
    verbose_name = "利用者"

    def ready(self) -> None:
        """Ask for what is missing as a person would; Django says that "this field is necessary"."""
        forms.Field.default_error_messages["required"] = "入力してください。"
        forms.ChoiceField.default_error_messages["required"] = "選んでください。"
        forms.FileField.default_error_messages["required"] = "ファイルを選んでください。"
