"""Over which time a file extends: absurd times move nothing, whether lines come one by one or in tables."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sakimori.logs.extent import Extent
from sakimori.logs.fields import Event
from sakimori.logs.store.blocks import event_table
from tests.moments import START

MINUTE = timedelta(minutes=1)
FUTURE = datetime(2099, 12, 31, tzinfo=UTC)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
TIMES = st.integers(0, 4_102_444_799_999).map(lambda number: EPOCH + timedelta(milliseconds=number))
NEAR = st.integers(-600_000, 600_000).map(lambda number: START + timedelta(milliseconds=number))


def extent(times: list[datetime], *, tables: bool) -> Extent:
    made = Extent(received_at=START)
    if tables:
        made.add_table(event_table([(number, Event(time=time)) for number, time in enumerate(times)]))
    else:
        for time in times:
            made.add(time)
    return made


@pytest.mark.parametrize("tables", [False, True])
@pytest.mark.parametrize(
    ("times", "first", "last"),
    [
        ([START - MINUTE], START - MINUTE, START - MINUTE),
        ([START - MINUTE, START - 3 * MINUTE], START - 3 * MINUTE, START - MINUTE),
        ([START - MINUTE, FUTURE], START - MINUTE, START - MINUTE),
        ([FUTURE], FUTURE, None),
        ([START + 4 * MINUTE], START + 4 * MINUTE, START),
        ([START + 5 * MINUTE], START + 5 * MINUTE, START),
        ([START + 6 * MINUTE, START - MINUTE], START - MINUTE, START - MINUTE),
        ([EPOCH, START - MINUTE], EPOCH, START - MINUTE),
    ],
)
def test_what_a_files_events_extend_over(
    times: list[datetime], first: datetime, last: datetime | None, tables: bool
) -> None:
    made = extent(times, tables=tables)
    assert (made.first_at, made.last_at) == (first, last)


def test_a_file_without_events_has_no_extent() -> None:
    made = Extent(received_at=START)
    made.add_table(event_table([(1, Event(time=START))]).slice(0, 0))
    assert (made.first_at, made.last_at) == (None, None)


@given(st.lists(TIMES | NEAR, min_size=1, max_size=30), st.integers(0, 30))
def test_it_does_not_matter_how_the_lines_come(times: list[datetime], cut: int) -> None:
    mixed = Extent(received_at=START)
    for time in times[:cut]:
        mixed.add(time)
    if times[cut:]:
        mixed.add_table(event_table([(1, Event(time=time)) for time in times[cut:]]))
    single = extent(times, tables=False)
    assert (mixed.first_at, mixed.last_at) == (single.first_at, single.last_at)
    assert mixed.first_at == min(times)
    assert mixed.last_at is None or mixed.last_at <= START
