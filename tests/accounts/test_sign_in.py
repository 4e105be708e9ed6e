"""Signing in: the login ID of the letter, the second factor, the lock after failures, pages that are not there."""

import re

import pytest
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value, yield_hotp_counters_from_time
from django.conf import settings
from django.test import Client
from django.urls import reverse

from sakimori.accounts.models import User
from tests.people import PASSWORD, People

LOGIN = "/account/login/"


def _sign_in(client: Client, username: str, password: str = PASSWORD) -> str:
    answer = client.post(LOGIN, {"login": username, "password": password}, follow=True)
    return answer.content.decode()


def test_everybody_lands_on_his_own_face(people: People) -> None:
    for person, page in (("alice", "portal:tickets"), ("bob", "portal:tickets"), ("dana", "console:attacks")):
        answer = Client().post(LOGIN, {"login": person, "password": PASSWORD}, follow=True)
        assert answer.redirect_chain == [("/", 302), (reverse(page), 302)]


def test_a_stranger_at_the_door_is_asked_to_sign_in(db: None, client: Client) -> None:
    answer = client.get("/", follow=True)
    assert answer.redirect_chain == [(LOGIN, 302)]
    text = answer.content.decode()
    assert "ログインID" in text
    assert "03-0000-0000" in text
    assert "ユーザー名" not in text


def test_a_person_returns_to_the_page_he_wanted(people: People, client: Client) -> None:
    wanted = reverse("portal:account")
    answer = client.post(LOGIN, {"login": "alice", "password": PASSWORD, "next": wanted})
    assert answer.headers["Location"] == wanted


@pytest.mark.parametrize("login", ["alice", "nobody"])
def test_a_wrong_password_and_an_unknown_login_id_look_the_same(login: str, people: People, client: Client) -> None:
    assert "ログインIDまたはパスワードが正しくありません。" in _sign_in(client, login, "wrong")


def test_many_failures_lock_the_door_for_a_while(people: People, client: Client) -> None:
    for _ in range(settings.AXES_FAILURE_LIMIT - 1):
        assert "正しくありません" in _sign_in(client, "alice", "wrong")
    locked = client.post(LOGIN, {"login": "alice", "password": "wrong"})
    assert locked.status_code == 429
    assert "30 分ほど待ってから" in locked.content.decode()
    assert "ログインを一時停止" in _sign_in(client, "alice", PASSWORD)
    assert "チケット" in _sign_in(Client(), "bob")


def test_a_stopped_login_id_is_told_to_phone(people: People, client: Client) -> None:
    User.objects.filter(username="bob").update(is_active=False)
    text = _sign_in(client, "bob")
    assert "このログインIDは停止されています" in text
    assert client.get(reverse("portal:tickets")).status_code == 302


def test_signing_out_ends_the_session(people: People, client: Client) -> None:
    client.force_login(people.alice)
    assert "ログアウトしますか" in client.get("/account/logout/").content.decode()
    assert "ログアウトしました" in client.post("/account/logout/", follow=True).content.decode()
    assert client.get(reverse("portal:tickets")).status_code == 302


def test_a_new_password_is_checked_and_then_taken(people: People, client: Client) -> None:
    client.force_login(people.alice)
    change = "/account/password/change/"
    fields = {"oldpassword": "wrong", "password1": "alice", "password2": "other"}
    text = client.post(change, fields).content.decode()
    assert "現在のパスワードを入力してください。" in text
    assert "12 文字以上" in text
    new = "Tsukimi-udon-2026-autumn"
    done = client.post(change, {"oldpassword": PASSWORD, "password1": new, "password2": new}, follow=True)
    assert "パスワードを変更しました" in done.content.decode()
    assert "ログインID" in done.content.decode()
    assert "チケット" in _sign_in(Client(), "alice", new)


def test_the_second_factor_from_setting_up_to_taking_off(people: People) -> None:
    client = Client()
    _sign_in(client, "alice")
    client.post("/account/reauthenticate/", {"password": PASSWORD})
    page = client.get("/account/second-factor/totp/activate/").content.decode()
    secret = re.search(r'class="secret">(\w+)<', page)
    assert secret is not None
    assert "コードが正しくありません。" in _post_code(client, "/account/second-factor/totp/activate/", "000000")
    codes_page = _post_code(client, "/account/second-factor/totp/activate/", _code(secret[1]))
    assert "未使用のコードは 10 個中 10 個です" in codes_page
    recovery = re.findall(r"<li><code>(\w+)</code></li>", codes_page)
    assert len(recovery) == 10

    other = Client()
    assert "認証コード" in _sign_in(other, "alice")
    assert other.get(reverse("portal:tickets")).status_code == 302
    assert "コードが正しくありません。" in _post_code(other, "/account/second-factor/authenticate/", "000000")
    assert "チケット" in _post_code(other, "/account/second-factor/authenticate/", recovery[0])

    again = client.post("/account/second-factor/recovery-codes/generate/", follow=True).content.decode()
    assert recovery[1] not in again
    assert "未使用のコードは 10 個中 10 個です" in again
    off = client.post("/account/second-factor/totp/deactivate/", follow=True).content.decode()
    assert "2 段階認証を無効にしました" in off


def test_something_delicate_asks_for_the_password_again(people: People, client: Client) -> None:
    client.force_login(people.alice)
    page = client.get("/account/second-factor/totp/activate/", follow=True)
    assert page.redirect_chain[0][0].startswith("/account/reauthenticate/")
    wrong = client.post("/account/reauthenticate/", {"password": "wrong"}).content.decode()
    assert "パスワードが正しくありません。" in wrong
    done = client.post("/account/reauthenticate/", {"password": PASSWORD, "next": "/account/second-factor/"})
    assert done.headers["Location"] == "/account/second-factor/"


@pytest.mark.parametrize("name", ["account_signup", "account_email", "account_set_password"])
def test_what_the_service_does_not_have_says_so(name: str, db: None, client: Client) -> None:
    for answer in (client.get(reverse(name)), client.post(reverse(name), {"username": "x", "password1": PASSWORD})):
        assert answer.status_code == 404
        assert "ご利用いただけません" in answer.content.decode()
    assert not User.objects.exists()


def test_a_forgotten_password_is_a_matter_for_the_phone(db: None, client: Client) -> None:
    text = client.get(reverse("account_reset_password")).content.decode()
    assert "メールによるパスワードの再設定は行っていません" in text
    assert "03-0000-0000" in text


def _post_code(client: Client, address: str, code: str) -> str:
    return client.post(address, {"code": code}, follow=True).content.decode()


def _code(secret: str) -> str:
    return format_hotp_value(hotp_value(secret, next(iter(yield_hotp_counters_from_time()))))
