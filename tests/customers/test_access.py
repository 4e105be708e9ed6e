"""The only door to a tenant's rows, tried by all four: foreign and missing look the same."""

from dataclasses import dataclass

import pytest
from django.contrib.auth.models import AnonymousUser
from django.core.exceptions import PermissionDenied
from django.http import Http404

from sakimori.accounts.models import User
from sakimori.customers import access
from sakimori.customers.models import Contract, Customer, Member, MemberRole, Site
from tests.people import People, make_member, make_people

pytestmark = pytest.mark.django_db


@dataclass(frozen=True)
class Answer:
    """What a person gets who asks for one row."""

    found: bool
    words: str = ""


@pytest.fixture
def people() -> People:
    return make_people()


def ask(user: User | AnonymousUser, key: int) -> Answer:
    try:
        row = access.get(Site.objects.all(), user, customer="contract__customer", pk=key)
    except Http404 as error:
        return Answer(found=False, words=str(error))
    return Answer(found=row.pk == key)


@pytest.mark.parametrize(
    ("name", "sees"),
    [("alice", {"A"}), ("bob", {"A"}), ("charlie", {"B"}), ("dana", {"A", "B"})],
)
def test_everybody_sees_his_own_customers_and_the_soc_sees_all(people: People, name: str, sees: set[str]) -> None:
    user = getattr(people, name)
    assert {customer.number for customer in access.customers_of(user)} == {f"C-{letter}" for letter in sees}
    visible = access.visible(Contract.objects.all(), user)
    assert {contract.number for contract in visible} == {f"K-{letter}-001" for letter in sees}


@pytest.mark.parametrize("name", ["alice", "bob", "charlie", "dana"])
def test_foreign_and_missing_look_the_same(people: People, name: str) -> None:
    user = getattr(people, name)
    missing = ask(user, 10**9)
    assert not missing.found
    for contract in (people.a, people.b):
        answer = ask(user, contract.sites.get().pk)
        allowed = contract.customer in access.customers_of(user)
        assert answer == (Answer(found=True) if allowed else missing)


@pytest.mark.parametrize("name", ["alice", "bob", "charlie", "dana"])
def test_an_inactive_person_sees_and_may_nothing(people: People, name: str) -> None:
    user = getattr(people, name)
    user.is_active = False
    user.save()
    assert not access.customers_of(user).exists()
    assert not access.visible(Contract.objects.all(), user).exists()
    for contract in (people.a, people.b):
        assert not ask(user, contract.sites.get().pk).found
        assert not access.may_restore(user, contract.customer)
        with pytest.raises(PermissionDenied):
            access.check_may_restore(user, contract.customer)


def test_nobody_in_particular_sees_nothing(people: People) -> None:
    assert not access.customers_of(AnonymousUser()).exists()
    assert not ask(AnonymousUser(), people.a.sites.get().pk).found


@pytest.mark.parametrize(
    ("name", "letter", "allowed"),
    [
        ("alice", "a", True),
        ("alice", "b", False),
        ("bob", "a", False),
        ("bob", "b", False),
        ("charlie", "a", False),
        ("charlie", "b", True),
        ("dana", "a", True),
        ("dana", "b", True),
    ],
)
def test_who_may_take_an_address_off_the_list(people: People, name: str, letter: str, allowed: bool) -> None:
    customer = getattr(people, letter).customer
    if allowed:
        access.check_may_restore(getattr(people, name), customer)
    else:
        with pytest.raises(PermissionDenied, match="権限が必要です。"):
            access.check_may_restore(getattr(people, name), customer)


@pytest.mark.parametrize(("role", "allowed"), [(role, role != MemberRole.READER) for role in MemberRole])
def test_only_approvers_and_admins_may_restore(people: People, role: MemberRole, allowed: bool) -> None:
    user = make_member(people.a, f"member-{role}", "山本", "葵", role=role)
    assert access.may_restore(user, people.a.customer) is allowed
    assert not access.may_restore(user, people.b.customer)


def test_a_member_of_two_customers_sees_both_once_and_has_a_role_in_each(people: People) -> None:
    Member.objects.create(customer=people.b.customer, user=people.alice, role=MemberRole.READER)
    assert list(access.visible(Customer.objects.order_by("number"), people.alice, customer="pk")) == [
        people.a.customer,
        people.b.customer,
    ]
    assert access.may_restore(people.alice, people.a.customer)
    assert not access.may_restore(people.alice, people.b.customer)


def test_one_who_left_sees_nothing_any_more(people: People) -> None:
    Member.objects.filter(user=people.alice).delete()
    assert not access.customers_of(people.alice).exists()
    assert not ask(people.alice, people.a.sites.get().pk).found
