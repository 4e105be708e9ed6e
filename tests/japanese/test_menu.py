"""Of every page that somebody may come to, whoever looks: in which part of the main menu it stands."""

import pytest
from django.db import transaction
from django.urls import reverse

from tests.japanese.test_pages import signed_in
from tests.japanese.visits import VISITS, fill
from tests.people import People


@pytest.mark.parametrize("person", ["alice", "dana"])
def test_every_page_that_has_the_menu_stands_in_one_part_of_it(people: People, person: str) -> None:
    fill(people)
    client = signed_in(people, person)
    astray = set[str]()
    # What the desk sees of the portal stands in no part of the desk's own menu.
    for name, visit in ((name, each) for name, each in VISITS.items() if person != "dana" or "portal:" not in name):
        with transaction.atomic():
            answer = client.get(reverse(name, args=visit.arguments()))
            transaction.set_rollback(True)
        if answer.status_code == 200 and answer.headers["Content-Type"].startswith("text/html"):
            menu = answer.content.decode().partition('<div class="menu"')[2].partition("</nav>")[0]
            astray |= {name} if menu and menu.count('aria-current="page"') != 1 else set()
    assert astray == {"account_inactive", "account_logout", "account_reset_password"}
