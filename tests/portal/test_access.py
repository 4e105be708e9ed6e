"""Every page of the portal is tried by all four people and by nobody."""

import ast
from pathlib import Path

import pytest
from django.test import Client
from django.urls import reverse

import sakimori.console
import sakimori.portal
from sakimori.tickets.models import TicketBlock
from tests.people import People, make_block, make_ticket

ALL = ("alice", "bob", "charlie", "dana")


@pytest.fixture
def addresses(people: People) -> dict[str, str]:
    """Addresses of all portal pages, with a ticket of customer A."""
    ticket = make_ticket(people.a, blocks=[make_block(people.a)])
    entry = TicketBlock.objects.get(ticket=ticket)
    return {
        "tickets": reverse("portal:tickets"),
        "account": reverse("portal:account"),
        "ticket": reverse("portal:ticket", args=[ticket.number]),
        "progress": reverse("portal:progress", args=[ticket.number]),
        "restore": reverse("portal:restore", args=[ticket.number, entry.pk]),
        "enquire": reverse("portal:enquire"),
        "reply": reverse("portal:reply", args=[ticket.number]),
    }


@pytest.mark.parametrize(
    ("page", "expected"),
    [
        ("tickets", {"alice": 200, "bob": 200, "charlie": 200, "dana": 200}),
        ("account", {"alice": 200, "bob": 200, "charlie": 200, "dana": 200}),
        ("ticket", {"alice": 200, "bob": 200, "charlie": 404, "dana": 200}),
        ("progress", {"alice": 286, "bob": 286, "charlie": 404, "dana": 286}),
        ("restore", {"alice": 200, "bob": 200, "charlie": 404, "dana": 200}),
        ("enquire", {"alice": 200, "bob": 200, "charlie": 200, "dana": 403}),
        ("reply", {"alice": 200, "bob": 200, "charlie": 404, "dana": 403}),
    ],
)
def test_everybody_sees_only_what_is_his(
    page: str, expected: dict[str, int], people: People, addresses: dict[str, str], client: Client
) -> None:
    for name in ALL:
        client.force_login(getattr(people, name))
        assert client.get(addresses[page]).status_code == expected[name], name


def test_a_stranger_is_sent_to_the_sign_in_page_and_back(addresses: dict[str, str], client: Client) -> None:
    for address in addresses.values():
        answer = client.get(address)
        assert answer.status_code == 302
        assert answer.headers["Location"].startswith(reverse("account_login") + "?next=%2Fportal%2F")


def test_a_refreshing_part_moves_the_whole_page_when_the_session_has_ended(
    addresses: dict[str, str], client: Client
) -> None:
    page = f"https://portal.example.jp{addresses['ticket']}"
    answer = client.get(addresses["progress"], headers={"HX-Request": "true", "HX-Current-URL": page})
    assert answer.headers["HX-Redirect"].startswith(reverse("account_login"))


def test_a_foreign_ticket_and_a_missing_one_look_the_same(
    people: People, addresses: dict[str, str], client: Client
) -> None:
    client.force_login(people.charlie)
    for page in ("ticket", "progress", "reply"):
        foreign = client.get(addresses[page])
        missing = client.get(addresses[page].replace("T-0001", "T-9999"))
        assert (foreign.status_code, _page(foreign.content)) == (missing.status_code, _page(missing.content))
        assert "T-0001" not in foreign.content.decode()
    posted = client.post(addresses["restore"], {"reason": ""})
    assert posted.status_code == 404


def test_pages_are_not_kept_by_the_browser(people: People, addresses: dict[str, str], client: Client) -> None:
    client.force_login(people.alice)
    for address in addresses.values():
        assert "no-store" in client.get(address).headers["Cache-Control"]


def test_a_user_without_a_customer_is_told_so_instead_of_seeing_an_empty_list(people: People, client: Client) -> None:
    people.bob.memberships.all().delete()
    client.force_login(people.bob)
    assert "結び付けられていません" in client.get(reverse("portal:tickets")).content.decode()


@pytest.mark.parametrize("room", [sakimori.portal, sakimori.console])
def test_pages_take_rows_from_the_door_only(room: object) -> None:
    """No page module touches a model's manager: rows come from queries narrowed by `customers.access`."""
    files = list(Path(room.__path__[0]).glob("**/*.py"))  # type: ignore[attr-defined]
    assert len(files) > 3
    for file in files:
        managers = {"objects", "_default_manager", "_base_manager"}
        for node in ast.walk(ast.parse(file.read_text())):
            assert not (isinstance(node, ast.Attribute) and node.attr in managers), f"{file.name}:{node.lineno}"


def _page(content: bytes) -> str:
    """A page without the token that differs every time."""
    return "\n".join(line for line in content.decode().splitlines() if "csrfmiddlewaretoken" not in line)
