"""The desk's list in a real browser: approve, refuse, shorten and restore, by keys. Skipped where no browser is."""

from collections.abc import Iterator

import pytest
from django.conf import settings
from django.test import Client
from django.urls import reverse
from pytest_django.live_server_helper import LiveServer

from sakimori.blacklist.models import Block, BlockState
from sakimori.lib.jst import utc_now
from tests.browser import Page, installed, running
from tests.people import People, make_block, make_people

pytestmark = [
    pytest.mark.skipif(installed() is None, reason="no browser is installed"),
    pytest.mark.django_db(transaction=True),
]
CHOSEN = "document.querySelector('tr.chosen code.ip')?.textContent ?? ''"


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    with running(installed() or "", tmp_path_factory.mktemp("browser")) as page:
        yield page


@pytest.fixture
def people(transactional_db: None) -> People:
    return make_people()


@pytest.fixture
def desk(people: People, browser: Page, live_server: LiveServer) -> Page:
    client = Client()
    client.force_login(people.dana)
    cookie = client.cookies[settings.SESSION_COOKIE_NAME].value
    browser.give_cookie(settings.SESSION_COOKIE_NAME, cookie, live_server.url)
    for number in range(1, 5):
        make_block(people.a, f"203.0.113.{number}", state=BlockState.PROPOSED, proposed_at=utc_now())
    address = live_server.url + reverse("console:attacks")
    browser.open(address)
    # What another test has switched off.
    if browser.ask("localStorage.length + sessionStorage.length"):
        browser.ask("localStorage.clear(); sessionStorage.clear()")
        browser.open(address)
    return browser


def states() -> dict[str, str]:
    return dict(Block.objects.values_list("address", "state"))


def test_rows_are_approved_refused_and_shortened_by_keys(desk: Page) -> None:
    desk.press("j")
    assert desk.ask(CHOSEN) == "203.0.113.1"
    desk.leave_by("a")
    assert states()["203.0.113.1"] == BlockState.APPROVED
    assert desk.ask(CHOSEN) == "203.0.113.2", "the row that moved up is chosen"
    assert "203.0.113.1 の登録を承認しました" in desk.ask("document.querySelector('.messages').textContent")
    desk.press("ArrowDown")
    desk.press("ArrowDown")
    desk.press("k")
    assert desk.ask(CHOSEN) == "203.0.113.3"
    desk.leave_by("r")
    assert states()["203.0.113.3"] == BlockState.REFUSED
    desk.press("k")
    desk.press("s")
    assert desk.ask("document.activeElement.textContent") == "1 時間"
    desk.press("Escape")
    assert desk.ask("document.querySelectorAll('details.shorten[open]').length") == 0
    assert desk.ask(CHOSEN) == "203.0.113.2"
    desk.press("s")
    desk.leave_by("2")
    block = Block.objects.get(address="203.0.113.2")
    assert (block.state, block.expires_at is not None) == (BlockState.APPROVED, True)
    assert states()["203.0.113.4"] == BlockState.PROPOSED


def test_a_row_opens_in_place_and_ticked_rows_are_counted(desk: Page) -> None:
    desk.press("j")
    desk.press("Enter")
    desk.until("document.querySelector('tr.drawer details[open] .drawer-body')?.textContent.includes('監査記録')")
    assert desk.ask(CHOSEN) == "203.0.113.1"
    desk.press("Enter")
    assert desk.ask("document.querySelectorAll('tr.drawer details[open]').length") == 0
    desk.press("x")
    assert desk.ask("document.querySelector('[data-chosen-count]').textContent") == "1 件を選択中"
    desk.ask("document.querySelector('[data-choose-all]').click()")
    assert desk.ask("document.querySelector('[data-chosen-count]').textContent") == "4 件を選択中"
    desk.ask("window.before = true; document.querySelector('#chosen button[value=refuse]').click()")
    desk.until("window.before === undefined && document.readyState === 'complete'")
    assert set(states().values()) == {BlockState.REFUSED}


def test_keys_keep_silent_while_somebody_types_composes_or_has_switched_them_off(desk: Page) -> None:
    desk.press("j")
    desk.press("a", composing=True)
    desk.ask("document.querySelector('#lasts').focus()")
    desk.press("r")
    desk.press("?")
    assert desk.ask("document.querySelector('dialog[data-keys]').open") is False
    desk.ask("document.querySelector('[data-help]').click()")
    desk.press("a")
    desk.ask("document.querySelector('[data-keys-on]').click()")
    desk.press("?")
    assert desk.ask("document.querySelector('dialog[data-keys]').open") is False
    desk.ask("document.querySelector('tr[data-row]').focus()")
    desk.press("a")
    assert desk.ask("performance.getEntriesByType('navigation').length") == 1
    assert set(states().values()) == {BlockState.PROPOSED}


def test_the_clock_of_a_question_runs_on(desk: Page) -> None:
    place = "document.querySelector('[data-left]').textContent"
    before = desk.ask(place)
    assert "分" in before
    desk.until(f"{place} !== {before!r}")


def test_an_entry_is_restored_with_a_reason(people: People, desk: Page, live_server: LiveServer) -> None:
    block = make_block(people.a, "203.0.113.9")
    desk.open(live_server.url + reverse("console:restore", args=[block.pk]))
    desk.ask("document.querySelector('textarea[name=reason]').value = 'お客様の依頼'; window.before = true")
    desk.ask("document.querySelector('main form button.danger').click()")
    desk.until("window.before === undefined && document.readyState === 'complete'")
    assert "203.0.113.9 の解除を受け付けました" in desk.ask("document.querySelector('.messages').textContent")
    block.refresh_from_db()
    assert (block.state, block.restore_reason) == (BlockState.RESTORING, "お客様の依頼")
