"""Portal users: issued with a letter, issued anew, stopped; the password is nowhere but in the letter."""

from datetime import timedelta

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret
from django.core.exceptions import ValidationError

from sakimori.accounts.models import SocRole, User
from sakimori.customers import desk, users
from sakimori.customers.models import Applicant, AuditEntry, Contract, Member, MemberRole
from sakimori.customers.secrets import open_details
from tests.letters import password_in, text_of
from tests.people import NOW, People, make_people

pytestmark = pytest.mark.django_db


@pytest.fixture
def people() -> People:
    return make_people()


def issued(people: People, name: str = "港 直美", role: MemberRole = MemberRole.APPROVER) -> users.Issued:
    return users.issue(people.a.customer, name=name, role=role, by=people.dana, now=NOW)


def test_issuing_makes_a_user_whose_letter_opens_the_door(people: People) -> None:
    made = issued(people)
    user = User.objects.get(username="c-a-01")
    assert (user.last_name, user.first_name, user.must_change_password, user.soc_role) == ("港", "直美", True, "")
    assert Member.objects.get(user=user).role == MemberRole.APPROVER
    assert user.check_password(password_in(made.letter))
    text = text_of(made.letter)
    for words in ("株式会社さくら商店", "港直美様", "c-a-01", "https://portal.example.jp/", "承認者", "03-0000-0000"):
        assert words in text, words


def test_the_password_is_stored_nowhere_in_the_clear(people: People) -> None:
    made = issued(people)
    password = password_in(made.letter)
    assert password not in repr(made)
    entry = AuditEntry.objects.get(action="user.issue")
    details = open_details(people.a.customer, entry.sealed_details, place=f"audit:{entry.target}")
    assert details == {"login": "c-a-01", "name": "港 直美", "role": "approver"}
    assert entry.target == f"user:{made.member.user_id}"
    assert password not in str(list(User.objects.values())) + str(list(AuditEntry.objects.values()))


def test_login_ids_count_on(people: People) -> None:
    assert [issued(people, name).member.user.username for name in ("甲 一", "乙 二")] == ["c-a-01", "c-a-02"]


def test_a_name_without_a_space_is_a_family_name(people: People) -> None:
    assert issued(people, "情報システム部").member.user.shown_name == "情報システム部"


def test_nobody_is_issued_twice(people: People) -> None:
    issued(people)
    with pytest.raises(users.NotPossible, match="すでに発行されています"):
        issued(people)
    assert User.objects.filter(username__startswith="c-a-").count() == 1


def test_who_waited_waits_no_more(people: People) -> None:
    Applicant.objects.create(customer=people.a.customer, name="港 直美", role=MemberRole.READER)
    Applicant.objects.create(customer=people.b.customer, name="港 直美", role=MemberRole.READER)
    issued(people)
    assert [applicant.customer for applicant in Applicant.objects.all()] == [people.b.customer]


def test_without_a_running_contract_nobody_is_issued(people: People) -> None:
    Contract.objects.update(ends_on=NOW.date())
    with pytest.raises(users.NotPossible, match="有効なご契約がない"):
        issued(people)
    Contract.objects.update(ends_on=NOW.date() + timedelta(days=1))
    assert issued(people)


def test_issuing_anew_changes_password_and_lifts_a_stop(people: People) -> None:
    made = issued(people)
    users.stop(made.member, by=people.dana, now=NOW)
    again = users.reissue(made.member, forget_second_factor=False, by=people.dana, now=NOW)
    user = User.objects.get(username="c-a-01")
    assert user.is_active
    assert user.check_password(password_in(again.letter))
    assert not user.check_password(password_in(made.letter))
    assert "c-a-01" in text_of(again.letter)


@pytest.mark.parametrize("forget", [True, False])
def test_a_second_factor_goes_only_when_it_is_asked_for(people: People, forget: bool) -> None:
    member = people.alice.memberships.get()
    TOTP.activate(people.alice, generate_totp_secret())
    users.reissue(member, forget_second_factor=forget, by=people.dana, now=NOW)
    assert Authenticator.objects.exists() is not forget
    entry = AuditEntry.objects.get(action="user.reissue")
    details = open_details(people.a.customer, entry.sealed_details, place=f"audit:{entry.target}")
    assert details["second_factors_forgotten"] == int(forget)


def test_stopping_twice_is_recorded_once(people: People) -> None:
    member = people.bob.memberships.get()
    for _ in range(2):
        users.stop(member, by=people.dana, now=NOW)
    assert not User.objects.get(username="bob").is_active
    assert AuditEntry.objects.filter(action="user.stop").count() == 1


def test_nobody_of_the_desk_is_touched_as_a_portal_user(people: People) -> None:
    """Otherwise an analyst could take over a manager who is somebody's member by mistake."""
    member = Member.objects.create(customer=people.a.customer, user=people.dana, role=MemberRole.READER)
    for action in (
        lambda: users.reissue(member, forget_second_factor=False, by=people.dana, now=NOW),
        lambda: users.stop(member, by=people.dana, now=NOW),
    ):
        with pytest.raises(users.NotPossible):
            action()
    dana = User.objects.get(username="dana")
    assert dana.is_active
    assert not dana.must_change_password


def test_people_of_the_desk_are_made_with_a_first_password(people: People) -> None:
    password = desk.add_person(
        "aoki", role=SocRole.MANAGER, family="青木", given="澪", phone="03-0000-0009", mail="m@example.jp", now=NOW
    )
    user = User.objects.get(username="aoki")
    assert (user.soc_role, user.phone, user.email, user.must_change_password) == (
        "manager",
        "03-0000-0009",
        "m@example.jp",
        True,
    )
    assert user.check_password(password)
    assert AuditEntry.objects.get().action == "person.add"
    with pytest.raises(ValidationError):
        desk.add_person("a o", role=SocRole.ANALYST, family="青木", given="澪", phone="", mail="", now=NOW)


def test_a_reach_that_stays_the_same_is_not_recorded(people: People) -> None:
    for _ in range(2):
        desk.set_reach(people.dana, phone="03-0000-0009", mail="d@example.jp", by=people.dana, now=NOW)
    people.dana.refresh_from_db()
    assert (people.dana.phone, people.dana.email) == ("03-0000-0009", "d@example.jp")
    assert AuditEntry.objects.filter(action="person.reach").count() == 1
