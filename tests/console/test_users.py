"""利用者 on the console: the letter is the answer, from the desk's button to the first sign-in of its addressee."""

import pytest
from django.test import Client
from django.urls import reverse

from sakimori.accounts.models import User
from sakimori.customers.models import Contract, Member
from tests.letters import password_in, text_of
from tests.people import NOW, PASSWORD, People

OWN = "Tsukimi-udon-2026-autumn"


@pytest.fixture
def desk(people: People, client: Client) -> Client:
    client.force_login(people.dana)
    return client


def issue_address(people: People) -> str:
    return reverse("console:user-issue", args=[people.a.customer.pk])


def test_from_the_desk_over_the_letter_to_the_first_page(people: People, desk: Client) -> None:
    answer = desk.post(issue_address(people), {"name": "港　直美", "role": "approver"})
    assert answer.status_code == 200
    assert answer.content.startswith(b"%PDF")
    assert answer.headers["Content-Type"] == "application/pdf"
    assert answer.headers["Content-Disposition"] == 'attachment; filename="mss-portal-c-a-01.pdf"'
    assert "no-store" in answer.headers["Cache-Control"]
    assert "港直美様" in text_of(answer.content)

    guest, first = Client(), password_in(answer.content)
    guest.post("/account/login/", {"login": "c-a-01", "password": first})
    assert guest.get(reverse("portal:tickets")).headers["Location"] == "/account/password/change/"
    guest.post("/account/password/change/", {"oldpassword": first, "password1": OWN, "password2": OWN})
    guest.post("/account/login/", {"login": "c-a-01", "password": OWN})
    page = guest.get(reverse("portal:contract")).content.decode()
    assert "K-A-001" in page
    assert "K-B-001" not in page


def test_a_second_click_makes_no_second_user(people: People, desk: Client) -> None:
    desk.post(issue_address(people), {"name": "港 直美", "role": "reader"})
    answer = desk.post(issue_address(people), {"name": "港 直美", "role": "reader"})
    assert "すでに発行されています" in answer.content.decode()
    assert Member.objects.filter(customer=people.a.customer, user__last_name="港").count() == 1


@pytest.mark.parametrize(
    "form", [{}, {"name": "", "role": "reader"}, {"name": "港\x07", "role": "reader"}, {"name": "港", "role": "x"}]
)
def test_a_wrong_form_makes_nobody(form: dict[str, str], people: People, desk: Client) -> None:
    before = User.objects.count()
    answer = desk.post(issue_address(people), form)
    assert 'aria-invalid="true"' in answer.content.decode()
    assert User.objects.count() == before


def test_without_a_contract_the_page_says_why(people: People, desk: Client) -> None:
    Contract.objects.update(ends_on=NOW.date().replace(year=2020))
    answer = desk.post(issue_address(people), {"name": "港 直美", "role": "reader"})
    assert "有効なご契約がないため" in answer.content.decode()


def test_issuing_anew_ends_sessions_and_answers_with_a_letter(people: People, desk: Client) -> None:
    bob = Client()
    bob.post("/account/login/", {"login": "bob", "password": PASSWORD})
    assert bob.get(reverse("portal:tickets")).status_code == 200
    address = reverse("console:user-reissue", args=[people.bob.memberships.get().pk])
    assert "本人であることを確認" in desk.get(address).content.decode()
    answer = desk.post(address)
    assert "no-store" in answer.headers["Cache-Control"]
    assert bob.get(reverse("portal:tickets")).status_code == 302
    assert User.objects.get(username="bob").check_password(password_in(answer.content))


def test_stopping_ends_sessions(people: People, desk: Client) -> None:
    bob = Client()
    bob.force_login(people.bob)
    address = reverse("console:user-stop", args=[people.bob.memberships.get().pk])
    assert bob.get(reverse("portal:tickets")).status_code == 200
    assert "停止しました" in desk.post(address, follow=True).content.decode()
    assert bob.get(reverse("portal:tickets")).status_code == 302
    page = desk.get(reverse("console:customer", args=[people.a.customer.pk])).content.decode()
    assert "停止中" in page


def test_people_of_the_desk_cannot_be_touched_here(people: People, desk: Client) -> None:
    member = Member.objects.create(customer=people.a.customer, user=people.dana)
    for name in ("user-reissue", "user-stop"):
        answer = desk.post(reverse(f"console:{name}", args=[member.pk]), follow=True)
        assert "SOC の担当者は、お客様の利用者として操作できません。" in answer.content.decode()
    assert User.objects.get(username="dana").is_active


@pytest.mark.parametrize("name", ["user-issue", "user-reissue", "user-stop"])
def test_customers_issue_and_stop_nobody(name: str, people: People, client: Client) -> None:
    member = people.bob.memberships.get()
    key = people.a.customer.pk if name == "user-issue" else member.pk
    for person in ("alice", "bob", "charlie"):
        client.force_login(getattr(people, person))
        answer = client.post(reverse(f"console:{name}", args=[key]), {"name": "港 直美", "role": "admin"})
        assert answer.status_code == 404
    assert User.objects.count() == 4
    assert User.objects.get(username="bob").check_password(PASSWORD)
