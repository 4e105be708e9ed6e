"""People of the SOC's desk: made by the operator with a first password, reached by phone and mail. Recorded."""

from datetime import datetime

from django.db import transaction

from sakimori.accounts import actions as accounts
from sakimori.accounts.models import SocRole, User
from sakimori.customers import audit

OPERATOR = "operator"


def add_person(login: str, *, role: SocRole, family: str, given: str, phone: str, mail: str, now: datetime) -> str:
    """Make somebody of the desk. Returns the first password. ValidationError for what a login ID may not be."""
    with transaction.atomic():
        user = User(username=login, soc_role=role, last_name=family, first_name=given, phone=phone, email=mail)
        user.full_clean(exclude=["password"])
        password = accounts.give_first_password(user)
        audit.record("person.add", by=OPERATOR, target=f"user:{user.pk}", now=now)
    return password


def new_password(user: User, *, now: datetime) -> str:
    """A new first password for somebody who is locked out. Open sessions end. Returns the password."""
    with transaction.atomic():
        password = accounts.give_first_password(user)
        audit.record("person.password", by=OPERATOR, target=f"user:{user.pk}", now=now)
    return password


def stop_person(user: User, *, now: datetime) -> None:
    """Somebody has left the desk: he signs in no more, and open sessions end at once. Safe to run twice."""
    with transaction.atomic():
        if user.is_active:
            accounts.stop(user)
            audit.record("person.stop", by=OPERATOR, target=f"user:{user.pk}", now=now)


def set_reach(user: User, *, phone: str, mail: str, by: User, now: datetime) -> None:
    """How the duty roster reaches this person. Safe to run twice."""
    with transaction.atomic():
        changed = User.objects.filter(pk=user.pk).exclude(phone=phone, email=mail).update(phone=phone, email=mail)
        if changed:
            audit.record("person.reach", by=by.username, target=f"user:{user.pk}", now=now)
