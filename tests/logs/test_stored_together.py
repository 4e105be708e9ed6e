"""Small files that the log store takes together: the promises of its contract hold for each of them."""

from collections.abc import Callable
from contextlib import closing, suppress
from datetime import timedelta
from itertools import count
from typing import Any

import pytest

from sakimori.logs.fields import FIELDS, Event
from sakimori.logs.store import clickhouse, statements
from sakimori.logs.store.blocks import as_one_table
from sakimori.logs.store.clickhouse import ClickHouseStore, open_store
from sakimori.logs.store.interface import LogStore, SmallFile, StoreError, StoreUnavailable
from sakimori.logs.store.layout import Layout
from tests.fixtures_logstore import fresh_store_url
from tests.logs.tables import table_of
from tests.logs.test_log_store import NOON, SAMPLES, event, rows, samples, seen, tables


@pytest.fixture
def log_store(any_log_store: LogStore) -> LogStore:
    """Every test runs over both."""
    return any_log_store


@pytest.mark.parametrize("place", range(1, 9))
def test_wherever_storing_together_is_broken_off_storing_again_completes_it(
    log_store: LogStore, monkeypatch: pytest.MonkeyPatch, place: int
) -> None:
    """Killed before each statement in turn; then one file is stored alone, the others in another company."""
    assert isinstance(log_store, ClickHouseStore)
    tomorrow = NOON + timedelta(days=1)
    files = [
        small([event(1), event(2), event(2), event(3, time=tomorrow)], file_id=6),
        small([event(2), event(4, time=tomorrow)], file_id=7),
        small([event(1), event(2)], contract_id=2, file_id=8),
    ]
    log_store.append(rows(1), contract_id=1, file_id=5)
    broken_off_before(place, log_store, monkeypatch, files)
    log_store.append([(1, event(4, time=tomorrow))], contract_id=1, file_id=9)
    log_store.append([files[0].rows], contract_id=1, file_id=6)
    assert log_store.append_together([files[2], files[1]]) == [2, 2]
    assert [log_store.count_file(contract_id=1, file_id=file_id) for file_id in (5, 6, 7, 9)] == [1, 4, 2, 1]
    assert [request_id for request_id, _ in seen(log_store)] == ["r1", "r2", "r3", "r4"]
    assert [request_id for request_id, _ in seen(log_store, contract_id=2)] == ["r1", "r2"]
    assert tables(log_store) == {"events", "events_once", "schema_versions"}


def broken_off_before(
    place: int, store: ClickHouseStore, monkeypatch: pytest.MonkeyPatch, files: list[SmallFile]
) -> None:
    command, query, put, given = store._command, store.query, clickhouse.insert, count(1)

    def killing(step: Callable[..., Any]) -> Callable[..., Any]:
        def killed(*args: Any, **values: Any) -> Any:
            if next(given) == place:
                raise KeyboardInterrupt
            return step(*args, **values)

        return killed

    with monkeypatch.context() as patch:
        patch.setattr(store, "_command", killing(command))
        patch.setattr(store, "query", killing(query))
        patch.setattr(clickhouse, "insert", killing(put))
        with suppress(KeyboardInterrupt):
            store.append_together(files)


def small(events: list[Event], *, contract_id: int = 1, file_id: int) -> SmallFile:
    return SmallFile(contract_id, file_id, as_one_table(enumerate(events, start=1)))


def test_files_of_several_contracts_are_stored_together_and_each_is_counted(log_store: LogStore) -> None:
    log_store.append(rows(1, 2), contract_id=1, file_id=1)
    files = [
        small([event(2), event(3), event(3)], file_id=2),
        small([event(3), event(2, request_id=""), event(2, request_id="")], file_id=3),
        small([], file_id=4),
        small([event(2), event(3, name="Normal")], contract_id=2, file_id=2),
    ]
    assert log_store.append_together(files) == [3, 3, 0, 2]
    assert seen(log_store) == [("r1", 1), ("r2", 1), ("", 3), ("", 3), ("r3", 2)]
    assert seen(log_store, contract_id=2) == [("r2", 2), ("r3", 2)]
    assert [log_store.doubles(contract_id=1, file_id=file_id) for file_id in (1, 2, 3)] == [0, 2, 1]
    assert log_store.append_together(files) == [3, 3, 0, 2]
    assert log_store.append_together([]) == []
    assert log_store.count_contract(1) == 8


def test_together_or_alone_the_rows_are_the_same(log_store: LogStore) -> None:
    lines = [line for path in sorted(SAMPLES.glob("*.log")) for line in path.read_bytes().splitlines()]
    block = table_of(b"\n".join(lines), max_line_bytes=100_000)
    mixed = [block, *((number, event) for number, event in enumerate(samples(), 10_001))]
    log_store.append(mixed, contract_id=1, file_id=1)
    assert log_store.append_together([SmallFile(2, 2, as_one_table(mixed))]) == [block.num_rows + len(samples())]
    names = ", ".join(field.name for field in FIELDS)
    sql = f"SELECT line_no, is_double, day, frame, {names} FROM events WHERE contract_id = {{contract:UInt32}}"
    sql += " ORDER BY line_no"
    assert log_store.query(sql, {"contract": 1}) == log_store.query(sql, {"contract": 2})


def test_a_day_of_files_that_are_stored_together_comes_in_one_part(log_store: LogStore) -> None:
    """So that it comes whole or not at all, however many rows it has and whatever else is stored."""
    days = [NOON + timedelta(days=day) for day in range(3)]
    files = [
        small([event(number, time=days[number % 3]) for number in range(7_000)], contract_id=contract, file_id=contract)
        for contract in (1, 2, 3)
    ]
    assert log_store.append_together(files) == [7_000] * 3
    parts = "SELECT partition, max(level) AS level, count() AS n FROM system.parts WHERE database = currentDatabase()"
    parts += " AND table = 'events' GROUP BY partition"
    assert [(row["level"], row["n"]) for row in log_store.query(parts)] == [(0, 1)] * 9


def test_rows_that_wait_together_are_counted_for_their_contract_and_forgotten_with_it(
    log_store: LogStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert isinstance(log_store, ClickHouseStore)
    files = [small([event(1), event(2)], file_id=1), small([event(1)], contract_id=2, file_id=2)]
    broken_off_before(4, log_store, monkeypatch, files)
    assert [log_store.count_contract(number) for number in (1, 2, 3)] == [2, 1, 0]
    log_store.forget_contract(3)
    assert log_store.count_contract(1) == 2
    log_store.forget_contract(1)
    assert [log_store.count_contract(number) for number in (1, 2)] == [0, 0]
    assert log_store.append_together(files[1:]) == [1], "what went with it comes again"
    assert tables(log_store) == {"events", "events_once", "schema_versions"}


@pytest.mark.parametrize("alone", [True, False])
def test_a_file_comes_once_also_if_an_earlier_try_of_its_company_reaches_the_server_late(
    log_store: LogStore, monkeypatch: pytest.MonkeyPatch, alone: bool
) -> None:
    """A client gave up on a statement that stores two files. The second of them, whose name the group does not bear,
    is stored again before that statement is carried out.
    """
    assert isinstance(log_store, ClickHouseStore)
    files = [small([event(1)], file_id=1), small([event(2), event(3)], file_id=2)]
    command, late = log_store._command, []

    def gives_up(sql: str, **values: Any) -> None:
        if sql.lstrip().startswith("INSERT INTO events"):
            late.append(sql)
            raise StoreUnavailable("time-out")
        command(sql, **values)

    with monkeypatch.context() as patch:
        patch.setattr(log_store, "_command", gives_up)
        with pytest.raises(StoreUnavailable):
            log_store.append_together(files)
    if alone:
        log_store.append([files[1].rows], contract_id=1, file_id=2)
    else:
        assert log_store.append_together([files[1]]) == [2]
    with pytest.raises(StoreError, match="UNKNOWN_TABLE"):
        command(late[0])
    assert [log_store.count_file(contract_id=1, file_id=number) for number in (1, 2)] == [0, 2]
    assert log_store.append_together(files) == [1, 2]
    assert tables(log_store) == {"events", "events_once", "schema_versions"}


def test_a_group_that_goes_while_it_is_looked_at_was_stored(
    log_store: LogStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another process finished with it in that moment; one that cannot be read is an error."""
    assert isinstance(log_store, ClickHouseStore)
    broken_off_before(4, log_store, monkeypatch, [small([event(1)], file_id=1), small([event(2)], file_id=2)])
    query, group = log_store.query, statements.group_name(contract_id=1, file_id=1)

    def failing(*, goes: bool) -> Callable[..., Any]:
        def asked(sql: str, *values: Any, **more: Any) -> Any:
            if sql == statements.files_of_group(group):
                if goes:
                    log_store._command(statements.drop_table(group))
                raise StoreError("no such table")
            return query(sql, *values, **more)

        return asked

    monkeypatch.setattr(log_store, "query", failing(goes=False))
    with pytest.raises(StoreError, match="no such table"):
        log_store.append(rows(2), contract_id=1, file_id=2)
    monkeypatch.setattr(log_store, "query", failing(goes=True))
    assert log_store.append(rows(2), contract_id=1, file_id=2) == 1


def test_a_replicated_store_takes_files_one_by_one() -> None:
    """A move waits for the other servers, an insert does not."""
    with closing(open_store(fresh_store_url())) as store:
        assert isinstance(store, ClickHouseStore)
        store.migrate()
        store._layout, store._catch_up = Layout(is_replicated=True), lambda _: None  # type: ignore[method-assign]
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(statements, "store_group", None)
            assert store.append_together([small([event(1)], file_id=1), small([event(1)], file_id=2)]) == [1, 1]
        assert seen(store) == [("r1", 1)]
