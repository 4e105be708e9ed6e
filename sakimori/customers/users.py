"""Portal users of a customer (chapter 2-2): issued with a letter, issued anew, stopped. Each is recorded.

The first password exists only in the letter that the caller hands out; nothing stores it in the clear.
"""

import re
from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.db import transaction

from sakimori.accounts import actions as accounts
from sakimori.accounts.letter import Letter, letter_pdf
from sakimori.accounts.models import User
from sakimori.customers import audit
from sakimori.customers.models import Customer, Member, MemberRole
from sakimori.customers.queries import running
from sakimori.lib.jst import day_of


class NotPossible(Exception):
    """This cannot be done as things stand. The text is one Japanese sentence."""


@dataclass(frozen=True, slots=True)
class Issued:
    """A user who can sign in now, and his letter as PDF."""

    member: Member
    letter: bytes

    def __repr__(self) -> str:
        return f"Issued(login={self.member.user.username!r})"


def issue(customer: Customer, *, name: str, role: MemberRole, by: User, now: datetime) -> Issued:
    """Make login ID and first password for somebody. Raises NotPossible. A second call for the same name is refused."""
    with transaction.atomic():
        customer = Customer.objects.select_for_update().get(pk=customer.pk)
        if not customer.contracts.filter(running(day_of(now))).exists():
            raise NotPossible("有効なご契約がないため、利用者を発行できません。")
        members = customer.members.select_related("user")
        if any(member.user.shown_name == name for member in members):
            raise NotPossible(f"{name} 様の利用者は、すでに発行されています。")
        family, _, given = name.partition(" ")
        user = User(username=_free_login(customer), last_name=family, first_name=given)
        password = accounts.give_first_password(user)
        member = Member.objects.create(customer=customer, user=user, role=role)
        customer.applicants.filter(name=name).delete()
        _record("user.issue", member, by, now)
        return Issued(member, _letter(member, password, now))


def reissue(member: Member, *, forget_second_factor: bool, by: User, now: datetime) -> Issued:
    """A new first password and letter; open sessions, lock and stop end. Raises NotPossible."""
    with transaction.atomic():
        member = _locked(member)
        password = accounts.give_first_password(member.user)
        forgotten = accounts.forget_second_factor(member.user) if forget_second_factor else 0
        _record("user.reissue", member, by, now, second_factors_forgotten=forgotten)
        return Issued(member, _letter(member, password, now))


def stop(member: Member, *, by: User, now: datetime) -> None:
    """Let this user sign in no more; open sessions end at once. Raises NotPossible. Safe to run twice."""
    with transaction.atomic():
        member = _locked(member)
        if member.user.is_active:
            accounts.stop(member.user)
            _record("user.stop", member, by, now)


def _locked(member: Member) -> Member:
    """The row afresh. People of the SOC's desk are nobody's portal users, whatever a row says."""
    member = Member.objects.select_for_update(of=("self",)).select_related("user", "customer").get(pk=member.pk)
    if member.user.is_soc:
        raise NotPossible("SOC の担当者は、お客様の利用者として操作できません。")
    return member


def _free_login(customer: Customer) -> str:
    """The customer's number and a running one: c-0003-01."""
    stem = re.sub(r"[^a-z0-9-]", "", customer.number.lower()) or "user"
    taken = set(User.objects.filter(username__startswith=f"{stem}-").values_list("username", flat=True))
    number = 1
    while f"{stem}-{number:02d}" in taken:
        number += 1
    return f"{stem}-{number:02d}"


def _letter(member: Member, password: str, now: datetime) -> bytes:
    config = settings.CONFIG
    letter = Letter(
        company=member.customer.name,
        person=member.user.shown_name,
        login=member.user.username,
        password=password,
        role=str(MemberRole(member.role).label),
        portal_url=f"{config.base_url}/",
        service_name=config.service_name,
        soc_phone=config.soc_phone,
    )
    return letter_pdf(letter, now=now)


def _record(action: str, member: Member, by: User, now: datetime, **details: object) -> None:
    told = {"login": member.user.username, "name": member.user.shown_name, "role": member.role, **details}
    audit.record(
        action, by=by.username, target=f"user:{member.user_id}", now=now, customer=member.customer, details=told
    )
