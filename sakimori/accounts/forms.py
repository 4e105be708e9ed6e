"""allauth's forms with our words: the login ID of the letter, fields that phones and password keepers know."""

from typing import Any

from allauth.account.forms import ChangePasswordForm as AllauthChangePasswordForm
from allauth.account.forms import LoginForm as AllauthLoginForm
from allauth.mfa.base.forms import AuthenticateForm as AllauthAuthenticateForm
from allauth.mfa.base.forms import ReauthenticateForm as AllauthReauthenticateForm
from allauth.mfa.totp.forms import ActivateTOTPForm as AllauthActivateForm
from django import forms
from django.core.exceptions import ValidationError

from sakimori.accounts.models import User

_CODE_HELP = (
    "認証アプリに表示されている 6 桁の数字です。認証アプリを使えないときは、リカバリーコードを 1 つ入力してください。"
)


class LoginForm(AllauthLoginForm):
    """Sign-in with login ID and password."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        login = self.fields["login"]
        login.label = "ログインID"
        login.help_text = "郵送の書面に記載されているログインIDです。"
        login.widget.attrs.update(autocomplete="username", autocapitalize="none", spellcheck="false", autofocus=True)
        login.widget.attrs.pop("placeholder", None)
        password = self.fields["password"]
        password.help_text = ""
        password.widget.attrs.pop("placeholder", None)

    def clean(self) -> Any:
        """As allauth does, but the sentence speaks of the login ID."""
        try:
            return super().clean()  # type: ignore[no-untyped-call]
        except ValidationError as error:
            if error.code != "username_password_mismatch":
                raise
            raise ValidationError("ログインIDまたはパスワードが正しくありません。", code=error.code) from error


class ChangePasswordForm(AllauthChangePasswordForm):
    """A new password, which is another one than before."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for field in self.fields.values():
            field.widget.attrs.pop("placeholder", None)
        if isinstance(self.user, User) and self.user.must_change_password:
            self.fields["oldpassword"].label = "初回パスワード"
            self.fields["oldpassword"].help_text = "書面に記載されている、ハイフンの入ったパスワードです。"

    def clean_password1(self) -> str:
        """The password of the letter lies on paper, so it must not stay."""
        password: str = self.cleaned_data["password1"]
        if self.user and self.user.check_password(password):
            raise ValidationError("現在のパスワードとは異なるパスワードを入力してください。", code="same_password")
        return password


class AuthenticateForm(AllauthAuthenticateForm):
    """The second factor at sign-in."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _as_code(self.fields["code"], _CODE_HELP)


class ReauthenticateForm(AllauthReauthenticateForm):
    """The second factor before something delicate."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _as_code(self.fields["code"], _CODE_HELP)


class ActivateTOTPForm(AllauthActivateForm):
    """The first code of a new authenticator app."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _as_code(self.fields["code"], "読み取り後、認証アプリに表示された 6 桁の数字を入力してください。")


def _as_code(field: forms.Field, help_text: str) -> None:
    field.label, field.help_text = "認証コード", help_text
    field.widget.attrs.pop("placeholder", None)
    field.widget.attrs.update(autocomplete="one-time-code", inputmode="numeric", autofocus=True)
