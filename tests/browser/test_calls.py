"""The call sheet in a browser, by two keys and without a script; the printed list of whom to call fits its paper."""

import re

import pytest
from playwright.sync_api import Page, Route, expect

from sakimori.customers.models import Contact, Customer
from sakimori.lib.jst import utc_now
from sakimori.notify.calling import call_contacts
from sakimori.notify.duties import ring_due
from sakimori.notify.models import Call, CallRound, CallState, RoundState
from tests.browser.conftest import Browse
from tests.people import People, make_people

pytestmark = pytest.mark.django_db(transaction=True)
NOTE = "代表に「システム課の内線 123」とお伝えください。夜間は守衛室につながります。"
_A4_MM = (210.0, 297.0)
_POINTS_PER_MM = 72 / 25.4


@pytest.fixture
def people() -> People:
    made = make_people()
    for priority in (1, 2, 3):
        add_contact(made.a.customer, priority)
    return made


@pytest.fixture
def round_(people: People) -> CallRound:
    made = call_contacts(
        key="x", customer=people.a.customer, subject="サイト停止", say="表示できません。", now=utc_now()
    )
    ring_due(voice=None, worker="one", clock=utc_now)
    return made


def add_contact(customer: Customer, priority: int, **columns: str) -> Contact:
    return Contact.objects.create(
        customer=customer,
        name=f"連絡先{priority}",
        kana="レンラクサキ",
        email=f"{priority}@example.jp",
        phone=f"03-0000-10{priority:02}",
        priority=priority,
        **columns,
    )


def sheet(browse: Browse, people: People, round_: CallRound) -> Page:
    page = browse(people.dana)
    page.goto(f"/console/calls/{round_.pk}/")
    return page


def take(page: Page) -> None:
    """The operator says that he dials."""
    with page.expect_navigation():
        page.get_by_role("button", name="この方に架電する").click()


def write_down(page: Page, digit: str) -> None:
    """Two keys."""
    page.keyboard.press(digit)
    with page.expect_navigation():
        page.keyboard.press("Enter")


def states(round_: CallRound) -> list[str]:
    return list(Call.objects.filter(round=round_).order_by("place").values_list("state", flat=True))


def test_a_result_is_written_down_by_a_digit_and_enter(browse: Browse, people: People, round_: CallRound) -> None:
    page = sheet(browse, people, round_)
    expect(page.locator("p.dial").first).to_contain_text("03-0000-1001")
    take(page)
    write_down(page, "2")
    expect(page.locator(".messages")).to_contain_text("連絡先1 様への架電の結果「話し中」を記録しました。")
    expect(page.locator("p.dial").first).to_contain_text("03-0000-1002")
    take(page)
    write_down(page, "3")
    take(page)
    write_down(page, "1")
    assert states(round_) == [CallState.BUSY, CallState.NO_ANSWER, CallState.CONFIRMED]
    assert CallRound.objects.get().state == RoundState.REACHED
    assert Call.objects.get(place=3).spoke_with == "連絡先3", "the name stands there already"


def test_a_key_says_that_one_dials(browse: Browse, people: People, round_: CallRound) -> None:
    page = sheet(browse, people, round_)
    expect(page.locator("main kbd").first).to_have_text("d")
    with page.expect_navigation():
        page.keyboard.press("d")
    write_down(page, "1")
    assert states(round_) == [CallState.CONFIRMED, CallState.PLANNED, CallState.PLANNED]


def test_a_digit_in_a_name_or_a_key_that_is_none_chooses_nothing(
    browse: Browse, people: People, round_: CallRound
) -> None:
    page = sheet(browse, people, round_)
    take(page)
    name = page.get_by_label("お話しした方のお名前")
    name.fill("")
    name.press("2")
    expect(name).to_have_value("2")
    page.locator("h1").click()
    page.keyboard.press("9")
    page.keyboard.press("Enter")
    expect(page.locator("input[name=result]:checked")).to_have_count(0)
    assert states(round_)[0] == CallState.INTENDED


def test_the_sheet_works_without_a_script(browse: Browse, people: People, round_: CallRound) -> None:
    page = browse(people.dana)

    def empty(route: Route) -> None:
        route.fulfill(content_type="text/javascript", body="")

    page.route("**/*.js", empty)
    page.goto(f"/console/calls/{round_.pk}/")
    take(page)
    page.get_by_label(re.compile("話し中")).check()
    with page.expect_navigation():
        page.get_by_role("button", name="結果を記録する").click()
    assert states(round_) == [CallState.BUSY, CallState.PLANNED, CallState.PLANNED]


def test_the_printed_list_fits_on_a4_and_nothing_is_cut(browse: Browse, people: People) -> None:
    for priority in range(4, 40):
        add_contact(people.a.customer, priority, phone_note=NOTE, second_phone="090-0000-0001", phone_kind="person")
    page = browse(people.dana)
    page.set_viewport_size({"width": 718, "height": 1047})  # A4 without margins of 10 mm, at 96 dots per inch.
    page.emulate_media(media="print")
    page.goto("/console/call-list/")
    width = page.evaluate("document.documentElement.clientWidth")
    cut = page.evaluate(
        "width => [...document.querySelectorAll('main *')].filter(one => {"
        " const box = one.getBoundingClientRect();"
        " return box.width && (box.right > width + 1 || one.scrollWidth > one.clientWidth + 1 && one.clientWidth)"
        "}).map(one => `${one.tagName} ${one.textContent.slice(0, 30)}`)",
        width,
    )
    assert cut == []
    margins = dict.fromkeys(("top", "right", "bottom", "left"), "10mm")
    paper = page.pdf(format="A4", margin=margins)  # type: ignore[arg-type]
    boxes = {tuple(map(float, found.split())) for found in re.findall(rb"/MediaBox \[([^\]]*)\]", paper)}
    for box in boxes:
        assert box[2:] == pytest.approx([side * _POINTS_PER_MM for side in _A4_MM], abs=1.5)
    assert len(re.findall(rb"/Type /Page\b", paper)) >= 2
    expect(page.locator("nav").first).to_be_hidden()
