"""What is late, in words and in the store's own: one rule."""

from datetime import UTC, datetime, timedelta

import pytest

from sakimori.logs.fields import Event
from sakimori.logs.lateness import IMPORT_DOOR, timely
from sakimori.logs.searching import IS_TIMELY, OF_FILES_SQL, WITH_FILES_SQL, Searched, values_of
from sakimori.logs.store.interface import LogStore

NOW = datetime(2026, 11, 23, 3, 0, 0, 123_456, tzinfo=UTC)
LIMIT = timedelta(minutes=60)
MILLISECOND = timedelta(milliseconds=1)
AGES = {
    timedelta(0): True,
    LIMIT: True,
    LIMIT + MILLISECOND: False,
    LIMIT - MILLISECOND: True,
    -LIMIT: True,
    -LIMIT - MILLISECOND: False,
    timedelta(days=400): False,
    timedelta(days=-400): False,
}


@pytest.mark.parametrize(("age", "expected"), AGES.items())
@pytest.mark.parametrize("door", ["pull", "hec", "drop", "syslog", "bucket"])
def test_an_event_is_late_when_its_time_is_further_from_its_arrival_than_the_limit(
    age: timedelta, expected: bool, door: str
) -> None:
    assert timely(door=door, received_at=NOW, limit=LIMIT).holds(NOW - age) is expected


@pytest.mark.parametrize("age", AGES)
def test_what_somebody_imported_is_late_however_young_it_is(age: timedelta) -> None:
    assert not timely(door=IMPORT_DOOR, received_at=NOW, limit=LIMIT).holds(NOW - age)


@pytest.mark.parametrize("door", ["pull", IMPORT_DOOR])
def test_the_store_counts_by_the_same_rule(log_store: LogStore, door: str) -> None:
    times = [NOW - age for age in AGES]
    log_store.append([(number, Event(time=at)) for number, at in enumerate(times, 1)], contract_id=1, file_id=1)
    span = timely(door=door, received_at=NOW, limit=LIMIT)
    values = values_of([Searched(1, 1, span)])
    sql = f"WITH {WITH_FILES_SQL} SELECT line_no FROM events WHERE {OF_FILES_SQL} AND {IS_TIMELY} ORDER BY line_no"
    rows = log_store.query(sql, values)
    assert [row["line_no"] for row in rows] == [number for number, at in enumerate(times, 1) if span.holds(at)]
