"""The first sign-in: no page opens before the password of the letter was changed, with a second factor too."""

from datetime import timedelta

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret
from django.conf import settings
from django.test import Client
from django.urls import reverse

from sakimori.accounts.actions import forget_second_factor, give_first_password, stop
from sakimori.accounts.models import User
from tests.japanese.text import foreign_texts
from tests.people import PASSWORD, People

CHANGE = "/account/password/change/"
OWN = "Tsukimi-udon-2026-autumn"


def sign_in(username: str, password: str) -> Client:
    client = Client()
    client.post("/account/login/", {"login": username, "password": password})
    return client


@pytest.fixture
def first(people: People) -> str:
    """Alice's first password."""
    return give_first_password(people.alice)


def test_the_first_password_leads_to_the_page_that_changes_it(first: str) -> None:
    client = Client()
    answer = client.post("/account/login/", {"login": "alice", "password": first}, follow=True)
    assert answer.redirect_chain[-1] == (CHANGE, 302)
    text = answer.content.decode()
    assert "新しいパスワードの設定" in text
    assert "初回パスワード" in text
    assert "<nav" not in text
    assert reverse("portal:tickets") not in text
    assert foreign_texts(text) == []


@pytest.mark.parametrize(
    "name", ["home", "portal:tickets", "portal:account", "portal:contract", "mfa_index", "account_login"]
)
def test_no_other_page_opens(name: str, first: str) -> None:
    client = sign_in("alice", first)
    for answer in (client.get(reverse(name)), client.post(reverse(name))):
        assert (answer.status_code, answer.headers["Location"]) == (302, CHANGE)


def test_signing_out_stays_possible(first: str) -> None:
    client = sign_in("alice", first)
    assert client.get(reverse("account_logout")).status_code == 200
    client.post(reverse("account_logout"))
    assert client.get(reverse("portal:tickets")).headers["Location"].startswith("/account/login/")


def test_a_part_of_a_page_moves_the_whole_page(first: str) -> None:
    client = sign_in("alice", first)
    answer = client.get(reverse("portal:progress", args=["T-0001"]), headers={"HX-Request": "true"})
    assert answer.headers["HX-Redirect"] == CHANGE


def test_the_console_is_closed_too(people: People) -> None:
    client = sign_in("dana", give_first_password(people.dana))
    assert client.get(reverse("console:attacks")).headers["Location"] == CHANGE


def test_changing_it_opens_the_house(first: str) -> None:
    client = sign_in("alice", first)
    done = client.post(CHANGE, {"oldpassword": first, "password1": OWN, "password2": OWN}, follow=True)
    assert "パスワードを変更しました" in done.content.decode()
    assert not User.objects.get(username="alice").must_change_password
    assert sign_in("alice", OWN).get(reverse("portal:tickets")).status_code == 200
    assert sign_in("alice", first).get(reverse("portal:tickets")).status_code == 302


def test_the_letters_password_may_not_stay(first: str) -> None:
    client = sign_in("alice", first)
    answer = client.post(CHANGE, {"oldpassword": first, "password1": first, "password2": first})
    assert "現在のパスワードとは異なるパスワードを入力してください。" in answer.content.decode()
    assert User.objects.get(username="alice").must_change_password


def test_a_weak_password_does_not_open_the_house(first: str) -> None:
    client = sign_in("alice", first)
    answer = client.post(CHANGE, {"oldpassword": first, "password1": "short", "password2": "short"})
    assert "12 文字以上" in answer.content.decode()
    assert User.objects.get(username="alice").must_change_password


def test_a_second_factor_comes_before_and_does_not_open_anything(people: People) -> None:
    TOTP.activate(people.alice, generate_totp_secret())
    codes = RecoveryCodes.activate(people.alice).get_unused_codes()
    first = give_first_password(people.alice)
    client = Client()
    half = client.post("/account/login/", {"login": "alice", "password": first}, follow=True)
    assert "認証コード" in half.content.decode()
    assert client.get(CHANGE).status_code == 302
    whole = client.post("/account/second-factor/authenticate/", {"code": codes[0]}, follow=True)
    assert whole.redirect_chain[-1][0] == CHANGE
    assert client.get(reverse("mfa_index")).headers["Location"] == CHANGE
    client.post(CHANGE, {"oldpassword": first, "password1": OWN, "password2": OWN})
    again = sign_in("alice", OWN)
    assert again.get(reverse("portal:tickets")).status_code == 302
    again.post("/account/second-factor/authenticate/", {"code": codes[1]})
    assert again.get(reverse("portal:tickets")).status_code == 200


def test_a_new_first_password_ends_open_sessions(people: People) -> None:
    client = sign_in("alice", PASSWORD)
    assert client.get(reverse("portal:tickets")).status_code == 200
    give_first_password(people.alice)
    assert client.get(reverse("portal:tickets")).headers["Location"].startswith("/account/login/")
    assert sign_in("alice", PASSWORD).get(reverse("portal:tickets")).status_code == 302


def test_a_new_first_password_lifts_the_lock(people: People) -> None:
    client = Client()
    for _ in range(settings.AXES_FAILURE_LIMIT):
        client.post("/account/login/", {"login": "alice", "password": "wrong"})
    assert client.post("/account/login/", {"login": "alice", "password": PASSWORD}).status_code == 429
    first = give_first_password(people.alice)
    assert client.post("/account/login/", {"login": "alice", "password": first}).status_code == 302


def test_a_stopped_user_is_out_at_once(people: People) -> None:
    client = sign_in("bob", PASSWORD)
    assert client.get(reverse("portal:tickets")).status_code == 200
    stop(people.bob)
    assert client.get(reverse("portal:tickets")).status_code == 302
    assert sign_in("bob", PASSWORD).get(reverse("portal:tickets")).status_code == 302
    first = give_first_password(people.bob)
    assert sign_in("bob", first).get(CHANGE).status_code == 200


def test_a_lost_phone_is_forgotten_with_its_codes(people: People) -> None:
    TOTP.activate(people.alice, generate_totp_secret())
    RecoveryCodes.activate(people.alice)
    assert forget_second_factor(people.alice) == 2
    assert not Authenticator.objects.exists()


def test_sessions_do_not_outlive_a_working_day() -> None:
    assert timedelta(seconds=settings.SESSION_COOKIE_AGE) <= timedelta(hours=12)
