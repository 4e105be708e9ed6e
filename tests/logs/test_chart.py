"""The drawing of the bars, and the links and words around it."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qsl

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sakimori.logs.attack_kinds import AttackKind, Outcome
from sakimori.logs.chart import HEIGHT, PLOT_HEIGHT, TOP, Chart, chart_of, grid_step
from sakimori.logs.condition import LogQuery
from sakimori.logs.fields import Event
from sakimori.logs.filters import EMPTY, LONGEST_VALUE, By, Filter
from sakimori.logs.links import Choice, Links, words_of
from sakimori.logs.timeline import Split, Timeline, bars, step_of
from sakimori.logs.wording import details_of, log_row

MIDNIGHT = datetime(2026, 10, 31, 15, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
COLUMNS = {
    "time": MIDNIGHT,
    "site": "shop.example.jp",
    "client_ip": "198.51.100.7",
    "address": "198.51.100.7",
    "client_ip_text": "198.51.100.7",
    "country": "",
    "attack_kind": "sql_injection",
    "attack_kinds": ["sql_injection", "bad_bot"],
    "outcome": "blocked",
    "method": "GET",
    "url": "shop.example.jp/",
    "query": "",
    "status": None,
    "rule_names": ["", "Rule A", "Rule A"],
    "rule_ids": ["1", "2", "3"],
    "request_id": "r1",
}


def drawn(counts: Mapping[int, Mapping[str, int]], *, hours: int = 24, split: Split = Split.OUTCOME) -> Chart:
    """A chart of bars that are counted by their place."""
    query = LogQuery(1, MIDNIGHT, MIDNIGHT + hours * HOUR)
    step = step_of(hours * HOUR)
    first = int((MIDNIGHT.timestamp() + 9 * 3600) / step.total_seconds())
    counted = ((first + place, part, count) for place, parts in counts.items() for part, count in parts.items())
    return chart_of(Timeline(step, bars(query, step, counted)), Links(query, "K-1", split))


@given(
    st.dictionaries(
        st.integers(0, 47),
        st.dictionaries(st.sampled_from([each.value for each in Outcome]), st.integers(0, 10**9), max_size=6),
        max_size=48,
    )
)
def test_every_piece_lies_inside_the_drawing_and_counts_agree(counts: dict[int, dict[str, int]]) -> None:
    chart = drawn(counts)
    assert sum(part.count for part in chart.parts) == sum(column.count for column in chart.columns)
    for column in chart.columns:
        assert 0 <= column.x < column.x + column.width <= 100
        assert sum(column.counts) == column.count
        assert len(column.counts) == len(chart.parts)
        for piece in column.pieces:
            assert piece.height >= 1
            assert TOP - 1 <= piece.y < piece.y + piece.height <= HEIGHT
    assert all(TOP <= each.at <= TOP + PLOT_HEIGHT for each in chart.lines)
    assert 2 <= len(chart.lines) <= 6


@pytest.mark.parametrize(
    ("most", "step"), [(0, 1), (1, 1), (5, 1), (6, 2), (10, 2), (11, 5), (25, 5), (26, 10), (232, 50), (1000, 200)]
)
def test_the_grid_has_round_numbers(most: int, step: int) -> None:
    assert grid_step(most) == step


@pytest.mark.parametrize(
    ("hours", "first", "number"),
    [(1, "00:00", 6), (24, "00:00", 8), (7 * 24, "11/01", 7), (30 * 24, "11/03", 6), (93 * 24, "11/05", 7)],
)
def test_ticks_are_few_and_at_round_moments(hours: int, first: str, number: int) -> None:
    ticks = drawn({}, hours=hours).ticks
    assert ticks[0].text == first
    assert len(ticks) == number


@pytest.mark.parametrize(
    ("begins", "hours", "days", "kept"),
    [
        (18, 24, ["11/01", "", "11/02", "", "", "", "", ""], ["18:00", "00:00", "06:00", "12:00"]),
        (15, 24, ["11/01", "", "", "11/02", "", "", "", ""], ["18:00", "00:00", "06:00", "12:00"]),
        (1, 2, ["11/01", "", "", ""], ["01:00", "02:00"]),
        (0, 48, ["11/01", "", "", "", "11/02", "", "", ""], ["00:00", "12:00", "00:00", "12:00"]),
    ],
)
def test_a_day_stands_under_the_first_moment_and_wherever_another_begins(
    begins: int, hours: int, days: list[str], kept: list[str]
) -> None:
    """Also where half of the moments are left out for want of room: a day that begins never is."""
    query = LogQuery(1, MIDNIGHT + begins * HOUR, MIDNIGHT + (begins + hours) * HOUR)
    step = step_of(hours * HOUR)
    ticks = chart_of(Timeline(step, bars(query, step, ())), Links(query, "K-1")).ticks
    assert [tick.day for tick in ticks] == days
    assert [tick.text for tick in ticks if not tick.is_spare] == kept


def test_a_short_period_is_told_to_the_second() -> None:
    query = LogQuery(1, MIDNIGHT, MIDNIGHT + timedelta(seconds=40))
    step = step_of(timedelta(seconds=40))
    chart = chart_of(Timeline(step, bars(query, step, ())), Links(query, "K-1"))
    assert chart.ticks[0].text == "00:00:00"


def test_outcomes_keep_their_colours_and_come_in_one_order() -> None:
    chart = drawn({0: {"allowed": 1, "blocked": 2}, 1: {"unknown": 1}})
    assert [(part.style, part.label, part.count) for part in chart.parts] == [
        ("of-blocked", "遮断", 2),
        ("of-allowed", "通過", 1),
        ("of-unknown", "不明", 1),
    ]
    assert chart.columns[0].counts == [2, 1, 0]
    assert dict(parse_qsl(chart.columns[1].address[1:]))["begins"] == "2026-11-01T00:30"
    assert "2026年11月1日 00:30:00 から" in chart.columns[1].words


def test_many_kinds_share_the_last_colour() -> None:
    kinds = [kind.value for kind in AttackKind]
    counts = {kind: 100 - place for place, kind in enumerate(kinds)}
    chart = drawn({0: counts, 1: {kinds[-1]: 3}}, split=Split.KIND)
    assert [part.style for part in chart.parts] == [*(f"of-rank{n}" for n in range(1, 6)), "of-rest"]
    assert chart.parts[-1].label == "その他の種別"
    assert sum(part.count for part in chart.parts) == sum(counts.values()) + 3
    assert chart.columns[1].counts == [0, 0, 0, 0, 0, 3]
    few = drawn({0: dict.fromkeys(kinds[:6], 1)}, split=Split.KIND)
    assert [part.style for part in few.parts] == [f"of-rank{n}" for n in range(1, 7)]


def links(*filters: Filter) -> Links:
    return Links(LogQuery(1, MIDNIGHT, MIDNIGHT + HOUR, frozenset(filters)), "K-1", Split.KIND)


def test_links_keep_contract_colours_and_other_filters() -> None:
    us = Filter(By.COUNTRY, "US")
    choice = links(us).choice(By.SITE, "a&b=c")
    assert parse_qsl(choice.include[1:]) == [
        ("contract", "K-1"),
        ("bars", "attack_kind"),
        ("begins", "2026-11-01T00:00"),
        ("ends", "2026-11-01T01:00"),
        ("site", "a&b=c"),
        ("country", "US"),
    ]
    assert ("not_site", "a&b=c") in parse_qsl(choice.exclude[1:])
    assert ("country", "US") not in parse_qsl(links(us).choice(By.COUNTRY, "US").exclude[1:])


def test_a_value_that_is_too_long_to_be_sought_has_no_links() -> None:
    assert links().choice(By.URL, "u" * (LONGEST_VALUE + 1)).include == ""
    assert links().choice(By.URL, "u" * LONGEST_VALUE).include != ""


@pytest.mark.parametrize(
    ("by", "value", "words"),
    [
        (By.KIND, "sql_injection", "SQLインジェクション"),
        (By.OUTCOME, "blocked", "遮断"),
        (By.KIND, "new_kind", "new_kind"),
        (By.COUNTRY, EMPTY, "不明"),
        (By.SITE, EMPTY, "（なし）"),
        (By.TEXT, EMPTY, EMPTY),
        (By.COUNTRY, "JP", "日本（JP）"),
        (By.COUNTRY, "XX", "XX"),
    ],
)
def test_a_value_in_words(by: By, value: str, words: str) -> None:
    assert words_of(by, value) == words


def test_chips_say_what_is_on_and_lead_away_from_it() -> None:
    chips = links(Filter(By.COUNTRY, "US"), Filter(By.OUTCOME, "blocked", exclude=True)).chips()
    assert [(chip.text, chip.exclude) for chip in chips] == [("結果：遮断", True), ("国：アメリカ（US）", False)]
    assert ("outcome", "blocked") in parse_qsl(chips[0].turn[1:])
    assert "outcome" not in chips[0].remove
    assert "country=US" in chips[0].remove


def row(**columns: object) -> dict[str, object]:
    whole = Event(time=MIDNIGHT)._asdict()
    return {**whole, **COLUMNS, "file_id": 7, "line_no": 3, "frame": "", **columns}


def test_a_listed_event_in_words() -> None:
    shown = log_row(row(query="q=1"), links())
    assert shown.request == "GET shop.example.jp/?q=1"
    assert shown.place == "1793458800000-7-3"
    assert [kind.text for kind in shown.kinds] == ["SQLインジェクション", "悪性ボット"]
    assert [rule.text for rule in shown.rules] == ["Rule A"]
    assert (shown.country.text, shown.tone) == ("不明", "stop")


def test_a_listed_request_can_be_read_where_it_was_sent_encoded() -> None:
    shown = log_row(row(url="shop.example.jp/%E6%9D%B1%", query="q=%E4%BA%AC+1&x=%FF"), links())
    assert shown.request == "GET shop.example.jp/%E6%9D%B1%?q=%E4%BA%AC+1&x=%FF"
    assert shown.decoded == "shop.example.jp/東%?q=京 1&x=%FF"
    assert log_row(row(query="q=1"), links()).decoded == ""


def test_all_of_an_event_has_what_was_sent_and_what_it_says() -> None:
    event = row(url="shop.example.jp/%E6%9D%B1+1", query="a=%e2%80%ae+b", referrer="https://shop.example.jp/%FF")
    details = {detail.label: detail.text for detail in details_of(event, links())}
    assert (details["URL"], details["URL（デコード後）"]) == ("shop.example.jp/%E6%9D%B1+1", "shop.example.jp/東+1")
    assert (details["クエリ"], details["クエリ（デコード後）"]) == ("a=%e2%80%ae+b", "a=\u202e b")
    assert "リファラー（デコード後）" not in details


def test_an_address_that_could_not_be_read_is_shown_as_it_came_and_sought_as_lacking() -> None:
    shown = log_row(row(address="", client_ip_text="999.1.1.1"), links()).address
    assert shown.text == "999.1.1.1"
    assert "address=-" in shown.include
    assert log_row(row(address="", client_ip_text=""), links()).address.text == "（なし）"


def test_rules_without_names_go_by_their_numbers() -> None:
    assert [rule.text for rule in log_row(row(rule_names=["", ""]), links()).rules] == ["1", "2", "3"]


def test_a_rule_that_is_sought_comes_first_and_as_it_is_sought() -> None:
    sought = links(Filter(By.RULE, "3"), Filter(By.RULE, "nowhere"))
    assert [rule.text for rule in log_row(row(), sought).rules] == ["3", "Rule A"]


def test_an_event_tells_every_column_that_says_something_with_what_can_be_sought() -> None:
    details = {detail.label: detail for detail in details_of(row(extra={"新": "値"}, line="原文の行"), links())}
    assert details["原文"].text == "原文の行"
    assert details["その他の項目"].text == "新=値"
    assert details["発生時刻"].text == "2026年11月1日 00:00:00.000"
    assert "都市" not in details
    assert [choice.text for choice in details["攻撃種別（すべて）"].choices] == ["SQLインジェクション", "悪性ボット"]
    assert [choice.text for choice in details["ルール名"].choices] == ["Rule A"]
    assert details["ルール ID"].choices == ()
    sought: list[Choice] = [choice for detail in details.values() for choice in detail.choices]
    assert {choice.label for choice in sought} == {
        by.label for by in (By.SITE, By.ADDRESS, By.KIND, By.OUTCOME, By.URL, By.RULE, By.REQUEST)
    }
