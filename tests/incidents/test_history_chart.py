"""A site's charts: the same time below the same time, and nothing left out of which there are only sums."""

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
        (BEGIN + HOUR + timedelta(minutes=30), 250),
    ]


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
