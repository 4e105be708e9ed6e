"""The desk's list in a browser: decided, opened and ticked by single keys, and silent when it must be."""

import pytest
from playwright.sync_api import Page, expect

from sakimori.blacklist.models import Block, BlockState
from sakimori.lib.jst import utc_now
from tests.browser.conftest import Browse
from tests.people import People, make_block, make_people

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def people() -> People:
    return make_people()


@pytest.fixture
def desk(people: People, browse: Browse) -> Page:
    for number in range(1, 5):
        make_block(people.a, f"203.0.113.{number}", state=BlockState.PROPOSED, proposed_at=utc_now())
    page = browse(people.dana)
    page.goto("/console/")
    return page


def chosen(page: Page) -> str:
    """The address of the row that the keys act on."""
    return page.locator("tr.chosen code.ip").inner_text()


def leave_by(page: Page, key: str) -> None:
    """Press a key that sends a form, and wait for the page that comes of it."""
    with page.expect_navigation():
        page.keyboard.press(key)


def states() -> dict[str, str]:
    return dict(Block.objects.values_list("address", "state"))


def test_rows_are_approved_refused_and_shortened_by_keys(desk: Page) -> None:
    desk.keyboard.press("j")
    assert chosen(desk) == "203.0.113.1"
    leave_by(desk, "a")
    assert states()["203.0.113.1"] == BlockState.APPROVED
    assert chosen(desk) == "203.0.113.2", "the row that moved up is chosen"
    expect(desk.locator(".messages")).to_contain_text("203.0.113.1 の登録を承認しました")
    for key in ("ArrowDown", "ArrowDown", "k"):
        desk.keyboard.press(key)
    assert chosen(desk) == "203.0.113.3"
    leave_by(desk, "r")
    assert states()["203.0.113.3"] == BlockState.REFUSED
    desk.keyboard.press("k")
    desk.keyboard.press("s")
    expect(desk.locator("tr.chosen details.shorten button").first).to_be_focused()
    desk.keyboard.press("Escape")
    expect(desk.locator("details.shorten[open]")).to_have_count(0)
    assert chosen(desk) == "203.0.113.2"
    desk.keyboard.press("s")
    leave_by(desk, "2")
    block = Block.objects.get(address="203.0.113.2")
    assert (block.state, block.expires_at is not None) == (BlockState.APPROVED, True)
    assert states()["203.0.113.4"] == BlockState.PROPOSED


def test_a_row_opens_in_place_and_ticked_rows_are_decided_together(desk: Page) -> None:
    desk.keyboard.press("j")
    desk.keyboard.press("Enter")
    expect(desk.locator("tr.drawer details[open] .drawer-body")).to_contain_text("監査記録")
    assert chosen(desk) == "203.0.113.1"
    desk.keyboard.press("Enter")
    expect(desk.locator("tr.drawer details[open]")).to_have_count(0)
    desk.keyboard.press("x")
    expect(desk.locator("[data-chosen-count]")).to_have_text("1 件を選択中")
    desk.get_by_label("この画面の行をすべて選ぶ").check()
    expect(desk.locator("[data-chosen-count]")).to_have_text("4 件を選択中")
    desk.get_by_role("button", name="選んだ行を却下").click()
    expect(desk.locator(".messages")).to_contain_text("の登録を却下しました")
    assert set(states().values()) == {BlockState.REFUSED}


def test_keys_keep_silent_while_somebody_types_composes_or_has_switched_them_off(desk: Page) -> None:
    help_ = desk.locator("dialog[data-keys]")
    desk.keyboard.press("j")
    for composing in ("{isComposing: true}", "{keyCode: 229}"):
        desk.evaluate(
            "document.activeElement.dispatchEvent(new KeyboardEvent('keydown', "
            f"{{key: 'a', bubbles: true, ...{composing}}}))"
        )
    desk.locator("#lasts").focus()
    desk.keyboard.press("r")
    desk.keyboard.press("?")
    expect(help_).to_be_hidden()
    desk.locator("tr[data-row]").first.focus()
    desk.keyboard.press("?")
    expect(help_).to_be_visible()
    desk.keyboard.press("a")
    desk.get_by_label("キーボード操作を使う").uncheck()
    desk.keyboard.press("?")
    expect(help_).to_be_hidden()
    desk.locator("tr[data-row]").first.focus()
    desk.keyboard.press("a")
    desk.reload()
    assert set(states().values()) == {BlockState.PROPOSED}


def test_the_clock_of_a_question_runs_on(desk: Page) -> None:
    clock = desk.locator("[data-left]").first
    before = clock.inner_text()
    assert "分" in before
    expect(clock).not_to_have_text(before)


def test_the_list_works_without_a_script(people: People, browse: Browse) -> None:
    make_block(people.a, state=BlockState.PROPOSED)
    page = browse(people.dana)
    page.route("**/*.js", lambda route: route.fulfill(content_type="text/javascript", body=""))
    page.goto("/console/")
    page.locator("details.shorten summary").click()
    with page.expect_navigation():
        page.get_by_role("button", name="7 日", exact=True).click()
    assert Block.objects.get().state == BlockState.APPROVED
