"""Approve, refuse, restore: as a person does it, in a browser, with rows checked afterwards."""

import pytest
from playwright.sync_api import Page

from sakimori.blacklist.models import Block, BlockState
from tests.browser.conftest import Browse
from tests.people import People, make_block, make_people, make_ticket

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def people() -> People:
    return make_people()


def told(page: Page) -> str:
    """What the page says of what was just done."""
    return page.locator(".messages").inner_text()


@pytest.mark.parametrize(("button", "state"), [("承認", BlockState.APPROVED), ("却下", BlockState.REFUSED)])
def test_an_analyst_decides(people: People, browse: Browse, button: str, state: BlockState) -> None:
    block = make_block(people.a, state=BlockState.PROPOSED)
    page = browse(people.dana)
    page.goto("/console/")
    page.get_by_role("button", name=f"{button} ：{block.address}").click()
    assert block.address in told(page)
    block.refresh_from_db()
    assert (block.state, block.decided_by) == (state, people.dana)


def test_a_customer_takes_his_address_off_the_list(people: People, browse: Browse) -> None:
    ticket = make_ticket(people.a, blocks=[make_block(people.a)])
    page = browse(people.alice)
    page.goto(f"/portal/tickets/{ticket.number}/")
    page.get_by_role("link", name="この IP は業務に必要").click()
    page.get_by_role("button", name="解除を依頼する").click()
    block = Block.objects.get()
    assert block.address in told(page)
    assert (block.state, block.restore_asked_by) == (BlockState.RESTORING, people.alice)
