"""Rows that are made anew: a day changes in one step, whatever breaks in the middle, and doubles stay doubles."""

from collections.abc import Callable, Iterable
from contextlib import suppress
from datetime import date, timedelta
from itertools import count
from typing import Any

import pytest

from sakimori.logs.fields import Event
from sakimori.logs.store.blocks import event_table
from sakimori.logs.store.clickhouse import ClickHouseStore
from sakimori.logs.store.interface import DayChanged, LogStore, Rereading
from tests.logs.test_log_store import NOON, event, rows, seen, tables

TODAY, TOMORROW = date(2026, 11, 1), date(2026, 11, 2)
NEXT = timedelta(days=1)
LEFT_OVER = {"events", "events_once", "schema_versions"}


@pytest.fixture
def log_store(any_log_store: LogStore) -> LogStore:
    """Every test runs over both."""
    return any_log_store


def anew(events: Iterable[Event]) -> list[Event]:
    """As another parser would read them."""
    return [each._replace(attack_kind="new", site="new.example") for each in events]  # type: ignore[arg-type]


def put(rereading: Rereading, file_id: int, events: Iterable[Event]) -> None:
    rereading.put([(file_id, event_table(list(enumerate(events, start=1))))])


def replace_all(rereading: Rereading, files: Iterable[int]) -> None:
    for day in rereading.days(list(files)):
        rereading.replace(rereading.prepare(day, list(files)))
    rereading.end()


def held(store: LogStore, *, contract_id: int = 1) -> list[tuple[int, int, str, int]]:
    found = store.query(
        "SELECT file_id, line_no, site, is_double FROM events WHERE contract_id = {contract_id:UInt32}"
        " ORDER BY file_id, line_no",
        {"contract_id": contract_id},
    )
    return [(row["file_id"], row["line_no"], row["site"], row["is_double"]) for row in found]


def kinds_by_projection(store: LogStore) -> dict[str, int]:
    sql = (
        "SELECT attack_kind, count() AS n FROM events WHERE contract_id = 1 AND is_double = 0"
        " GROUP BY contract_id, day, client_ip, is_double, outcome, attack_kind"
    )
    found: dict[str, int] = {}
    for row in store.query(sql):
        found[row["attack_kind"]] = found.get(row["attack_kind"], 0) + row["n"]
    return found


FIRST = [event(1), event(2), event(3, time=NOON + NEXT)]
SECOND = [event(2), event(4), event(4)]


def two_files(store: LogStore) -> None:
    """File 5 was stored before file 4, so its row is the one that is seen. Another contract has the same events."""
    for contract_id in (1, 2):
        store.append(list(enumerate(FIRST, 1)), contract_id=contract_id, file_id=5)
        store.append(list(enumerate(SECOND, 1)), contract_id=contract_id, file_id=4)


def test_rows_are_made_anew_and_nothing_else_changes(log_store: LogStore) -> None:
    two_files(log_store)
    others = held(log_store, contract_id=2)
    rereading = log_store.rereading(1)
    rereading.begin()
    put(rereading, 4, anew(SECOND))
    assert rereading.differing([4], kept_from=None) == set()
    assert rereading.days([4]) == [TODAY]
    prepared = rereading.prepare(TODAY, [4])
    assert (prepared.day, prepared.recount) == (TODAY, frozenset())
    assert held(log_store) == [
        *[(4, 1, "", 1), (4, 2, "", 0), (4, 3, "", 1)],
        *[(5, 1, "", 0), (5, 2, "", 0), (5, 3, "", 0)],
    ], "nothing is seen before the day is replaced"
    rereading.replace(prepared)
    rereading.end()
    assert held(log_store) == [
        *[(4, 1, "new.example", 1), (4, 2, "new.example", 0), (4, 3, "new.example", 1)],
        *[(5, 1, "", 0), (5, 2, "", 0), (5, 3, "", 0)],
    ]
    assert held(log_store, contract_id=2) == others
    assert kinds_by_projection(log_store) == {"new": 1, "none": 3}
    assert tables(log_store) == LEFT_OVER


@pytest.mark.parametrize("files", [(4, 5), (5,), (4,)])
def test_the_row_that_was_seen_stays_the_one_that_is_seen(log_store: LogStore, files: tuple[int, ...]) -> None:
    two_files(log_store)
    before = seen(log_store)
    rereading = log_store.rereading(1)
    rereading.begin()
    for file in files:
        put(rereading, file, anew(FIRST if file == 5 else SECOND))
    replace_all(rereading, files)
    assert seen(log_store) == before == [("r1", 5), ("r2", 5), ("r4", 4), ("r3", 5)]
    assert log_store.doubles(contract_id=1, file_id=4) == 2


def test_rows_that_another_parser_takes_for_the_same_event_or_for_others_are_marked_anew(log_store: LogStore) -> None:
    two_files(log_store)
    rereading = log_store.rereading(1)
    rereading.begin()
    put(rereading, 5, [event(1, request_id="r2", time=NOON + timedelta(seconds=2)), event(2, request_id=""), FIRST[2]])
    assert rereading.differing([5], kept_from=None) == set()
    prepared = rereading.prepare(TODAY, [5])
    assert prepared.recount == set()
    rereading.replace(prepared)
    assert [row for row in held(log_store) if row[3]] == [(4, 1, "", 1), (4, 3, "", 1)]
    rereading.begin()
    put(rereading, 5, [event(1), event(9), FIRST[2]])
    prepared = rereading.prepare(TODAY, [5])
    assert prepared.recount == {4}, "its row is no double any more"
    rereading.replace(prepared)
    assert [row for row in held(log_store) if row[3]] == [(4, 3, "", 1)]


@pytest.mark.parametrize(
    ("events", "differs"),
    [
        (anew(FIRST), False),
        (FIRST[:2], True),
        ([*FIRST, event(7)], True),
        ([event(1), event(2, time=NOON + NEXT), event(3, time=NOON)], True),
        ([event(1), event(2), event(3)], True),
        ([], True),
    ],
)
def test_a_file_differs_when_other_lines_would_be_rows_or_on_other_days(
    log_store: LogStore, events: list[Event], differs: bool
) -> None:
    two_files(log_store)
    rereading = log_store.rereading(1)
    rereading.begin()
    put(rereading, 4, SECOND)
    if events:
        put(rereading, 5, events)
    assert rereading.differing([4, 5], kept_from=None) == ({5} if differs else set())


def test_days_that_were_let_go_of_do_not_come_back(log_store: LogStore) -> None:
    two_files(log_store)
    log_store.drop_day(contract_id=1, day=TODAY)
    rereading = log_store.rereading(1)
    rereading.begin()
    put(rereading, 5, anew(FIRST))
    assert rereading.differing([5], kept_from=None) == {5}
    assert rereading.differing([5], kept_from=TOMORROW) == set()
    replace_all(rereading, [5])
    assert held(log_store) == [(5, 3, "new.example", 0)]


def test_rows_that_come_or_go_before_the_day_is_replaced_are_noticed(log_store: LogStore) -> None:
    two_files(log_store)
    rereading = log_store.rereading(1)
    rereading.begin()
    put(rereading, 4, anew(SECOND))
    prepared = rereading.prepare(TODAY, [4])
    log_store.append(rows(8), contract_id=1, file_id=9)
    with pytest.raises(DayChanged, match="have come or gone meanwhile"):
        rereading.replace(prepared)
    assert (9, 1, "", 0) in held(log_store)
    prepared = rereading.prepare(TODAY, [4])
    log_store.drop_day(contract_id=1, day=TODAY)
    with pytest.raises(DayChanged, match="have come or gone meanwhile"):
        rereading.replace(prepared)
    assert [row[:2] for row in held(log_store)] == [(5, 3)]


def test_rows_that_are_put_by_count_for_their_contract_and_go_with_it(log_store: LogStore) -> None:
    two_files(log_store)
    rereading = log_store.rereading(1)
    rereading.begin()
    put(rereading, 4, anew(SECOND))
    prepared = rereading.prepare(TODAY, [4])
    assert log_store.count_contract(1) > 6
    log_store.forget_contract(1)
    assert log_store.count_contract(1) == 0
    rereading.replace(prepared)
    assert log_store.count_contract(1) == 0
    assert held(log_store, contract_id=2) != []
    assert tables(log_store) == LEFT_OVER


def test_a_day_that_a_crash_has_left_in_both_forms_is_there_once_when_it_is_replaced_again(log_store: LogStore) -> None:
    """Between two renamings of the engine the old parts and the new ones are both on the disk."""
    assert isinstance(log_store, ClickHouseStore)
    two_files(log_store)
    rereading = log_store.rereading(1)
    rereading.begin()
    put(rereading, 4, anew(SECOND))
    prepared = rereading.prepare(TODAY, [4])
    log_store._command(f"INSERT INTO events SELECT * FROM {prepared.table}")
    assert len(held(log_store)) == 11
    log_store.rereading(1).replace(prepared)
    assert [row[2] for row in held(log_store)] == ["new.example"] * 3 + [""] * 3
    log_store.rereading(1).replace(prepared)
    assert len(held(log_store)) == 6, "again it does nothing"


def test_who_was_taken_for_dead_cannot_replace_a_day_any_more(log_store: LogStore) -> None:
    """Another worker has begun again: the tables of the first are gone, and nobody else's bear their names."""
    two_files(log_store)
    late = log_store.rereading(1)
    late.begin()
    put(late, 4, anew(SECOND))
    prepared = late.prepare(TODAY, [4])
    other = log_store.rereading(1)
    other.begin()
    put(other, 4, SECOND)
    assert other.prepare(TODAY, [4]).table != prepared.table
    late.replace(prepared)
    assert {row[2] for row in held(log_store)} == {""}
    other.end()


@pytest.mark.parametrize("place", range(1, 48))
def test_wherever_it_is_broken_off_it_can_be_begun_again(
    log_store: LogStore, monkeypatch: pytest.MonkeyPatch, place: int
) -> None:
    """Killed before each statement in turn: no row is missing or there twice, then or afterwards."""
    assert isinstance(log_store, ClickHouseStore)
    two_files(log_store)
    before = [row[:2] + row[3:] for row in held(log_store)]

    def reread() -> None:
        rereading = log_store.rereading(1)
        rereading.begin()
        put(rereading, 4, anew(SECOND))
        put(rereading, 5, anew(FIRST))
        assert rereading.differing([4, 5], kept_from=None) == set()
        replace_all(rereading, [4, 5])

    broken_off_before(place, log_store, monkeypatch, reread)
    assert [row[:2] + row[3:] for row in held(log_store)] == before
    reread()
    assert [row[:2] + row[3:] for row in held(log_store)] == before
    assert {row[2] for row in held(log_store)} == {"new.example"}
    assert tables(log_store) == LEFT_OVER


def broken_off_before(
    place: int, store: ClickHouseStore, monkeypatch: pytest.MonkeyPatch, work: Callable[[], object]
) -> None:
    """Kill the work before its so-manieth statement, whichever it is."""
    given = count(1)

    def killing(step: Callable[..., Any]) -> Callable[..., Any]:
        def killed(*args: Any, **values: Any) -> Any:
            if next(given) == place:
                raise KeyboardInterrupt
            return step(*args, **values)

        return killed

    with monkeypatch.context() as patch:
        for name in ("_command", "query", "_put"):
            patch.setattr(store, name, killing(getattr(store, name)))
        with suppress(KeyboardInterrupt):
            work()
