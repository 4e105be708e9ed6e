"""The contract of LogStore, over the embedded engine and over HTTP."""

import signal
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import pytest

import sakimori.logs.store
from sakimori.logs.columns import EVENT_TABLE
from sakimori.logs.fields import FIELDS, Event
from sakimori.logs.formats.cef import parse_cef
from sakimori.logs.original import original_line
from sakimori.logs.read_file import read_events
from sakimori.logs.store import statements
from sakimori.logs.store.blocks import event_table
from sakimori.logs.store.clickhouse import ADDRESS_TEXT, EVENTS, ClickHouseStore, _statements, open_store
from sakimori.logs.store.ddl import column_type, events_table
from sakimori.logs.store.interface import LogStore, StoreError, StoreUnavailable
from tests.fixtures_logstore import fresh_store_url, killed_at_command
from tests.logs.tables import table_of

SAMPLES = Path(__file__).parent / "samples"
NOON = datetime(2026, 11, 1, 3, 0, tzinfo=UTC)


@pytest.fixture
def log_store(any_log_store: LogStore) -> LogStore:
    """Every test of the contract runs over both."""
    return any_log_store


def event(number: int, *, request_id: str | None = None, **values: object) -> Event:
    plain = Event(
        time=NOON + timedelta(seconds=number),
        request_id=f"r{number}" if request_id is None else request_id,
        name="DDoS",
    )
    return plain._replace(**values)  # type: ignore[arg-type]


def rows(*numbers: int) -> list[tuple[int, Event]]:
    return [(line_no, event(number)) for line_no, number in enumerate(numbers, start=1)]


def seen(store: LogStore, *, contract_id: int = 1) -> list[tuple[str, int]]:
    found = store.query(
        f"SELECT request_id, file_id FROM {EVENTS} WHERE contract_id = {{contract_id:UInt32}}"
        " ORDER BY time, file_id, line_no",
        {"contract_id": contract_id},
    )
    return [(row["request_id"], row["file_id"]) for row in found]


def tables(store: LogStore) -> set[str]:
    return {row["name"] for row in store.query("SELECT name FROM system.tables WHERE database = currentDatabase()")}


def samples() -> list[Event]:
    paths = sorted(SAMPLES.glob("*.log"))
    return [line for path in paths for line in read_events(path, private_keys={}) if isinstance(line, Event)]


def test_every_column_comes_back_as_it_went_in(log_store: LogStore) -> None:
    events = samples()
    assert log_store.append(enumerate(events, 1), contract_id=1, file_id=2) == len(events)
    names = ", ".join(field.name for field in FIELDS)
    found = log_store.query(f"SELECT {names} FROM events ORDER BY line_no")
    for row, sent in zip(found, events, strict=True):
        expected = {name: list(value) if isinstance(value, tuple) else value for name, value in sent._asdict().items()}
        assert row == {**expected, "extra": dict(sent.extra)}


def test_tables_and_events_may_be_mixed_and_come_back_alike(log_store: LogStore) -> None:
    events = [(number, event) for number, event in enumerate(samples() * 3, 1)]
    third = len(events) // 3
    mixed = [event_table(events[:third]), *events[third : 2 * third], event_table(events[2 * third :])]
    assert log_store.append(mixed, contract_id=1, file_id=2) == len(events)
    assert log_store.append(events, contract_id=2, file_id=3) == len(events)
    assert log_store.doubles(contract_id=1, file_id=2) == log_store.doubles(contract_id=2, file_id=3) > 0
    names = ", ".join(field.name for field in FIELDS)
    sql = f"SELECT line_no, is_double, {names} FROM events WHERE contract_id = {{contract:UInt32}} ORDER BY line_no"
    assert log_store.query(sql, {"contract": 1}) == log_store.query(sql, {"contract": 2})


def test_lines_that_were_read_in_blocks_come_back_as_they_came(log_store: LogStore) -> None:
    lines = [line for path in sorted(SAMPLES.glob("*.log")) for line in path.read_bytes().splitlines()]
    block = table_of(b"\n".join(lines), max_line_bytes=100_000)
    assert len(block) > 10
    log_store.append([block], contract_id=1, file_id=2)
    names = ", ".join(field.name for field in FIELDS)
    found = log_store.query(f"SELECT line_no, frame, {names} FROM events ORDER BY line_no")
    assert all(row["frame"] and not row["line"] for row in found)
    assert {row["line_no"]: original_line(row) for row in found} == {
        number: lines[number - 1].decode() for number in block["line_no"].to_pylist()
    }


def test_rows_of_a_file_are_counted_on_some_of_its_days(log_store: LogStore) -> None:
    noon = datetime(2026, 10, 31, 3, 0, tzinfo=UTC)
    times = [noon, noon + timedelta(hours=11, minutes=59), noon + timedelta(days=1), noon + timedelta(days=2)]
    rows = [(number, event(number, time=time)) for number, time in enumerate(times, 1)]
    log_store.append(rows, contract_id=1, file_id=1)
    days = [date(2026, 10, 31) + timedelta(days=number) for number in range(4)]
    assert [log_store.count_file(contract_id=1, file_id=1, days=(day, day)) for day in days] == [2, 1, 1, 0]
    assert log_store.count_file(contract_id=1, file_id=1, days=(days[1], days[3])) == 2


def test_tables_of_one_block_keep_their_own_dictionaries(log_store: LogStore) -> None:
    groups = [[event(number, site=f"{group}-{number}.example") for number in range(3)] for group in range(3)]
    tables = [
        event_table([(3 * group + number, each) for number, each in enumerate(events)])
        for group, events in enumerate(groups)
    ]
    assert log_store.append(tables, contract_id=1, file_id=1) == 9
    found = log_store.query("SELECT line_no, site FROM events ORDER BY line_no")
    assert [row["site"] for row in found] == [each.site for events in groups for each in events]
    assert len({row["p"] for row in log_store.query("SELECT _part AS p FROM events")}) == 1


def test_what_waits_lies_in_few_files_and_is_as_durable(log_store: LogStore) -> None:
    assert isinstance(log_store, ClickHouseStore)
    log_store._command(statements.make_like_events("staging_1_1"))
    where = "WHERE database = currentDatabase() AND name IN ('events', 'staging_1_1') ORDER BY name"
    events, staging = log_store.query(f"SELECT engine_full AS made FROM system.tables {where}")
    for setting in (
        "fsync_after_insert = 1",
        "fsync_part_directory = 1",
        "min_compressed_bytes_to_fsync_after_merge = 1",
    ):
        assert setting in events["made"]
        assert setting in staging["made"]
    assert "index_granularity = 8192" in events["made"]
    rows = [(number, event(number, request_id=f"{number:09}")) for number in range(20_000)]
    assert log_store.append(rows, contract_id=1, file_id=1) == 20_000
    of_events = "WHERE active AND table = 'events' AND database = currentDatabase()"
    (part,) = log_store.query(f"SELECT part_type AS kind, marks FROM system.parts {of_events}")
    assert part == {"kind": "Compact", "marks": 2}
    log_store._command("OPTIMIZE TABLE events FINAL")
    (part,) = log_store.query(f"SELECT marks FROM system.parts {of_events}")
    assert part["marks"] > 2


def test_a_table_without_rows_is_nothing(log_store: LogStore) -> None:
    assert log_store.append([EVENT_TABLE.empty_table()], contract_id=1, file_id=2) == 0


def test_addresses_are_searched_and_shown_as_text(log_store: LogStore) -> None:
    addresses = ["198.51.100.7", "2001:db8::7", "::", "0.0.0.0", None]
    log_store.append([(n, event(n, client_ip=text)) for n, text in enumerate(addresses, 1)], contract_id=1, file_id=1)
    found = log_store.query(f"SELECT {ADDRESS_TEXT} AS address FROM {EVENTS} ORDER BY line_no")
    assert [row["address"] for row in found] == addresses
    count = f"SELECT count() AS n FROM {EVENTS} WHERE client_ip IN (SELECT toIPv6(arrayJoin({{wanted:Array(String)}})))"
    assert log_store.query(count, {"wanted": addresses[:2]}) == [{"n": 2}]
    assert all(ip_address(text) for text in addresses if text)


def test_the_day_is_japans(log_store: LogStore) -> None:
    late = datetime(2026, 10, 31, 15, 0, tzinfo=UTC)
    log_store.append(
        [(1, event(0, time=late - timedelta(milliseconds=1))), (2, event(0, time=late))], contract_id=1, file_id=1
    )
    found = log_store.query("SELECT day FROM events ORDER BY line_no")
    assert [row["day"] for row in found] == [date(2026, 10, 31), date(2026, 11, 1)]


def test_migrating_again_changes_nothing_and_the_columns_have_their_types(log_store: LogStore) -> None:
    log_store.append(rows(1), contract_id=1, file_id=1)
    log_store.migrate()
    assert log_store.count_file(contract_id=1, file_id=1) == 1
    types = {row["name"]: row["type"] for row in log_store.query("DESCRIBE TABLE events")}
    assert all(types[field.name] == column_type(field).partition(" CODEC")[0] for field in FIELDS)
    assert log_store.query("SELECT count() AS n, max(number) AS newest FROM schema_versions") == [{"n": 5, "newest": 5}]


def test_the_files_of_the_schema_come_to_the_columns_of_today(log_store: LogStore) -> None:
    log_store._command(events_table())  # type: ignore[attr-defined]
    columns = [
        log_store.query(
            "SELECT name, type, compression_codec, default_expression, comment FROM system.columns"
            " WHERE database = currentDatabase() AND table = {table:String} ORDER BY position",
            {"table": table},
        )
        for table in ("events", "events_new")
    ]
    assert len(columns[0]) > len(FIELDS)
    assert columns[0] == columns[1]


def test_a_file_is_counted_alone(log_store: LogStore) -> None:
    log_store.append(rows(1, 2, 3), contract_id=1, file_id=1)
    log_store.append(rows(4, 5), contract_id=1, file_id=2)
    log_store.append(rows(4, 5), contract_id=2, file_id=1)
    assert log_store.count_file(contract_id=1, file_id=1) == 3
    assert log_store.count_file(contract_id=1, file_id=2) == 2
    assert log_store.count_file(contract_id=2, file_id=1) == 2
    assert log_store.append([], contract_id=1, file_id=9) == 0


def test_an_event_delivered_in_two_files_is_seen_once_and_counted_twice(log_store: LogStore) -> None:
    log_store.append(rows(1, 2, 3), contract_id=1, file_id=1)
    log_store.append(rows(2, 3, 4), contract_id=1, file_id=2)
    assert seen(log_store) == [("r1", 1), ("r2", 1), ("r3", 1), ("r4", 2)]
    assert [log_store.count_file(contract_id=1, file_id=file_id) for file_id in (1, 2)] == [3, 3]
    assert [log_store.doubles(contract_id=1, file_id=file_id) for file_id in (1, 2)] == [0, 2]


def test_of_two_reports_the_first_stored_is_seen(log_store: LogStore) -> None:
    log_store.append(rows(2, 3, 4), contract_id=1, file_id=2)
    log_store.append(rows(1, 2, 3), contract_id=1, file_id=1)
    assert seen(log_store) == [("r1", 1), ("r2", 2), ("r3", 2), ("r4", 2)]


def test_a_line_twice_in_one_file_is_seen_once(log_store: LogStore) -> None:
    log_store.append(rows(1, 1, 1), contract_id=1, file_id=1)
    assert seen(log_store) == [("r1", 1)]
    assert (log_store.count_file(contract_id=1, file_id=1), log_store.doubles(contract_id=1, file_id=1)) == (3, 2)


def test_other_contracts_names_times_and_missing_ids_make_no_doubles(log_store: LogStore) -> None:
    first = [(1, event(1)), (2, event(2, request_id="")), (3, event(2, request_id=""))]
    log_store.append(first, contract_id=1, file_id=1)
    log_store.append(first, contract_id=2, file_id=2)
    log_store.append(
        [(1, event(1, name="Normal")), (2, event(1, time=NOON)), (3, event(2, request_id=""))],
        contract_id=1,
        file_id=3,
    )
    assert len(seen(log_store)) == 6
    assert len(seen(log_store, contract_id=2)) == 3


def test_nothing_of_a_broken_delivery_is_seen_and_it_can_be_repeated(log_store: LogStore) -> None:
    def breaking() -> Iterator[tuple[int, Event]]:
        yield from enumerate((event(number) for number in range(25_000)), 1)
        raise ConnectionError

    with pytest.raises(ConnectionError):
        log_store.append(breaking(), contract_id=1, file_id=1)
    assert log_store.count_file(contract_id=1, file_id=1) == 0
    assert (
        log_store.append(enumerate((event(number) for number in range(25_000)), 1), contract_id=1, file_id=1) == 25_000
    )
    assert log_store.count_file(contract_id=1, file_id=1) == 25_000
    assert log_store.doubles(contract_id=1, file_id=1) == 0


def test_what_a_broken_delivery_left_can_be_let_go_of(log_store: LogStore) -> None:
    def breaking() -> Iterator[tuple[int, Event]]:
        yield 1, event(1)
        raise ConnectionError

    with pytest.raises(ConnectionError):
        log_store.append(breaking(), contract_id=1, file_id=1)
    log_store.discard(contract_id=1, file_id=1)
    assert tables(log_store) == {"events", "events_once", "schema_versions"}
    log_store.append(rows(1), contract_id=1, file_id=1)
    log_store.discard(contract_id=1, file_id=1)
    assert seen(log_store) == [("r1", 1)]


def test_storing_a_file_again_changes_nothing(log_store: LogStore) -> None:
    for _ in range(3):
        log_store.append(rows(1, 2, 2), contract_id=1, file_id=1)
    assert (log_store.count_file(contract_id=1, file_id=1), log_store.doubles(contract_id=1, file_id=1)) == (3, 1)
    assert tables(log_store) == {"events", "events_once", "schema_versions"}


def test_storing_again_completes_what_was_broken_off_between_two_days(log_store: LogStore) -> None:
    two_days = [(1, event(1)), (2, event(2, time=NOON + timedelta(days=1)))]
    log_store.append(two_days, contract_id=1, file_id=1)
    log_store.drop_day(contract_id=1, day=date(2026, 11, 2))
    log_store.append(two_days, contract_id=1, file_id=1)
    assert seen(log_store) == [("r1", 1), ("r2", 1)]
    assert log_store.doubles(contract_id=1, file_id=1) == 0


@pytest.mark.parametrize("place", range(1, 13))
def test_wherever_storing_is_broken_off_storing_again_completes_it(log_store: LogStore, place: int) -> None:
    """Killed before each of its commands in turn; meanwhile another file brings the same events."""
    assert isinstance(log_store, ClickHouseStore)
    tomorrow = NOON + timedelta(days=1)
    file = [(1, event(1)), (2, event(2)), (3, event(2)), (4, event(3, time=tomorrow))]
    log_store.append(rows(1), contract_id=1, file_id=5)
    with killed_at_command(log_store, place):
        log_store.append(file, contract_id=1, file_id=6)
    log_store.append([(1, event(2)), (2, event(3, time=tomorrow))], contract_id=1, file_id=7)
    log_store.append(file, contract_id=1, file_id=6)
    assert [log_store.count_file(contract_id=1, file_id=file_id) for file_id in (5, 6, 7)] == [1, 4, 2]
    assert [request_id for request_id, _ in seen(log_store)] == ["r1", "r2", "r3"]
    assert tables(log_store) == {"events", "events_once", "schema_versions"}


def test_an_older_store_keeps_its_rows_when_its_partitions_change(tmp_path: Path) -> None:
    store = open_store(fresh_store_url())
    assert isinstance(store, ClickHouseStore)
    first = (Path(sakimori.logs.store.__path__[0]) / "schema" / "0001_events.sql").read_text(encoding="utf-8")
    store._command(statements.MAKE_VERSIONS)
    for sql in _statements(first):
        store._command(sql)
    store._command(statements.NOTE_VERSION, number=1)
    store._command("INSERT INTO events (contract_id, file_id, line_no, time, request_id) SELECT 7, 8, 9, now(), 'r'")
    store.migrate()
    assert store.query("SELECT contract_id, file_id, line_no, request_id FROM events_once") == [
        {"contract_id": 7, "file_id": 8, "line_no": 9, "request_id": "r"}
    ]
    assert store.query("SELECT DISTINCT startsWith(_partition_id, '7-') AS ours FROM events") == [{"ours": 1}]
    store.close()


def test_a_file_may_spread_over_many_days(log_store: LogStore) -> None:
    spread = [(number, event(number, time=NOON - timedelta(days=number))) for number in range(1, 151)]
    assert log_store.append(spread, contract_id=1, file_id=1) == 150
    assert log_store.count_file(contract_id=1, file_id=1) == 150


def test_a_day_of_one_contract_is_dropped_for_good(log_store: LogStore) -> None:
    for contract_id in (1, 2):
        two_days = [(1, event(1)), (2, event(2, time=NOON + timedelta(days=1)))]
        log_store.append(two_days, contract_id=contract_id, file_id=contract_id)
    log_store.drop_day(contract_id=1, day=date(2026, 11, 1))
    log_store.drop_day(contract_id=1, day=date(2020, 1, 1))
    left = log_store.query("SELECT contract_id, day FROM events ORDER BY contract_id, day")
    assert [(row["contract_id"], row["day"].day) for row in left] == [(1, 2), (2, 1), (2, 2)]


def test_a_contract_is_forgotten_and_no_other(log_store: LogStore) -> None:
    log_store.append(rows(1, 2), contract_id=1, file_id=1)
    log_store.append(rows(1, 2), contract_id=2, file_id=2)
    log_store.forget_contract(1)
    parts = "SELECT sum(rows) AS n FROM system.parts WHERE active AND table = 'events' AND database = currentDatabase()"
    assert log_store.query(parts) == [{"n": 2}]
    assert (seen(log_store), len(seen(log_store, contract_id=2))) == ([], 2)


def broken_off(store: LogStore, *, contract_id: int, file_id: int) -> None:
    """As after a kill: rows wait in the file's own table, and nothing of it is stored."""

    def breaking() -> Iterator[tuple[int, Event]]:
        yield from enumerate((event(number) for number in range(20_000)), 1)
        raise ConnectionError

    with pytest.raises(ConnectionError):
        store.append(breaking(), contract_id=contract_id, file_id=file_id)


def test_what_waits_of_a_broken_delivery_counts_for_its_contract_and_is_forgotten_with_it(log_store: LogStore) -> None:
    log_store.append(rows(1, 1), contract_id=1, file_id=1)
    log_store.append(rows(1), contract_id=11, file_id=3)
    for contract_id in (1, 11):
        broken_off(log_store, contract_id=contract_id, file_id=2)
    assert (log_store.count_contract(1), log_store.count_contract(11)) == (20_002, 20_001)
    log_store.forget_contract(1)
    assert (log_store.count_contract(1), log_store.count_contract(11)) == (0, 20_001)
    assert "staging_1_2" not in tables(log_store)
    log_store.forget_contract(11)
    assert tables(log_store) == {"events", "events_once", "schema_versions"}


def test_parameters_are_bound_and_never_pasted(log_store: LogStore) -> None:
    hostile = "'; DROP TABLE events; -- \\ {x:String} %s"
    assert log_store.query("SELECT {text:String} AS text, '%d' AS kept", {"text": hostile}) == [
        {"text": hostile, "kept": "%d"}
    ]
    with pytest.raises(StoreError, match="text"):
        log_store.query("SELECT '%(text)s'", {"text": hostile})


def test_errors_are_the_contracts(log_store: LogStore) -> None:
    with pytest.raises(StoreError) as wrong:
        log_store.query("SELECT nonsense")
    assert not wrong.value.retryable
    with pytest.raises(StoreUnavailable) as slow:
        log_store.query("SELECT sum(number) FROM system.numbers", max_seconds=1)
    assert slow.value.retryable
    log_store.close()
    with pytest.raises(StoreError):
        log_store.ping()


def test_a_server_that_does_not_answer_is_unavailable() -> None:
    with pytest.raises(StoreUnavailable):
        open_store("clickhouse://user:secret@127.0.0.1:9/database").ping()


@pytest.mark.parametrize(
    "url", ["chdb://host/path", "mysql://host/db", "clickhouse:///db", "chdb:///tmp/x?database=a;b"]
)
def test_another_url_is_refused(url: str) -> None:
    with pytest.raises(ValueError):
        open_store(url)


def test_threads_share_a_store(log_store: LogStore) -> None:
    def work(file_id: int) -> None:
        log_store.append(rows(1, 2, 3), contract_id=1, file_id=file_id)
        log_store.append(rows(1, 2, 3), contract_id=1, file_id=file_id)

    with ThreadPoolExecutor(max_workers=3) as pool:
        for done in [pool.submit(work, file_id) for file_id in (1, 2, 3)]:
            done.result(timeout=60)
    assert [log_store.count_file(contract_id=1, file_id=file_id) for file_id in (1, 2, 3)] == [3] * 3
    assert [request_id for request_id, _ in seen(log_store)] == ["r1", "r2", "r3"]


def test_storing_and_dropping_at_once_both_come_to_an_end(log_store: LogStore) -> None:
    """When both changed rows that were there, they waited for each other for minutes."""
    days = [NOON + timedelta(days=number) for number in range(4)]
    batch = [(number, event(number, time=day)) for number, day in enumerate(days, start=1)]

    def deliver(file_id: int) -> int:
        return log_store.append(batch, contract_id=1, file_id=file_id)

    def drop(day: datetime) -> None:
        log_store.drop_day(contract_id=2, day=day.date())

    log_store.append(batch, contract_id=2, file_id=100)
    with ThreadPoolExecutor(4) as pool:
        futures = [pool.submit(deliver, number) for number in range(4)] + [pool.submit(drop, day) for day in days]
        for future in futures:
            future.result(timeout=120)
    assert len(seen(log_store)) == len(days)
    assert seen(log_store, contract_id=2) == []


def test_rows_are_still_there_after_closing() -> None:
    url = fresh_store_url()
    store = open_store(url)
    store.migrate()
    store.append(
        [(1, parse_cef((SAMPLES / "every_name.cef.log").read_bytes().splitlines()[0]))], contract_id=1, file_id=1
    )
    store.close()
    again = open_store(url)
    again.ping()
    assert again.count_file(contract_id=1, file_id=1) == 1
    again.close()


def test_a_store_that_is_closed_while_it_works_finishes_its_work(log_store: LogStore) -> None:
    def closing() -> Iterator[tuple[int, Event]]:
        yield 1, event(1)
        assert isinstance(log_store, ClickHouseStore)
        with log_store._pool.client() as client:
            log_store.close()
            assert client.command("SELECT 1") == 1

    with pytest.raises(StoreError, match="closed"):
        log_store.append(closing(), contract_id=1, file_id=1)


_KILLED = """
import os, signal, sys
from datetime import UTC, datetime
from sakimori.logs.fields import Event
from sakimori.logs.store.clickhouse import open_store
store = open_store(sys.argv[1])
if sys.argv[2] == "write":
    store.migrate()
    rows = ((number, Event(time=datetime(2026, 11, 1, tzinfo=UTC), request_id=str(number))) for number in range(500))
    assert store.append(rows, contract_id=1, file_id=1) == 500
    os.kill(os.getpid(), signal.SIGKILL)
print(store.count_file(contract_id=1, file_id=1))
store.close()
"""


def test_rows_survive_a_kill_once_they_are_acknowledged(tmp_path: Path) -> None:
    """In processes of their own: the engine can be opened on one folder per process only."""

    def run(what: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-c", _KILLED, f"chdb://{tmp_path}", what]
        root = Path(__file__).parents[2]
        return subprocess.run(command, capture_output=True, text=True, timeout=120, cwd=root, check=False)

    assert run("write").returncode == -signal.SIGKILL
    assert run("read").stdout.strip() == "500"
