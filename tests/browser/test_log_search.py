"""The log search in a browser: bars are dragged or chosen by keys, and what was found is narrowed without a mouse."""

import re
from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Locator, Page, Route, expect

from sakimori import backends
from sakimori.customers.models import Contract
from sakimori.lib.jst import JST, utc_now
from sakimori.logs.attack_kinds import AttackKind, Outcome
from sakimori.logs.fields import Event
from sakimori.logs.models import Export, ExportForm, ExportState
from sakimori.logs.store.interface import LogStore
from tests.browser.conftest import Browse, assert_held
from tests.people import NOW, People, make_people

pytestmark = pytest.mark.django_db(transaction=True)

_POLL_MS = 3_500
ADDRESS, OTHER = "198.51.100.44", "203.0.113.9"
_SPAN = "begins={begins:%Y-%m-%dT%H:00}&ends={ends:%Y-%m-%dT%H:00}"

_BOXES = """
all => all.filter(one => one.getClientRects().length).map(one => {
  const range = document.createRange();
  range.selectNodeContents(one);
  const {left, right, top} = range.getBoundingClientRect();
  return {text: one.textContent, left, right, top, size: parseFloat(getComputedStyle(one).fontSize)};
})
"""


@pytest.fixture
def people() -> People:
    return make_people()


@pytest.fixture(autouse=True)
def store(log_store: LogStore, people: People, monkeypatch: pytest.MonkeyPatch) -> LogStore:
    """Customer A has the option; attacks from two addresses by turns, and the same an hour before."""
    monkeypatch.setattr(backends, "log_store", lambda: log_store)
    Contract.objects.filter(pk=people.a.pk).update(keeps_logs=True)
    events = [_event(address, ago) for ago, address in ((10, ADDRESS), (12, OTHER), (70, ADDRESS), (72, OTHER))]
    log_store.append(list(enumerate(events, start=1)), contract_id=people.a.pk, file_id=1)
    return log_store


def _event(address: str, minutes: int) -> Event:
    return Event(
        time=utc_now() - timedelta(minutes=minutes),
        request_id=f"{address}-{minutes}",
        site="shop-a.example.jp",
        client_ip=address,
        country="JP" if address == ADDRESS else "US",
        attack_kind=AttackKind.SQL_INJECTION,
        attack_kinds=(AttackKind.SQL_INJECTION,),
        outcome=Outcome.BLOCKED,
        method="GET",
        url="shop-a.example.jp/",
        line="CEF:0|原文",
    )


@pytest.fixture(params=["portal", "console"])
def searched(request: pytest.FixtureRequest, people: People, browse: Browse) -> Page:
    """The search of the last hours, by the customer and at the SOC."""
    page = browse(people.alice if request.param == "portal" else people.dana)
    now = utc_now().astimezone(JST)
    span = _SPAN.format(begins=now - timedelta(hours=11), ends=now + timedelta(hours=1))
    page.goto(f"/{request.param}/logs/?contract={people.a.number}&{span}")
    return page


def period(page: Page) -> tuple[str, str]:
    """The ends of the period in the page's address."""
    query = parse_qs(urlsplit(page.url).query)
    return query["begins"][0], query["ends"][0]


def spans(page: Page) -> list[tuple[str, str]]:
    """The ends of each bar, the oldest first."""
    read = "bars => bars.map(bar => [bar.dataset.begins, bar.dataset.ends])"
    return [(begins, ends) for begins, ends in page.locator(".bars .bar").evaluate_all(read)]


def rows(page: Page) -> Locator:
    return page.locator(".log-rows tbody tr:not(.drawer)")


def middle(bar: Locator) -> tuple[float, float]:
    """A point on a bar, in pixels of the window."""
    bar.scroll_into_view_if_needed()
    box = bar.locator(".ground").bounding_box()
    assert box is not None
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


def test_a_drag_over_the_bars_zooms_and_the_address_holds_the_period(searched: Page) -> None:
    bars, wanted = searched.locator(".bars .bar"), spans(searched)
    searched.mouse.move(*middle(bars.nth(5)))
    searched.mouse.down()
    searched.mouse.move(*middle(bars.nth(2)), steps=3)
    expect(searched.locator("[data-timeline-said]")).to_contain_text("選択中")
    searched.mouse.move(*middle(bars.last), steps=3)
    with searched.expect_navigation():
        searched.mouse.up()
    assert period(searched) == (wanted[5][0], wanted[-1][1])
    expect(rows(searched)).to_have_count(4)
    expect(searched.locator("#id_begins")).to_have_value(wanted[5][0])


def test_the_same_by_keyboard_and_one_goes_on_from_the_chart(searched: Page) -> None:
    """Twice in a row, without the way through the menu."""
    searched.locator(".skip", has_text="グラフへ移動").focus()
    searched.keyboard.press("Enter")
    for _ in range(2):
        expect(searched.locator(".bars .bar").first).to_be_focused()
        wanted = spans(searched)
        searched.keyboard.press("End")
        searched.keyboard.press("Shift+ArrowLeft")
        expect(searched.locator("[data-timeline-said]")).to_contain_text(wanted[-2][0].replace("T", " "))
        searched.keyboard.press("Escape")
        expect(searched.locator("[data-timeline-said]")).to_have_text("")
        searched.keyboard.press("Home")
        searched.keyboard.press("ArrowRight")
        for _ in wanted[2:]:
            searched.keyboard.press("Shift+ArrowRight")
        with searched.expect_navigation():
            searched.keyboard.press("Enter")
        assert period(searched) == (wanted[1][0], wanted[-1][1])


@pytest.mark.parametrize("width", [1280, 640, 390])
def test_the_chart_has_its_scale_and_readable_words_at_any_width(searched: Page, width: int) -> None:
    """390: a telephone; 640: a usual screen at 200 %. Nothing scrolls sideways, and no two texts lie on each other."""
    searched.set_viewport_size({"width": width, "height": 800})
    assert searched.evaluate("document.documentElement.scrollWidth") <= width
    texts = searched.locator(".scale li, .bars .axis").evaluate_all(_BOXES)
    assert len(texts) >= 6
    for text in texts:
        assert text["size"] >= 12, text
        assert 0 <= text["left"] < text["right"] <= width, text
        assert [other for other in texts if other is not text and overlap(text, other)] == []


def overlap(one: dict[str, float], other: dict[str, float]) -> bool:
    """Whether two texts lie on each other. A font's box is higher than its digits."""
    beside = one["right"] <= other["left"] or other["right"] <= one["left"]
    return not beside and abs(one["top"] - other["top"]) < one["size"]


def test_the_lists_arrive_by_themselves(searched: Page) -> None:
    lists = searched.locator("#lists table")
    expect(lists.filter(has_text="接続元")).to_contain_text(OTHER)
    expect(lists.filter(has_text="攻撃種別")).to_contain_text(re.compile(r"SQLインジェクション.*4", re.DOTALL))


def test_a_value_is_taken_in_and_ruled_out_with_the_mouse_and_nothing_is_covered(searched: Page) -> None:
    cell = rows(searched).first.locator("td", has_text=ADDRESS)
    cell.hover()
    buttons = cell.get_by_title("この値で絞り込む")
    expect(buttons.first).to_have_css("opacity", "1")
    for box in (button.bounding_box() for button in cell.locator(".quick").all()):
        whole = cell.bounding_box()
        assert box is not None
        assert whole is not None
        assert box["x"] + box["width"] <= whole["x"] + whole["width"], "beside the value, not over the next column"
    buttons.first.click()
    expect(rows(searched)).to_have_count(2)
    expect(rows(searched).get_by_text(OTHER)).to_have_count(0)
    searched.get_by_role("link", name="除外に変える").click()
    expect(rows(searched)).to_have_count(2)
    expect(rows(searched).get_by_text(ADDRESS)).to_have_count(0)


@pytest.mark.parametrize("beyond", [0, 1], ids=["lists in sight", "lists out of sight"])
def test_what_arrives_late_moves_nothing_that_one_points_at(searched: Page, beyond: int) -> None:
    """The lists arrive above the rows between the pressing of a button and its release."""
    held: list[Route] = []

    def hold(route: Route) -> None:
        held.append(route)

    searched.route("**/logs/lists/*", hold)
    searched.set_viewport_size({"width": 1280, "height": 500})
    with searched.expect_request("**/logs/lists/*"):
        searched.reload()
    rows(searched).first.evaluate("(row, beyond) => row.scrollIntoView({block: beyond ? 'start' : 'center'})", beyond)
    cell = rows(searched).first.locator("td", has_text=ADDRESS)
    cell.hover()
    button = cell.get_by_title("この値で絞り込む").first
    place = button.bounding_box()
    assert place is not None
    searched.mouse.move(place["x"] + place["width"] / 2, place["y"] + place["height"] / 2)
    searched.mouse.down()
    held[0].continue_()
    expect(searched.locator("#lists table").first).to_be_attached()
    assert_held(button, place)
    with searched.expect_navigation():
        searched.mouse.up()
    expect(rows(searched)).to_have_count(2)


def test_a_value_is_taken_in_and_ruled_out_by_keys(searched: Page) -> None:
    """One stop for the tab key, whatever the number of rows; afterwards one is in the list again."""
    expect(searched.locator(".log-rows .quick a[tabindex='0']")).to_have_count(1)
    searched.locator(".skip", has_text="一覧へ移動").focus()
    searched.keyboard.press("Enter")
    searched.keyboard.press("Tab")
    for key in ("ArrowDown", "ArrowRight"):
        searched.keyboard.press(key)
    chosen = searched.locator(".quick a:focus")
    expect(chosen).to_have_accessible_name(f"この値で絞り込む（接続元 IP アドレス：{OTHER}）")
    expect(searched.locator(".quick:focus-within")).to_have_css("opacity", "1")
    for key in ("ArrowUp", "ArrowUp", "ArrowLeft", "ArrowLeft", "ArrowRight"):
        searched.keyboard.press(key)
    with searched.expect_navigation():
        searched.keyboard.press("-")
    expect(rows(searched)).to_have_count(2)
    expect(rows(searched).get_by_text(ADDRESS)).to_have_count(0)
    searched.keyboard.press("Tab")
    searched.keyboard.press("End")
    with searched.expect_navigation():
        searched.keyboard.press("+")
    expect(searched.locator(".chips")).to_contain_text("URL：shop-a.example.jp/")


def test_a_tap_shows_the_buttons_of_a_value(people: People, browse: Browse) -> None:
    page = browse(people.alice, has_touch=True, is_mobile=True, viewport={"width": 390, "height": 800})
    page.goto("/portal/logs/")
    expect(page.locator("[data-rows-hint]")).to_contain_text("値に触れると")
    expect(page.locator("#lists table").first).to_be_attached()  # A finger is known of only when it touches.
    cell = rows(page).first.locator("td", has_text=ADDRESS)
    cell.locator("code.ip").tap()
    cell.get_by_title("この値を除外").first.tap()
    expect(rows(page)).to_have_count(2)
    expect(rows(page).get_by_text(ADDRESS)).to_have_count(0)


def test_the_drawer_shows_every_field_and_escape_leads_back(searched: Page) -> None:
    row = searched.locator(".log-rows tr.drawer").first
    row.locator("summary").focus()
    searched.keyboard.press("Enter")
    body = row.locator(".drawer-body")
    for words in ("CEF:0|原文", "発生時刻", "メソッド", ADDRESS):
        expect(body).to_contain_text(words)
    searched.keyboard.press("Tab")
    expect(body.locator(":focus")).to_have_count(1)
    searched.keyboard.press("Escape")
    expect(row.locator("details[open]")).to_have_count(0)
    expect(row.locator("summary")).to_be_focused()


def test_the_address_of_a_search_holds_only_what_was_filled_in(searched: Page) -> None:
    for address in (ADDRESS, OTHER):
        searched.locator("#id_address").fill(address)
        with searched.expect_navigation():
            searched.get_by_role("button", name="検索する").click()
    expect(searched.locator(".chip")).to_have_count(2)
    query = parse_qs(urlsplit(searched.url).query, keep_blank_values=True)
    assert set(query) == {"contract", "begins", "ends", "address"}
    assert query["address"] == [ADDRESS, OTHER]


def test_progress_leaves_focus_and_opened_details_where_they_are_and_ends_with_the_work(
    people: People, browse: Browse
) -> None:
    ready, moving = (
        Export.objects.create(
            contract=people.a,
            by=people.alice,
            form=ExportForm.CSV,
            state=state,
            total=4,
            asked_at=NOW,
            next_try_at=NOW,
            expires_at=NOW,
        )
        for state in (ExportState.READY, ExportState.RUNNING)
    )
    page = browse(people.alice)
    page.clock.install()
    page.goto("/portal/logs/downloads/")
    page.get_by_text("SHA-256").click()
    button = page.get_by_role("button", name="作成を中止する")
    button.focus()
    button.evaluate("one => { one.dataset.same = 'yes'; }")
    Export.objects.filter(pk=moving.pk).update(done=3)
    page.clock.run_for(_POLL_MS)
    expect(page.locator(f"#state-{moving.pk}")).to_contain_text("3 / 4 件")
    expect(page.locator("button[data-same]")).to_be_focused()
    Export.objects.filter(pk=moving.pk).update(state=ExportState.READY)
    page.clock.run_for(_POLL_MS)
    expect(page.locator(f"#deeds-{moving.pk}")).to_contain_text("ZIP をダウンロード")
    expect(page.locator(f"#drop-{moving.pk}")).to_be_focused()
    expect(page.locator(f"#deeds-{ready.pk} details[open]")).to_have_count(1)
    expect(page.get_by_text("作成中のダウンロードはありません。")).to_be_visible()
    expect(page.locator("[hx-trigger='every 3s']")).to_have_count(0)
