"""A site's charts: the same time below the same time, and nothing left out of which there are only sums."""

import re
from datetime import datetime, timedelta

import pytest

from sakimori.incidents.history import Bucket, Dot, History, Period
from sakimori.incidents.history_chart import draw_availability, draw_time, times_of_day
from tests.moments import START

HOUR = timedelta(hours=1)
BEGIN = START.replace(minute=0, second=0, microsecond=0)


def bucket(begins_at: datetime, median_ms: int | None = 200) -> Bucket:
    return Bucket(begins_at, 12, 3600, 0, 0, 0, median_ms, 900)


def history(period: Period, *buckets: Bucket, dots: tuple[Dot, ...] = ()) -> History:
    return History(period, BEGIN, BEGIN + period.span, buckets, dots)


def test_hours_of_which_only_sums_are_kept_stand_on_the_line_with_their_median() -> None:
    visited, summed, silent = bucket(BEGIN), bucket(BEGIN + HOUR, 250), bucket(BEGIN + 2 * HOUR, None)
    dots = (Dot(BEGIN + timedelta(minutes=10), 190), Dot(BEGIN + timedelta(minutes=5), 210))
    assert times_of_day(history(Period.DAY, visited, summed, silent, dots=dots)) == [
        (BEGIN + timedelta(minutes=5), 210),
        (BEGIN + timedelta(minutes=10), 190),
        (BEGIN + timedelta(minutes=17, seconds=30), None),
        (BEGIN + HOUR + timedelta(minutes=30), 250),
        (BEGIN + 2 * HOUR + timedelta(minutes=30), None),
    ]


def test_a_line_ends_where_nobody_looked_and_where_nothing_was_displayed() -> None:
    """Between the last visit before a gap and the first one behind it nothing is known, so nothing is drawn."""
    minutes = (0, 5, 10, 30, 35, 40, 45)
    dots = tuple(Dot(BEGIN + timedelta(minutes=each), None if each == 40 else 200) for each in minutes)
    shown = history(Period.DAY, bucket(BEGIN), dots=dots)
    assert [(at - BEGIN).seconds / 60 for at, took in times_of_day(shown) if took is None] == [17.5, 40]
    assert strokes(draw_time(shown)) == 3
    hours = [bucket(BEGIN + number * HOUR, None if number == 4 else 200) for number in (0, 1, 3, 4, 5, 6)]
    assert strokes(draw_time(history(Period.DAY, *hours))) == 3
    assert strokes(draw_time(history(Period.WEEK, *hours))) == 2 * 3 - 1, "the highest is known where no median is"
    days = [bucket(BEGIN + timedelta(days=number)) for number in (0, 1, 2, 5, 6)]
    assert strokes(draw_time(history(Period.QUARTER, *days))) == 2 * 2


def test_hours_and_visits_beside_each_other_are_one_line() -> None:
    dots = tuple(Dot(BEGIN + 2 * HOUR + timedelta(minutes=each), 200) for each in range(2, 60, 5))
    shown = history(Period.DAY, bucket(BEGIN), bucket(BEGIN + HOUR), bucket(BEGIN + 2 * HOUR), dots=dots)
    assert [took for _, took in times_of_day(shown)] == [200] * 14
    assert strokes(draw_time(shown)) == 1


@pytest.mark.parametrize("period", list(Period))
def test_both_charts_have_the_same_axis_whatever_was_measured(period: Period) -> None:
    """A single hour of a long period stands where it belongs, not across the whole picture."""
    shown = history(period, bucket(BEGIN + period.span / 2))
    axes = [labels(draw(shown)) for draw in (draw_time, draw_availability)]
    assert axes[0] == axes[1]
    assert 3 < len(axes[0]) < 20, "with room between them"
    assert len(axes[0]) - len(set(axes[0])) <= 1, "each once, but for the two ends of a day"


@pytest.mark.parametrize("draw", [draw_time, draw_availability])
def test_a_site_that_was_never_measured_has_an_empty_chart(draw: object) -> None:
    assert callable(draw)
    assert draw(history(Period.DAY)).startswith("<svg")


def labels(svg: str) -> list[str]:
    """What stands below the picture."""
    texts = [part.partition("</text>")[0].rpartition(">")[2] for part in svg.split("<text")[1:]]
    return [text for text in texts if ":" in text or "/" in text]


def strokes(svg: str) -> int:
    """In how many pieces the lines are drawn."""
    lines = re.findall(r'<g class="mark-line[^"]*">.*?</g>|<path[^>]*stroke-width="1.4"[^>]*>', svg)
    return sum(len(re.findall(r"M", path)) for line in lines for path in re.findall(r' d="([^"]*)"', line))
