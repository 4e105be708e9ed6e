"""Approve, refuse, restore: as a person does it, in a browser, with rows checked afterwards."""

import pytest
from playwright.sync_api import expect

from sakimori.blacklist.models import Block, BlockState
from sakimori.notify.actions import raise_alarm
from sakimori.notify.models import Severity
from tests.browser.conftest import Browse, assert_held
from tests.people import NOW, People, make_block, make_people, make_ticket

pytestmark = pytest.mark.django_db(transaction=True)

_POLL_MS = 6_000


@pytest.fixture
def people() -> People:
    return make_people()


@pytest.mark.parametrize(("button", "state"), [("承認", BlockState.APPROVED), ("却下", BlockState.REFUSED)])
def test_an_analyst_decides(people: People, browse: Browse, button: str, state: BlockState) -> None:
    block = make_block(people.a, state=BlockState.PROPOSED)
    page = browse(people.dana)
    page.goto("/console/")
    page.get_by_role("button", name=f"{button} ：{block.address}").click()
    expect(page.locator(".messages")).to_contain_text(block.address)
    block.refresh_from_db()
    assert (block.state, block.decided_by) == (state, people.dana)


def test_an_alarm_that_arrives_does_not_move_the_button_under_the_pointer(people: People, browse: Browse) -> None:
    """It arrives above the list, between the pressing of the button and its release, and is seen nevertheless."""
    block = make_block(people.a, state=BlockState.PROPOSED)
    page = browse(people.dana)
    page.clock.install()
    page.goto("/console/")
    button = page.get_by_role("button", name=f"承認 ：{block.address}")
    button.hover()
    place = button.bounding_box()
    assert place is not None
    page.mouse.down()
    raise_alarm(key="late", severity=Severity.HIGH, sentence="受信が止まっています。", now=NOW)
    page.clock.run_for(_POLL_MS)
    expect(page.locator("#alarms .alarm")).to_be_in_viewport()
    assert_held(button, place)
    with page.expect_navigation():
        page.mouse.up()
    block.refresh_from_db()
    assert block.state == BlockState.APPROVED


def test_an_alarm_that_arrives_scrolls_nothing_under_a_pointer_that_rests(people: People, browse: Browse) -> None:
    page = browse(people.dana)
    page.clock.install()
    page.goto("/console/")
    page.locator("h1").hover()
    raise_alarm(key="late", severity=Severity.HIGH, sentence="受信が止まっています。", now=NOW)
    page.clock.run_for(_POLL_MS)
    expect(page.locator("#alarms .alarm")).to_be_in_viewport()
    assert page.evaluate("scrollY") == 0


def test_a_customer_takes_his_address_off_the_list(people: People, browse: Browse) -> None:
    ticket = make_ticket(people.a, blocks=[make_block(people.a)])
    page = browse(people.alice)
    page.goto(f"/portal/tickets/{ticket.number}/")
    page.get_by_role("link", name="この IP は業務に必要").click()
    page.get_by_role("button", name="解除を依頼する").click()
    block = Block.objects.get()
    expect(page.locator(".messages")).to_contain_text(block.address)
    assert (block.state, block.restore_asked_by) == (BlockState.RESTORING, people.alice)
