"""Every page of the project, as every person, also with broken forms and as error pages, is in Japanese."""

from collections.abc import Callable, Iterator

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret
from django.conf import settings
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.test import Client, RequestFactory
from django.urls import reverse
from django.views import defaults

from tests.japanese.text import foreign_texts, texts_of
from tests.japanese.visits import VISITS, fill, names_of_all_addresses
from tests.people import PASSWORD, People

_FACTOR = sorted(name for name in VISITS if name.startswith("mfa_"))
PERSONS = ("nobody", "alice", "bob", "charlie", "dana")


@pytest.fixture
def rows(people: People) -> People:
    fill(people)
    return people


def test_every_address_of_the_project_is_visited() -> None:
    """A new page that nobody visits here would go unread."""
    assert names_of_all_addresses() == sorted(VISITS)


@pytest.mark.parametrize("person", PERSONS)
def test_every_page_is_japanese(person: str, rows: People) -> None:
    client = signed_in(rows, person)
    seen = [page for name in sorted(VISITS) for page in pages_of(client, name)]
    assert len(seen) > len(VISITS)
    assert [(where, foreign_texts(page)) for where, page in seen if foreign_texts(page)] == []


def test_pages_of_the_second_factor_are_japanese_once_it_is_set_up(rows: People) -> None:
    secret = generate_totp_secret()
    TOTP.activate(rows.alice, secret)
    RecoveryCodes.activate(rows.alice)
    half = Client()
    half.post(reverse("account_login"), {"login": "alice", "password": PASSWORD})
    known = signed_in(rows, "alice")
    seen = [page for client in (half, known) for name in _FACTOR for page in pages_of(client, name)]
    assert [(where, foreign_texts(page)) for where, page in seen if foreign_texts(page)] == []
    assert Authenticator.objects.filter(user=rows.alice).exists()


def test_the_pages_that_only_show_with_a_second_factor_were_really_seen(rows: People) -> None:
    TOTP.activate(rows.alice, generate_totp_secret())
    half = Client()
    half.post(reverse("account_login"), {"login": "alice", "password": PASSWORD})
    assert "認証コード" in half.get(reverse("mfa_authenticate")).content.decode()


def test_the_pages_of_a_locked_door_and_of_haste_are_japanese(rows: People, client: Client) -> None:
    for _ in range(settings.AXES_FAILURE_LIMIT):
        answer = client.post(reverse("account_login"), {"login": "alice", "password": "wrong"})
    assert answer.status_code == 429
    assert foreign_texts(answer.content.decode()) == []


def test_a_form_without_its_token_is_refused_in_japanese(rows: People) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(rows.alice)
    answer = client.post(reverse("account_logout"))
    assert answer.status_code == 403
    assert foreign_texts(answer.content.decode()) == []


@pytest.mark.parametrize("status", [400, 403, 404, 500])
def test_error_pages_are_japanese(status: int, rf: RequestFactory) -> None:
    text = _error(status, rf.get("/")).content.decode()
    assert texts_of(text)
    assert foreign_texts(text) == []


def test_the_rate_limit_page_is_japanese(rows: People, client: Client) -> None:
    for _ in range(61):
        answer = client.post(reverse("account_login"), {"login": "", "password": ""})
    assert answer.status_code == 429
    assert "しばらくお待ちください" in answer.content.decode()
    assert foreign_texts(answer.content.decode()) == []


def signed_in(people: People, person: str) -> Client:
    """A browser of that person, who has just given the password again (nobody: nobody has signed in)."""
    client = Client()
    if person != "nobody":
        client.force_login(getattr(people, person))
        client.post(reverse("account_reauthenticate"), {"password": PASSWORD})
    return client


def pages_of(client: Client, name: str) -> Iterator[tuple[str, str]]:
    """The page itself and what comes of its broken forms, after all redirects. Whatever they change is undone."""
    visit = VISITS[name]
    address = reverse(name, args=visit.arguments())
    for method, form in [("get", {}), *(("post", dict(post)) for post in visit.posts)]:
        with transaction.atomic():
            answer = getattr(client, method)(address, form, follow=True)
            transaction.set_rollback(True)
        assert answer.status_code < 500
        # Letters, workbooks and tables have tests of their own.
        if answer.headers["Content-Type"].startswith("text/") and not answer.streaming:
            yield f"{method} {name} {form}", answer.content.decode()


def _error(status: int, request: HttpRequest) -> HttpResponse:
    views: dict[int, Callable[[], HttpResponse]] = {
        400: lambda: defaults.bad_request(request, ValueError()),
        403: lambda: defaults.permission_denied(request, PermissionError()),
        404: lambda: defaults.page_not_found(request, ValueError()),
        500: lambda: defaults.server_error(request),
    }
    return views[status]()
