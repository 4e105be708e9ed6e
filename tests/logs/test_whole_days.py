"""What is counted per address and day equals a count over the rows, whatever happens to them, and so do the pages."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import sakimori.logs.store
from sakimori.lib.jst import start_of_day
from sakimori.logs import timeline as timelines
from sakimori.logs import top_lists
from sakimori.logs.attack_kinds import AttackKind, Outcome
from sakimori.logs.condition import LogQuery
from sakimori.logs.fields import Event
from sakimori.logs.filters import EMPTY, By, Filter
from sakimori.logs.search import count as count_of
from sakimori.logs.search import rows
from sakimori.logs.store import statements
from sakimori.logs.store.blocks import as_one_table
from sakimori.logs.store.clickhouse import ClickHouseStore, _statements, open_store
from sakimori.logs.store.interface import LogStore, SmallFile
from sakimori.logs.timeline import Split, rows_of_page, timeline
from sakimori.logs.top_lists import tops
from sakimori.logs.whole_days import HOURS_SEEN, Days, spans_of, whole_days
from tests.fixtures_logstore import fresh_store_url, killed_at_command

MIDNIGHT = datetime(2026, 10, 31, 15, 0, tzinfo=UTC)  # In Japan, at the beginning of November.
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
ADDRESSES = ("198.51.100.7", "198.51.100.9", "203.0.113.5", "2001:db8::7", None)
KINDS = (AttackKind.SQL_INJECTION, AttackKind.BAD_BOT, AttackKind.NONE)
OUTCOMES = (Outcome.BLOCKED, Outcome.ALLOWED)


def event(number: int) -> Event:
    """At some hour of some of sixty days, so that all values meet each other."""
    kind = KINDS[number % 3]
    return Event(
        time=MIDNIGHT + number % 60 * DAY + number * 7 % 24 * HOUR + timedelta(milliseconds=number),
        request_id=f"r{number}",
        client_ip=ADDRESSES[number % 5],
        attack_kind=kind,
        attack_kinds=(kind,),
        outcome=OUTCOMES[number % 2],
        country="JP",
        url=f"shop.example.jp/{number % 4}",
    )


def file_of(*numbers: int) -> list[tuple[int, Event]]:
    return [(line_no, event(number)) for line_no, number in enumerate(numbers, start=1)]


def counted(store: LogStore, how: str) -> list[dict[str, object]]:
    keys = "contract_id, day, client_ip, is_double, outcome, attack_kind"
    return store.query(
        f"SELECT {keys}, count() AS total, {HOURS_SEEN} AS hours FROM events GROUP BY {keys} ORDER BY {keys}"
        f" SETTINGS {how}"
    )


def check(store: LogStore) -> None:
    """All parts have their counts, the engine uses them, and they are what the rows say."""
    assert counted(store, "force_optimize_projection = 1") == counted(store, "optimize_use_projections = 0") != []
    parts = "active AND table = 'events' AND database = currentDatabase()"
    whole = store.query(f"SELECT uniqExact(name) AS n, sum(rows) AS rows FROM system.parts WHERE {parts}")
    having = store.query(
        f"SELECT uniqExact(parent_name) AS n, sum(parent_rows) AS rows FROM system.projection_parts WHERE {parts}"
    )
    assert having == whole


def test_the_counts_are_those_of_the_rows_with_doubles_and_in_small_files(any_log_store: LogStore) -> None:
    store = any_log_store
    store.append(file_of(*range(200), 3, 3), contract_id=1, file_id=1)
    store.append(file_of(*range(150, 220)), contract_id=1, file_id=2)
    small = [SmallFile(contract, 3, as_one_table(file_of(*range(190, 230), 7))) for contract in (1, 2)]
    store.append_together(small)
    check(store)
    assert store.doubles(contract_id=1, file_id=2) == 50


def test_the_counts_go_with_a_day_and_with_a_contract_and_stay_when_parts_are_merged(any_log_store: LogStore) -> None:
    assert isinstance(any_log_store, ClickHouseStore)
    store = any_log_store
    for contract in (1, 2):
        for file in (1, 2, 3):
            store.append(file_of(*range(file * 10, 100)), contract_id=contract, file_id=file)
    store.drop_day(contract_id=1, day=date(2026, 11, 5))
    check(store)
    store._command("OPTIMIZE TABLE events FINAL")
    check(store)
    store.forget_contract(2)
    check(store)
    assert {row["contract_id"] for row in counted(store, "force_optimize_projection = 1")} == {1}


@pytest.mark.parametrize("place", range(1, 9))
def test_the_counts_are_right_wherever_storing_is_broken_off(log_store: LogStore, place: int) -> None:
    assert isinstance(log_store, ClickHouseStore)
    log_store.append(file_of(1, 2), contract_id=1, file_id=5)
    with killed_at_command(log_store, place):
        log_store.append(file_of(1, 2, 2, 3), contract_id=1, file_id=6)
    check(log_store)
    log_store.append(file_of(1, 2, 2, 3), contract_id=1, file_id=6)
    check(log_store)


@pytest.fixture
def older_store() -> Iterator[ClickHouseStore]:
    """A store of the schema before the counts, with rows, that has been brought to the newest."""
    store = open_store(fresh_store_url())
    assert isinstance(store, ClickHouseStore)
    folder = Path(sakimori.logs.store.__path__[0]) / "schema"
    store._command(statements.MAKE_VERSIONS)
    for number, name in enumerate(("0001_events", "0002_partitions", "0003_frames"), 1):
        for sql in _statements((folder / f"{name}.sql").read_text(encoding="utf-8")):
            store._command(sql)
        store._command(statements.NOTE_VERSION, number=number)
    store._command("SYSTEM STOP MERGES events")
    store.append(file_of(*range(120)), contract_id=1, file_id=1)
    store.migrate()
    yield store
    store.close()


def test_rows_of_an_older_store_are_counted_before_and_after_they_have_their_counts(
    older_store: ClickHouseStore,
) -> None:
    store = older_store
    query = LogQuery(1, MIDNIGHT, MIDNIGHT + 60 * DAY, frozenset({Filter(By.ADDRESS, "198.51.100.7")}))
    store.append(file_of(*range(100, 180)), contract_id=1, file_id=2)
    assert timeline(store, query).total == count_of(store, query) == 36
    store._command("SYSTEM START MERGES events")
    store._command("ALTER TABLE events MATERIALIZE PROJECTION by_address SETTINGS mutations_sync = 2")
    check(store)
    assert timeline(store, query).total == 36
    store._command("OPTIMIZE TABLE events FINAL")
    check(store)


FILTERS = (
    (),
    (Filter(By.ADDRESS, "198.51.100.7"),),
    (Filter(By.ADDRESS, "198.51.100.0/24"), Filter(By.ADDRESS, "2001:db8::7")),
    (Filter(By.ADDRESS, EMPTY),),
    (Filter(By.ADDRESS, "198.51.100.7", exclude=True), Filter(By.OUTCOME, "blocked")),
    (Filter(By.OUTCOME, "blocked", exclude=True),),
    (Filter(By.ADDRESS, "198.51.100.7"), Filter(By.KIND, "sql_injection")),
    (Filter(By.ADDRESS, "192.0.2.1"),),
)
PERIODS = (
    (MIDNIGHT, MIDNIGHT + 60 * DAY),
    (MIDNIGHT + 5 * HOUR, MIDNIGHT + 59 * DAY + 3 * HOUR),
    (MIDNIGHT - 40 * DAY + timedelta(milliseconds=1), MIDNIGHT + 20 * DAY),
    (MIDNIGHT + 2 * DAY, MIDNIGHT + 55 * DAY + timedelta(microseconds=1500)),
    (MIDNIGHT, MIDNIGHT + 7 * DAY + HOUR),
    (MIDNIGHT + HOUR, MIDNIGHT + 20 * HOUR),
)


@pytest.mark.parametrize(
    "filters", FILTERS, ids=lambda filters: ",".join(f"{each.by}={each.value}" for each in filters)
)
def test_chart_page_and_lists_are_the_same_from_the_counts_as_from_the_rows(
    log_store: LogStore, monkeypatch: pytest.MonkeyPatch, filters: tuple[Filter, ...]
) -> None:
    log_store.append(file_of(*range(600)), contract_id=1, file_id=1)
    log_store.append(file_of(*range(400, 700)), contract_id=1, file_id=2)
    log_store.append(file_of(*range(50)), contract_id=2, file_id=3)

    def asked(query: LogQuery) -> list[object]:
        charts = [timeline(log_store, query, split) for split in Split]
        pages = [
            [(row["time"], row["file_id"], row["line_no"]) for row in rows_of_page(log_store, query, charts[0], **page)]
            for page in ({"offset": 0, "limit": 5}, {"offset": 7, "limit": 2}, {"offset": 40, "limit": 50})
        ]
        return [*(chart.bars for chart in charts), pages, tops(log_store, query, limit=50)]

    for begins, ends in PERIODS:
        query = LogQuery(1, begins, ends, frozenset(filters))
        by_counts = asked(query)
        with monkeypatch.context() as patch:
            patch.setattr(timelines, "whole_days", lambda _query: None)
            patch.setattr(top_lists, "whole_days", lambda _query: None)
            assert by_counts == asked(query)
        assert sum(bar.total for bar in timeline(log_store, query).bars) == count_of(log_store, query)
        newest = [(row["time"], row["file_id"], row["line_no"]) for row in rows(log_store, query, offset=0, limit=5)]
        assert by_counts[2][0] == newest  # type: ignore[index]


@pytest.mark.parametrize(
    ("begins", "ends", "expected"),
    [
        (MIDNIGHT, MIDNIGHT + DAY, Days(date(2026, 11, 1), date(2026, 11, 1), has_parts=False)),
        (MIDNIGHT, MIDNIGHT + DAY + HOUR, Days(date(2026, 11, 1), date(2026, 11, 1), has_parts=True)),
        (MIDNIGHT - HOUR, MIDNIGHT + 2 * DAY, Days(date(2026, 11, 1), date(2026, 11, 2), has_parts=True)),
        (MIDNIGHT + HOUR, MIDNIGHT + DAY + HOUR, None),
        (MIDNIGHT, MIDNIGHT + HOUR, None),
        (MIDNIGHT + HOUR, MIDNIGHT + DAY, None),
    ],
)
def test_which_days_of_a_period_are_whole(begins: datetime, ends: datetime, expected: Days | None) -> None:
    assert whole_days(LogQuery(1, begins, ends)) == expected


def test_a_filter_that_was_not_counted_by_needs_the_rows() -> None:
    query = LogQuery(1, MIDNIGHT, MIDNIGHT + DAY, frozenset({Filter(By.SITE, "shop.example.jp")}))
    assert whole_days(query) is None


def test_hours_of_the_world_become_spans_of_japans_days() -> None:
    first, second = date(2026, 11, 1), date(2026, 11, 2)
    hours = {second: 1 << 15, first: 1 << 15 | 1 << 13 | 1 << 14}
    spans = spans_of(hours, MIDNIGHT, MIDNIGHT + 2 * DAY)
    assert spans == [(MIDNIGHT, MIDNIGHT + HOUR), (MIDNIGHT + 22 * HOUR, MIDNIGHT + 25 * HOUR)]
    half = HOUR / 2
    assert spans_of(hours, MIDNIGHT + half, MIDNIGHT + 23 * HOUR + half) == [
        (MIDNIGHT + half, MIDNIGHT + HOUR),
        (MIDNIGHT + 22 * HOUR, MIDNIGHT + 23 * HOUR + half),
    ]
    assert spans_of({}, MIDNIGHT, MIDNIGHT + DAY) == []
    every_other = 0b010101010101010101010101
    assert spans_of({first + number * DAY: every_other for number in range(17)}, MIDNIGHT, MIDNIGHT + 17 * DAY) == []


@given(st.dictionaries(st.integers(0, 5), st.integers(1, 2**24 - 1), max_size=4))
def test_every_hour_seen_lies_in_a_span_and_no_other(by_place: dict[int, int]) -> None:
    hours = {date(2026, 11, 1) + place * DAY: bits for place, bits in by_place.items()}
    spans = spans_of(hours, MIDNIGHT, MIDNIGHT + 6 * DAY)
    moments = [MIDNIGHT + number * HOUR for number in range(6 * 24)]
    inside = {moment for moment in moments if any(begins <= moment < ends for begins, ends in spans)}
    assert inside == {
        moment
        for day, bits in hours.items()
        for moment in moments
        if start_of_day(day) <= moment < start_of_day(day) + DAY and bits >> moment.hour & 1
    }
