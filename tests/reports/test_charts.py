"""The chart of a report: a bar for each day and outcome, Japanese labels in the typeface of the page."""

import re
from datetime import date
from xml.etree import ElementTree as ET

import pytest

from sakimori.lib.pdf import FONT
from sakimori.reports.charts import daily_chart
from sakimori.reports.figures import Count
from tests.reports import samples

SPACE = "{http://www.w3.org/2000/svg}"
BLOCKED, PASSED, REST = "#0a4f99", "#c2570c", "#9aa5b1"


def texts(svg: bytes) -> list[str]:
    root = ET.fromstring(svg)
    return [node.text or "" for node in root.iter(f"{SPACE}text")]


def bars(svg: bytes, colour: str) -> int:
    """Bars of a colour that have a height; the legend's square is not one of them."""
    found = re.findall(rf'<path aria-label="([^"]+)"[^>]*fill="{colour}"', svg.decode())
    return sum(not label.endswith("events: 0") and "events: 0;" not in label for label in found)


def test_words_are_japanese_and_in_the_typeface_of_the_page() -> None:
    svg = daily_chart(samples.busy())
    shown = texts(svg)
    assert {"遮断", "通過", "その他"} <= set(shown)
    assert [word for word in shown if re.search("[A-Za-z]", word)] == []
    assert FONT in svg.decode()


def test_every_day_of_the_period_has_its_place() -> None:
    shown = texts(daily_chart(samples.busy()))
    assert [str(number) for number in range(1, 32)] == [text for text in shown if text.isdecimal() and text != "0"][:31]


@pytest.mark.parametrize(
    ("outcome", "colour"),
    [("blocked", BLOCKED), ("allowed", PASSED), ("challenged", REST), ("denied", REST), ("error", REST)],
)
def test_an_outcome_is_drawn_in_its_colour(outcome: str, colour: str) -> None:
    svg = daily_chart(samples.make_figures([Count(date(2026, 10, 5), "a", "ddos", outcome, 3)]))
    drawn = {one: bars(svg, one) for one in (BLOCKED, PASSED, REST)}
    assert drawn == {one: int(one == colour) for one in drawn}


def test_large_numbers_have_commas_and_small_ones_no_fractions() -> None:
    large = texts(daily_chart(samples.make_figures([Count(samples.DAYS[0], "a", "ddos", "blocked", 2_000_000)])))
    assert "2,000,000" in large
    small = texts(daily_chart(samples.make_figures([Count(samples.DAYS[0], "a", "ddos", "blocked", 1)])))
    assert not any("." in text for text in small)


def test_the_same_figures_give_the_same_picture() -> None:
    assert daily_chart(samples.busy()) == daily_chart(samples.busy())
