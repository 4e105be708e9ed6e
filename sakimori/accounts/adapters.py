"""How allauth behaves here: nobody signs up by himself, and second-factor secrets are sealed."""

from allauth.account.adapter import DefaultAccountAdapter
from allauth.mfa.adapter import DefaultMFAAdapter
from django.conf import settings
from django.contrib.auth.base_user import AbstractBaseUser
from django.http import HttpRequest

from sakimori.accounts.models import User

_CONTEXT = "accounts.mfa"


class AccountAdapter(DefaultAccountAdapter):
    """Accounts are made by the SOC only."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:  # noqa: ARG002
        """Never: the letter with login ID and first password is the only way in."""
        return False

    def set_password(self, user: AbstractBaseUser, password: str) -> None:
        """A password that a person chose himself is no first password any more."""
        if isinstance(user, User):
            user.must_change_password = False
        super().set_password(user, password)


class MfaAdapter(DefaultMFAAdapter):
    """Secrets of the second factor are stored sealed."""

    def encrypt(self, text: str) -> str:
        """Seal a secret before it is stored."""
        return str(settings.FIELD_KEYRING.seal(text.encode(), context=_CONTEXT))

    def decrypt(self, encrypted_text: str) -> str:
        """Open a stored secret."""
        return str(settings.FIELD_KEYRING.open(encrypted_text, context=_CONTEXT).decode())
