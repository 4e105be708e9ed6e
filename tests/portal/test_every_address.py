"""Every address of the house by who may not open it: strangers, customers at the desk's pages, the other customer.

The addresses come from the same list that is read for Japanese, so a new page is tried here too.
"""

from collections.abc import Iterator

import pytest
from django.contrib.sessions.models import Session
from django.test import Client
from django.urls import reverse

from sakimori import backends
from sakimori.accounts.actions import give_first_password
from sakimori.accounts.models import User
from sakimori.logs.store.interface import LogStore
from tests.closing.rows import snapshot
from tests.japanese.visits import VISITS, fill
from tests.people import People

CHANGE = reverse("account_change_password")
OPEN_AT_FIRST = {"account_change_password"}
NO_SUCH_METHOD = 405
# Security news belongs to no customer: everybody reads what is approved.
EVERYBODYS = {"portal:advisory"}


@pytest.fixture
def rows(people: People, log_store: LogStore, monkeypatch: pytest.MonkeyPatch) -> People:
    monkeypatch.setattr(backends, "log_store", lambda: log_store)
    fill(people)
    return people


def addresses(space: str = "") -> Iterator[tuple[str, str]]:
    for name, visit in VISITS.items():
        if name.startswith(space) and name != "account_logout":
            yield name, reverse(name, args=visit.arguments())


def tried(client: Client, space: str, **headers: str) -> Iterator[tuple[str, int, str]]:
    """Each address but that of signing out: opened, posted to empty, and posted to with every form of its visit."""
    for name, address in addresses(space):
        answers = [client.get(address, headers=headers), client.post(address, headers=headers)]
        answers += [client.post(address, dict(form), headers=headers) for form in VISITS[name].posts]
        for answer in answers:
            yield name, answer.status_code, answer.headers.get("HX-Redirect") or answer.headers.get("Location", "")


def contents() -> dict[str, object]:
    """All rows but sessions and what the door notes of people."""
    return {model.__name__: kept for model, kept in snapshot().items() if model not in (Session, User)}


@pytest.mark.parametrize("space", ["portal:", "console:"])
def test_nobody_is_sent_to_the_sign_in_page(space: str, rows: People, client: Client) -> None:
    before = contents()
    for name, status, where in tried(client, space):
        assert status == NO_SUCH_METHOD or where.startswith((reverse("account_login"), "/console/")), name
    assert contents() == before


@pytest.mark.parametrize("person", ["alice", "bob", "charlie"])
def test_the_desks_pages_do_not_exist_for_customers(person: str, rows: People, client: Client) -> None:
    client.force_login(getattr(rows, person))
    before = contents()
    found = {(name, status) for name, status, _ in tried(client, "console:")}
    assert {name for name, status in found if status not in (404, NO_SUCH_METHOD)} <= {"console:attacks-by-name"}
    assert contents() == before


def test_the_other_customers_rows_do_not_exist(rows: People, client: Client) -> None:
    client.force_login(rows.charlie)
    before = contents()
    named = {name for name, address in addresses("portal:") if VISITS[name].arguments()}
    assert len(named) > 8
    for name, status, _ in tried(client, "portal:"):
        if name in named - EVERYBODYS:
            assert status in (404, NO_SUCH_METHOD), name
    assert contents() == before


@pytest.mark.parametrize("person", ["alice", "dana"])
@pytest.mark.parametrize("headers", [{}, {"HX-Request": "true"}])
def test_with_the_password_of_the_letter_nothing_opens(
    person: str, headers: dict[str, str], rows: People, client: Client
) -> None:
    user = getattr(rows, person)
    give_first_password(user)
    client.force_login(user)
    before = contents()
    for name, status, where in tried(client, "", **headers):
        assert (status in (200, 302) and where == CHANGE) or name in OPEN_AT_FIRST, name
    assert contents() == before


def test_pages_and_files_are_not_kept_by_the_browser(rows: People, client: Client) -> None:
    for person, space in ((rows.alice, "portal:"), (rows.dana, "console:")):
        client.force_login(person)
        for name, address in addresses(space):
            answer = client.get(address)
            if answer.status_code not in (403, 404, NO_SUCH_METHOD) and name != "console:attacks-by-name":
                assert "no-store" in answer.headers["Cache-Control"], name
