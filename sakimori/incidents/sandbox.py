"""Sandbox customers: invented ones for whom exercises are played. No real customer ever becomes one."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import transaction
from django.db.models import QuerySet

from sakimori.accounts.models import SocRole, User
from sakimori.customers import audit
from sakimori.customers.models import Contact, Contract, Customer, Site
from sakimori.customers.secrets import give_key
from sakimori.incidents.actions import NotPossible
from sakimori.lib.jst import day_of
from sakimori.lib.phone_numbers import NotDialable, dialable

_MOST_CONTACTS = 5
_LONGEST_NAME = 100


class Trainee(NamedTuple):
    """Somebody who is mailed and called in exercises. phone: empty for nobody to call."""

    name: str
    mail: str
    phone: str


def sandboxes() -> QuerySet[Customer]:
    """All sandbox customers, in the order in which they were made."""
    return Customer.objects.filter(is_sandbox=True).order_by("pk")


def sandbox_sites() -> QuerySet[Site]:
    """Sites of sandbox customers."""
    rows = Site.objects.filter(contract__customer__is_sandbox=True, reachable=True)
    return rows.select_related("contract__customer").order_by("pk")


def check_manager(by: User) -> None:
    """Raise NotPossible unless this person leads the SOC."""
    if not by.is_active or by.soc_role != SocRole.MANAGER:
        raise NotPossible("訓練を行えるのは、SOC 責任者だけです。")


def make_sandbox(*, name: str, trainees: Sequence[Trainee], by: User, now: datetime) -> Customer:
    """A new sandbox customer with one contract, one invented site and these contacts. Raises NotPossible."""
    check_manager(by)
    name = name.strip()
    if not name or len(name) > _LONGEST_NAME:
        raise NotPossible(f"訓練用のお客様の名称を {_LONGEST_NAME} 文字以内で入力してください。")
    people = [_checked(trainee) for trainee in trainees]
    if not people or len(people) > _MOST_CONTACTS or len({person.mail for person in people}) < len(people):
        raise NotPossible(f"訓練の連絡先を 1 件から {_MOST_CONTACTS} 件まで、異なるメールアドレスで入力してください。")
    _check_no_customers_contacts(people)
    with transaction.atomic():
        customer = Customer(number=_free_number(), name=name, created_at=now, is_sandbox=True)
        give_key(customer)
        customer.save()
        contract = Contract.objects.create(customer=customer, number=f"{customer.number}-1", starts_on=day_of(now))
        Site.objects.create(contract=contract, domain=f"{customer.number.lower()}.example.jp", vendor_site_id=1)
        for priority, person in enumerate(people, start=1):
            Contact.objects.create(
                customer=customer, name=person.name, email=person.mail, phone=person.phone, priority=priority
            )
        audit.record("sandbox.make", by=by.username, target=f"customer:{customer.pk}", now=now, customer=customer)
    return customer


def _checked(trainee: Trainee) -> Trainee:
    try:
        validate_email(trainee.mail)
        if trainee.phone:
            dialable(trainee.phone)
    except ValidationError as error:
        raise NotPossible("訓練の連絡先のメールアドレスが正しくありません。") from error
    except NotDialable as error:
        raise NotPossible(f"訓練の連絡先の電話番号に発信できません。{error}") from error
    if not trainee.name or len(trainee.name) > _LONGEST_NAME:
        raise NotPossible("訓練の連絡先の氏名を入力してください。")
    return trainee


def _check_no_customers_contacts(people: Sequence[Trainee]) -> None:
    """Nobody who is the contact of a real customer gets mails or calls of an exercise."""
    real = Contact.objects.filter(customer__is_sandbox=False)
    if real.filter(email__in=[person.mail for person in people]).exists():
        raise NotPossible("実際のお客様の連絡先は、訓練の連絡先に登録できません。")
    numbers = {dialable(person.phone) for person in people if person.phone}
    for phone in real.exclude(phone="").values_list("phone", flat=True):
        try:
            known = dialable(phone)
        except NotDialable:
            continue
        if known in numbers:
            raise NotPossible("実際のお客様の電話番号は、訓練の連絡先に登録できません。")


def _free_number() -> str:
    """The next number of its kind."""
    taken = set(Customer.objects.filter(number__startswith="KUNREN-").values_list("number", flat=True))
    return next(number for number in (f"KUNREN-{place:03d}" for place in range(1, 10_000)) if number not in taken)
