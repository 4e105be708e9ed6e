"""What changes about a person who signs in. Callers record it: the record lives in a higher room."""

import secrets

from allauth.mfa.models import Authenticator
from axes.utils import reset

from sakimori.accounts.first_password import make_first_password
from sakimori.accounts.models import User


def give_first_password(user: User) -> str:
    """A new first password, which must be changed at the next sign-in; lock and stop are lifted. Returns the password.

    Sessions that were opened with the former password end with it. Saves.
    """
    password = make_first_password(secrets.choice)
    user.set_password(password)
    user.must_change_password = True
    user.is_active = True
    user.save()
    reset(username=user.username)
    return password


def forget_second_factor(user: User) -> int:
    """Take off authenticator app and recovery codes, for somebody whose phone is gone. Returns how many there were."""
    return Authenticator.objects.filter(user=user).delete()[0]


def stop(user: User) -> None:
    """Nobody signs in as this user any more, and open sessions end at once. Saves."""
    user.is_active = False
    user.save(update_fields=["is_active"])
