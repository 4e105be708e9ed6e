"""The main menu in a browser: all of it on a wide screen; on a telephone behind a button, by touch and by keys."""

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.conftest import Browse
from tests.people import People, make_people

pytestmark = pytest.mark.django_db(transaction=True)

PHONE = {"width": 360, "height": 740}


@pytest.fixture
def people() -> People:
    return make_people()


def button(page: Page) -> Locator:
    return page.get_by_role("button", name="メニュー", exact=True)


def entry(page: Page) -> Locator:
    return page.get_by_role("link", name="アカウント", exact=True)


@pytest.mark.parametrize("person", ["alice", "dana"])
def test_on_a_wide_screen_the_menu_is_there_without_a_button(people: People, browse: Browse, person: str) -> None:
    page = browse(getattr(people, person), viewport={"width": 1280, "height": 800})
    page.goto("/account/password/change/")
    expect(entry(page)).to_be_visible()
    expect(button(page)).to_be_hidden()
    page.set_viewport_size(PHONE)
    expect(entry(page)).to_be_hidden()
    expect(button(page)).to_be_visible()


@pytest.mark.parametrize("person", ["alice", "dana"])
def test_on_a_telephone_it_opens_by_key_closes_by_key_and_leaves_the_page_its_room(
    people: People, browse: Browse, person: str
) -> None:
    page = browse(getattr(people, person), viewport=PHONE)
    page.goto("/account/password/change/")
    head = page.locator(".top").bounding_box()
    assert head is not None
    assert head["height"] < 160
    button(page).focus()
    page.keyboard.press("Enter")
    expect(entry(page)).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    page.keyboard.press("Tab")
    expect(page.locator(".menu :focus")).to_have_count(1)
    page.keyboard.press("Escape")
    expect(entry(page)).to_be_hidden()
    expect(button(page)).to_be_focused()


def test_on_a_telephone_a_tap_opens_it_and_another_closes_it_or_leads_on(people: People, browse: Browse) -> None:
    page = browse(people.alice, viewport=PHONE, has_touch=True, is_mobile=True)
    page.goto("/account/password/change/")
    button(page).tap()
    page.get_by_role("button", name="メニューを閉じる").tap()
    expect(entry(page)).to_be_hidden()
    button(page).tap()
    page.get_by_role("link", name="お問い合わせ", exact=True).tap()
    expect(page).to_have_url("/portal/enquiries/new/")
    expect(entry(page)).to_be_hidden()
