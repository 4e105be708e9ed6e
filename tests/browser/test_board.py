"""The board of sites and the page of a hold in a browser: refreshed quietly, paused by a key, released by a key."""

import pytest
from django.urls import reverse
from playwright.sync_api import Page, expect

from sakimori.customers.models import Site
from sakimori.incidents.models import Decision, Hold, Incident, IncidentKind, Probe, Verdict
from sakimori.lib.jst import utc_now
from sakimori.notify.actions import raise_alarm
from sakimori.notify.models import CallRound, Severity
from tests.browser.conftest import Browse
from tests.incidents.rows import make_incident
from tests.people import NOW, People, make_people

pytestmark = pytest.mark.django_db(transaction=True)

BOARD, INTERVAL_MS = "/console/sites/", 16_000


@pytest.fixture
def people() -> People:
    return make_people()


@pytest.fixture
def board(people: People, browse: Browse) -> Page:
    page = browse(people.dana)
    page.clock.install()
    page.goto(BOARD)
    return page


def visited(site: Site, verdict: Verdict) -> None:
    Probe.objects.create(
        site=site, at=utc_now(), verdict=verdict, url=site.page_url, sentence="応答がありません。", total_ms=5
    )


def test_the_board_refreshes_itself_and_leaves_the_reader_where_he_is(people: People, board: Page) -> None:
    site = people.a.sites.get()
    link = board.get_by_role("link", name=site.domain, exact=True)
    link.focus()
    visited(site, Verdict.NOT_DISPLAYED)
    board.clock.run_for(INTERVAL_MS)
    expect(board.get_by_text("応答がありません。")).to_be_visible()
    expect(link).to_be_focused()


def test_a_key_pauses_it_for_this_page_and_the_next(people: People, board: Page) -> None:
    switch = board.get_by_label("15 秒ごとに自動更新する")
    board.keyboard.press("p")
    expect(switch).not_to_be_checked()
    visited(people.a.sites.get(), Verdict.NOT_DISPLAYED)
    board.clock.run_for(3 * INTERVAL_MS)
    expect(board.get_by_text("応答がありません。")).to_have_count(0)
    board.goto(BOARD)
    expect(switch).not_to_be_checked()
    board.keyboard.press("p")
    visited(people.b.sites.get(), Verdict.NOT_DISPLAYED)
    board.clock.run_for(INTERVAL_MS)
    expect(board.get_by_text("応答がありません。")).to_have_count(2)


def test_the_key_stays_silent_while_somebody_types(board: Page) -> None:
    board.get_by_label("サイト・お客様").press("p")
    expect(board.get_by_label("15 秒ごとに自動更新する")).to_be_checked()


def test_whoever_takes_alarms_by_keyboard_goes_on_with_the_next_one(people: People, browse: Browse) -> None:
    """Not from the top of the page through the whole menu, fifty times."""
    for number in range(3):
        raise_alarm(key=f"a{number}", severity=Severity.HIGH, sentence=f"異常その {number}。", now=NOW)
    page = browse(people.dana)
    page.goto(BOARD)
    buttons = page.locator("#alarms").get_by_role("button", name="確認")
    buttons.first.focus()
    for left in (2, 1):
        with page.expect_navigation():
            page.keyboard.press("Enter")
        expect(buttons).to_have_count(left)
        page.keyboard.press("Tab")
        expect(page.locator("#alarms").get_by_role("link", name="当番表")).to_be_focused()  # Nobody is on duty here.
        page.keyboard.press("Tab")
        expect(buttons.first).to_be_focused()


@pytest.mark.parametrize(("key", "words", "calls"), [("t", "連絡を開始しました", 2), ("n", "「連絡しない」と記録", 0)])
def test_one_key_decides_about_all_that_is_held(
    people: People, browse: Browse, key: str, words: str, calls: int
) -> None:
    hold = Hold.objects.create(why=Hold.Why.MANY, opened_at=NOW, proved_at=NOW)
    for contract in (people.a, people.b):
        make_incident(contract, IncidentKind.DDOS, hold=hold, decision=Decision.WAITING)
    page = browse(people.dana)
    page.goto(reverse("console:hold", args=[hold.pk]))
    with page.expect_navigation():
        page.keyboard.press(key)
    assert "2 件" in page.locator(".messages").inner_text()
    assert words in page.locator(".messages").inner_text()
    assert not Incident.objects.filter(decision=Decision.WAITING).exists()
    assert CallRound.objects.count() == calls
