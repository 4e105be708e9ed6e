"""Which spans are read next: back to ninety days, only what is over, again what may have changed or is lacking."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sakimori.lib.jst import start_of_day
from sakimori.usage.reading import BUCKET, PER_DAY, Chunk, KnownDay, chunks, first_day, last_complete

NOW = datetime(2026, 11, 23, 3, 7, 12, tzinfo=UTC)  # 12:07 in Japan
TODAY = date(2026, 11, 23)
YESTERDAY = TODAY - timedelta(days=1)
UNTIL = datetime(2026, 11, 23, 3, 5, tzinfo=UTC)
ENDED = start_of_day(TODAY)


def at(hour: int, minute: int = 0, day: int = 23) -> datetime:
    """A moment in Japan."""
    return datetime(2026, 11, day, hour, minute, tzinfo=UTC) - timedelta(hours=9)


def test_the_five_minutes_that_are_running_are_left_out() -> None:
    assert last_complete(NOW) == UNTIL
    assert last_complete(UNTIL) == UNTIL


@pytest.mark.parametrize(
    ("starts_on", "expected"), [(date(2026, 11, 1), date(2026, 11, 1)), (date(2020, 1, 1), date(2026, 8, 25))]
)
def test_it_goes_back_to_the_contract_or_ninety_days(starts_on: date, expected: date) -> None:
    assert first_day(starts_on, NOW) == expected


def test_what_was_never_read_is_read_whole_the_newest_day_first() -> None:
    found = chunks({}, since=TODAY - timedelta(days=2), now=NOW)
    assert [chunk.day for chunk in found] == [TODAY, YESTERDAY, TODAY - timedelta(days=2)]
    assert (found[0].start, found[0].end) == (ENDED, UNTIL)
    assert found[1] == Chunk.whole(YESTERDAY)


def one(known: KnownDay, *, day: date, now: datetime = NOW) -> list[Chunk]:
    others = {TODAY: KnownDay(last_complete(now), now, PER_DAY), YESTERDAY: KnownDay(ENDED, now, PER_DAY)}
    return chunks({**others, day: known}, since=YESTERDAY, now=now)


@pytest.mark.parametrize(
    ("known", "day", "expected"),
    [
        (KnownDay(at(12, 5), at(12, 5), 145), TODAY, None),
        (KnownDay(at(12, 0), at(12, 0), 144), TODAY, (at(6, 0), at(12, 5))),
        (KnownDay(at(3, 0), at(3, 0), 36), TODAY, (at(0, 0), at(12, 5))),
        (KnownDay(at(23, 0, day=22), at(23, 0, day=22), 276), YESTERDAY, (at(17, 0, day=22), at(0, 0))),
        (KnownDay(at(0), at(0, 1), PER_DAY), YESTERDAY, (at(18, 0, day=22), at(0, 0))),
        (KnownDay(at(0), at(6, 1), PER_DAY), YESTERDAY, None),
        (KnownDay(at(0), at(6, 1), 287), YESTERDAY, None),
        (KnownDay(at(0), at(12, 0, day=22), 287), YESTERDAY, (at(18, 0, day=22), at(0, 0))),
    ],
)
def test_a_day_is_read_again_as_long_as_it_may_change(
    known: KnownDay, day: date, expected: tuple[datetime, datetime] | None
) -> None:
    found = one(known, day=day)
    assert [(chunk.start, chunk.end) for chunk in found] == ([expected] if expected else [])


def test_a_day_with_gaps_is_asked_for_whole_once_a_day() -> None:
    known = {YESTERDAY: KnownDay(ENDED, at(6, 1), 280)}
    for now, expected in ((at(6, 0, day=24), []), (at(6, 1, day=24), [Chunk.whole(YESTERDAY)])):
        others = {day: KnownDay(last_complete(now), now, PER_DAY) for day in (TODAY, date(2026, 11, 24))}
        assert chunks({**others, **known}, since=YESTERDAY, now=now) == expected


def test_at_midnight_there_is_nothing_of_the_new_day_yet() -> None:
    found = chunks({}, since=YESTERDAY, now=ENDED + timedelta(minutes=4))
    assert found == [Chunk.whole(YESTERDAY)]


@given(st.integers(min_value=0, max_value=86_399), st.integers(min_value=0, max_value=3))
def test_reading_everything_that_is_wanted_leaves_nothing_to_read(second: int, days: int) -> None:
    now = ENDED + timedelta(seconds=second)
    since = TODAY - timedelta(days=days)
    wanted = chunks({}, since=since, now=now)
    assert sum((chunk.end - chunk.start) // BUCKET for chunk in wanted) == days * PER_DAY + second // 300
    known = {chunk.day: KnownDay(chunk.end, now + timedelta(hours=6), PER_DAY) for chunk in wanted}
    assert chunks(known, since=since, now=now) == []
