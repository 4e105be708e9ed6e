"""`sakimori person`: the first people of an installation, who must change what was printed."""

import argparse
import re
from pathlib import Path

import pytest
from django.test import Client

from sakimori.accounts.models import User
from sakimori.customers.models import AuditEntry
from sakimori.run import person
from tests.people import PASSWORD, make_people
from tests.run.test_cli import NEEDED, call

NAMED = ("--role", "manager", "--family", "青木", "--given", "澪")


@pytest.fixture
def tell(db: None, capsys: pytest.CaptureFixture[str]) -> "Tell":
    return Tell(capsys)


class Tell:
    """Calls the command. Returns exit code, what was printed, and what was complained about."""

    def __init__(self, capsys: pytest.CaptureFixture[str]) -> None:
        self._capsys = capsys

    def __call__(self, *words: str) -> tuple[int, str, str]:
        parser = argparse.ArgumentParser()
        person.add_arguments(parser)
        code = person.run(parser.parse_args(words))
        told = self._capsys.readouterr()
        return code, told.out, told.err


def password_in(out: str) -> str:
    found = re.search(r"^first password  (\S+)$", out, re.MULTILINE)
    assert found is not None
    return found[1]


def test_the_first_manager_of_an_installation_comes_in(tell: Tell, client: Client) -> None:
    code, out, err = tell("aoki", *NAMED, "--phone", "03-0000-0009", "--mail", "aoki@example.jp")
    assert (code, err) == (0, "")
    user = User.objects.get(username="aoki")
    assert (user.soc_role, user.shown_name, user.phone, user.email) == (
        "manager",
        "青木 澪",
        "03-0000-0009",
        "aoki@example.jp",
    )
    answer = client.post("/account/login/", {"login": "aoki", "password": password_in(out)}, follow=True)
    assert answer.redirect_chain[-1][0] == "/account/password/change/"
    assert [(entry.action, entry.actor) for entry in AuditEntry.objects.all()] == [("person.add", "operator")]


def test_a_login_id_is_given_once(tell: Tell) -> None:
    tell("aoki", *NAMED)
    before = User.objects.get(username="aoki").password
    code, out, err = tell("aoki", *NAMED)
    assert (code, out) == (1, "")
    assert "exists already" in err
    assert User.objects.get(username="aoki").password == before


def test_who_is_locked_out_gets_a_new_password(tell: Tell) -> None:
    first = password_in(tell("aoki", *NAMED)[1])
    code, out, _ = tell("aoki", "--new-password")
    assert code == 0
    user = User.objects.get(username="aoki")
    assert user.check_password(password_in(out))
    assert not user.check_password(first)
    assert user.must_change_password


def test_who_has_left_is_out_at_once(tell: Tell, client: Client) -> None:
    tell("aoki", *NAMED)
    user = User.objects.get(username="aoki")
    client.force_login(user)
    for _ in range(2):
        assert tell("aoki", "--stop")[0] == 0
    assert client.get("/console/").headers["Location"].startswith("/account/login/")
    assert AuditEntry.objects.filter(action="person.stop").count() == 1
    tell("aoki", "--new-password")
    assert User.objects.get(username="aoki").is_active


@pytest.mark.parametrize("option", ["--new-password", "--stop"])
@pytest.mark.parametrize("login", ["nobody", "alice"])
def test_only_people_of_the_desk_are_meant_here(login: str, option: str, tell: Tell) -> None:
    make_people()
    code, out, err = tell(login, option)
    assert (code, out) == (1, "")
    assert "nobody of the SOC's desk" in err
    alice = User.objects.get(username="alice")
    assert alice.check_password(PASSWORD)
    assert alice.is_active


@pytest.mark.parametrize(
    "words",
    [
        ("aoki",),
        ("aoki", "--role", "analyst", "--family", "青木"),
        ("a oki", *NAMED),
        ("aoki", *NAMED, "--phone", "119"),
        ("aoki", *NAMED, "--mail", "aoki"),
    ],
)
def test_a_wrong_call_makes_nobody(words: tuple[str, ...], tell: Tell) -> None:
    code, out, err = tell(*words)
    assert (code, out) == (2, "")
    assert err.count("\n") == 1
    assert not User.objects.exists()


def test_without_tables_it_says_what_to_do(tmp_path: Path) -> None:
    ended = call(tmp_path, "person", "aoki", *NAMED, **NEEDED)
    assert (ended.returncode, ended.stdout) == (1, "")
    assert "start `sakimori up` once" in ended.stderr
    assert "Traceback" not in ended.stderr
