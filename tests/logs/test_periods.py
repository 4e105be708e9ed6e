"""Usual periods and the steps between periods, at the edges of months, of what is kept, and of the present."""

from datetime import UTC, datetime, timedelta

import pytest

from sakimori.logs import periods
from sakimori.logs.condition import LogQuery
from sakimori.logs.search_address import read_moment, written_moment

HOUR = timedelta(hours=1)
NOW = datetime(2026, 11, 25, 0, 30, 20, tzinfo=UTC)  # 2026-11-25 09:30:20 in Japan.
OLDEST = datetime(2026, 8, 24, 15, 0, tzinfo=UTC)


def written(span: periods.Span) -> tuple[str, str]:
    return written_moment(span[0]), written_moment(span[1])


@pytest.mark.parametrize(
    ("name", "begins", "ends"),
    [
        ("1h", "2026-11-25T08:31", "2026-11-25T09:31"),
        ("24h", "2026-11-24T09:31", "2026-11-25T09:31"),
        ("7d", "2026-11-18T09:31", "2026-11-25T09:31"),
        ("30d", "2026-10-26T09:31", "2026-11-25T09:31"),
        ("month", "2026-11-01T00:00", "2026-11-25T09:31"),
        ("last-month", "2026-10-01T00:00", "2026-11-01T00:00"),
        ("", "2026-11-24T09:31", "2026-11-25T09:31"),
        ("x", "2026-11-24T09:31", "2026-11-25T09:31"),
    ],
)
def test_usual_periods(name: str, begins: str, ends: str) -> None:
    assert written(periods.usual(name, now=NOW, oldest=OLDEST)) == (begins, ends)


def test_a_usual_period_never_begins_before_what_is_kept() -> None:
    oldest = read_moment("2026-11-20")
    assert oldest is not None
    assert written(periods.usual("30d", now=NOW, oldest=oldest))[0] == "2026-11-20T00:00"
    begins, ends = periods.usual("last-month", now=NOW, oldest=oldest)
    assert oldest == begins < ends


def query(begins: str, ends: str) -> LogQuery:
    moments = read_moment(begins), read_moment(ends)
    assert moments[0] is not None
    assert moments[1] is not None
    return LogQuery(1, *moments)


def span(found: LogQuery | None) -> tuple[str, str] | None:
    return None if found is None else written((found.begins, found.ends))


def test_steps_from_the_middle() -> None:
    now = query("2026-11-10T00:00", "2026-11-11T00:00")
    assert span(periods.zoomed_in(now)) == ("2026-11-10T06:00", "2026-11-10T18:00")
    assert span(periods.zoomed_out(now, oldest=OLDEST, newest=NOW)) == ("2026-11-09T12:00", "2026-11-11T12:00")
    assert span(periods.earlier(now, oldest=OLDEST)) == ("2026-11-09T00:00", "2026-11-10T00:00")
    assert span(periods.later(now, newest=NOW)) == ("2026-11-11T00:00", "2026-11-12T00:00")


def test_steps_end_where_there_is_no_log() -> None:
    whole = LogQuery(1, OLDEST, NOW)
    assert periods.zoomed_out(whole, oldest=OLDEST, newest=NOW) is None
    assert periods.earlier(whole, oldest=OLDEST) is None
    assert periods.later(whole, newest=NOW) is None
    beyond = LogQuery(1, OLDEST + HOUR, NOW + HOUR)
    assert periods.zoomed_out(beyond, oldest=OLDEST, newest=NOW) == LogQuery(1, OLDEST, NOW + HOUR)
    assert periods.earlier(beyond, oldest=OLDEST) == LogQuery(1, OLDEST, OLDEST + HOUR)


def test_zooming_in_ends_at_seconds() -> None:
    short = LogQuery(1, NOW, NOW + timedelta(seconds=3))
    assert periods.zoomed_in(short) is None
    assert periods.zoomed_out(LogQuery(1, NOW - HOUR, NOW - HOUR), oldest=OLDEST, newest=NOW) is not None
