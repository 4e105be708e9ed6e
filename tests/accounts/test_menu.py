"""The main menu: every entry leads somewhere, people see what is theirs, and the current part is marked once."""

import pytest
from django.test import Client
from django.urls import reverse

from sakimori.accounts.menu import menu_of
from sakimori.accounts.models import SocRole, User
from sakimori.customers.models import Contract
from tests.people import People, make_user


def labels(user: User, *, has_log_page: bool = False) -> list[str]:
    return [entry.label for group in menu_of(user, has_log_page=has_log_page) for entry in group.entries]


def test_every_page_of_the_menu_exists() -> None:
    for user in (User(soc_role=SocRole.MANAGER), User()):
        for group in menu_of(user, has_log_page=True):
            assert [reverse(entry.page) for entry in group.entries]


def test_only_a_manager_sees_the_people_of_the_desk() -> None:
    assert "担当者" in labels(User(soc_role=SocRole.MANAGER))
    assert "担当者" not in labels(User(soc_role=SocRole.ANALYST))


def test_the_log_is_in_the_menu_of_those_who_have_the_option_and_of_the_desk() -> None:
    assert "ログ検索" in labels(User(), has_log_page=True)
    assert "ログ検索" not in labels(User())
    assert "ログ検索" in labels(User(soc_role=SocRole.ANALYST))


@pytest.mark.parametrize("person", ["alice", "dana"])
def test_no_group_is_long_and_each_is_announced_by_the_label_that_everybody_sees(
    people: People, client: Client, person: str
) -> None:
    groups = menu_of(getattr(people, person), has_log_page=True)
    assert [len(group.entries) <= 6 for group in groups] == [True] * 3
    client.force_login(getattr(people, person))
    page = client.get(reverse("account_change_password")).content.decode()
    for number, group in enumerate(groups, start=1):
        assert f'role="group" aria-labelledby="menu-{number}"' in page
        assert f'id="menu-{number}">{group.label}</span>' in page


@pytest.mark.parametrize(
    ("person", "address", "part"), [("alice", "portal:enquire", "お問い合わせ"), ("dana", "console:blocked", "攻撃")]
)
def test_the_current_part_is_marked_once(people: People, client: Client, person: str, address: str, part: str) -> None:
    client.force_login(getattr(people, person))
    page = client.get(reverse(address)).content.decode()
    menu = page.partition('<div class="menu"')[2].partition("</nav>")[0]
    assert menu.count('aria-current="page"') == 1
    assert f'aria-current="page">{part}</a>' in menu


def test_pages_follow_the_option_and_the_role(people: People, client: Client) -> None:
    client.force_login(people.alice)
    assert "ログ検索" not in client.get(reverse("portal:tickets")).content.decode()
    Contract.objects.filter(pk=people.a.pk).update(keeps_logs=True)
    assert "ログ検索" in client.get(reverse("portal:tickets")).content.decode()
    client.force_login(make_user("erin", "江口", "凛", soc_role=SocRole.MANAGER))
    assert "担当者" in client.get(reverse("console:attacks")).content.decode()
