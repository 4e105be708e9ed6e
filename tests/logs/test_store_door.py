"""What others ask about an embedded store that a process has open: the reading part of the contract, and the door."""

import json
import os
import socket
import stat
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, date, datetime
from pathlib import Path
from time import monotonic
from typing import Any

import pytest

from sakimori.logs.models import LogFile
from sakimori.logs.read_ahead import Position
from sakimori.logs.store import answering
from sakimori.logs.store.answering import StoreDoor
from sakimori.logs.store.asking import AskedStore, answering_store
from sakimori.logs.store.clickhouse import open_store
from sakimori.logs.store.interface import LogStore, SmallFile, StoreError, StoreUnavailable
from sakimori.logs.store.socket_path import bound_socket, connected_socket, socket_path
from sakimori.logs.store.wire import frame, read_frame
from tests.fixtures_logstore import fresh_store_url
from tests.logs.test_log_store import (
    event,
    rows,
    test_a_day_of_one_contract_is_dropped_for_good,
    test_a_file_is_counted_alone,
    test_a_file_may_spread_over_many_days,
    test_a_line_twice_in_one_file_is_seen_once,
    test_addresses_are_searched_and_shown_as_text,
    test_an_event_delivered_in_two_files_is_seen_once_and_counted_twice,
    test_every_column_comes_back_as_it_went_in,
    test_lines_that_were_read_in_blocks_come_back_as_they_came,
    test_parameters_are_bound_and_never_pasted,
    test_rows_of_a_file_are_counted_on_some_of_its_days,
    test_the_day_is_japans,
    test_threads_share_a_store,
)

__all__ = [
    "test_a_day_of_one_contract_is_dropped_for_good",
    "test_a_file_is_counted_alone",
    "test_a_file_may_spread_over_many_days",
    "test_a_line_twice_in_one_file_is_seen_once",
    "test_addresses_are_searched_and_shown_as_text",
    "test_an_event_delivered_in_two_files_is_seen_once_and_counted_twice",
    "test_every_column_comes_back_as_it_went_in",
    "test_lines_that_were_read_in_blocks_come_back_as_they_came",
    "test_parameters_are_bound_and_never_pasted",
    "test_rows_of_a_file_are_counted_on_some_of_its_days",
    "test_the_day_is_japans",
    "test_threads_share_a_store",
]


class Beside:
    """What the running process stores is read as another process reads it."""

    def __init__(self, own: LogStore, asked: LogStore) -> None:
        self.append, self.append_together, self.drop_day = own.append, own.append_together, own.drop_day
        self.query, self.ping = asked.query, asked.ping
        self.count_file, self.count_contract, self.doubles = asked.count_file, asked.count_contract, asked.doubles


@pytest.fixture
def url() -> str:
    return fresh_store_url()


@pytest.fixture
def own(url: str) -> Iterator[LogStore]:
    """The store as the running process has it open."""
    store = open_store(url)
    store.migrate()
    yield store
    store.close()


@pytest.fixture
def path(tmp_path: Path, url: str) -> Path:
    return socket_path(tmp_path / "store-door", url)


@pytest.fixture
def door(own: LogStore, url: str, path: Path) -> Iterator[StoreDoor]:
    made = StoreDoor(own, url=url, path=path)
    made.start()
    yield made
    made.stop()


@pytest.fixture
def asked(door: StoreDoor, path: Path) -> LogStore:
    found = answering_store(path)
    assert found is not None
    return found


@pytest.fixture
def log_store(own: LogStore, asked: LogStore) -> Beside:
    """For the tests of the contract."""
    return Beside(own, asked)


def test_only_the_owner_may_ask(door: StoreDoor, path: Path) -> None:
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


def test_a_folder_that_was_open_to_others_is_closed_to_them(tmp_path: Path) -> None:
    (tmp_path / "open").mkdir(mode=0o777)
    with closing(bound_socket(tmp_path / "open" / "x.sock")):
        assert stat.S_IMODE((tmp_path / "open").stat().st_mode) == 0o700


def test_it_answers_and_counts(own: LogStore, asked: LogStore) -> None:
    own.append(rows(1, 2, 2), contract_id=3, file_id=4)
    asked.ping()
    assert asked.count_file(contract_id=3, file_id=4) == 3
    assert asked.count_contract(3) == 3
    assert asked.doubles(contract_id=3, file_id=4) == 1
    asked.close()
    asked.ping()


def test_it_tells_how_far_a_file_has_been_read(own: LogStore, url: str, path: Path) -> None:
    position = Position()
    door = StoreDoor(own, url=url, path=path, read_bytes=position.of)
    door.start()
    asked = AskedStore(path)
    assert asked.read_bytes(7) == 0
    position.note(LogFile(pk=7), 1_000)
    assert (asked.read_bytes(7), asked.read_bytes(8)) == (1_000, 0)
    door.stop()


def test_every_type_of_the_engine_comes_as_it_comes_without_the_door(own: LogStore, asked: LogStore) -> None:
    sql = """SELECT toDecimal64(1.25, 2) AS decimal, inf AS infinite, -inf AS less,
        toUUID('61f0c404-5cb3-11e7-907b-a6006ad3dba0')
        AS uuid, tuple(1, 'x') AS tuple, map('float', 'inf') AS map, [NULL, 1] AS list, toDate('2026-11-01') AS day,
        toDateTime64('2026-11-01 01:02:03.004', 3, 'UTC') AS moment, toIPv6('::ffff:198.51.100.1') AS address,
        toUInt64(18446744073709551615) AS large, true AS truth,
        '原文\\0\\xF0' AS text, CAST('a' AS FixedString(1)) AS fixed"""
    there, here = own.query(sql), asked.query(sql)
    assert here == there
    assert {name: type(value) for name, value in here[0].items()} == {
        name: type(value) for name, value in there[0].items()
    }


def test_a_large_answer_comes_in_parts(asked: LogStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(answering, "_ROWS_BYTES", 100)
    found = asked.query("SELECT number AS n FROM numbers(1000)")
    assert [row["n"] for row in found] == list(range(1000))


@pytest.mark.parametrize(
    "sql",
    [
        "DROP TABLE events",
        "INSERT INTO schema_versions (number) SELECT 99",
        "WITH 1 AS x INSERT INTO schema_versions (number) SELECT x",
        "SELECT 1; DROP TABLE events",
        "SELECT 1 INTO OUTFILE '{folder}/out'",
        "SELECT 1 into/**/outfile '{folder}/out'",
        "SELECT * FROM file('/etc/hosts', 'LineAsString')",
        "SELECT * FROM url('http://127.0.0.1:9/', 'LineAsString', 'x String')",
        "SELECT 1 SETTINGS readonly = 0",
        "SELECT 1 SETTINGS max_execution_time = 0",
        "SET readonly = 0",
        "",
    ],
)
def test_nothing_but_a_single_question_to_the_store_is_answered(
    own: LogStore, asked: LogStore, tmp_path: Path, sql: str
) -> None:
    own.append(rows(1), contract_id=1, file_id=1)
    with pytest.raises(StoreError):
        asked.query(sql.replace("{folder}", str(tmp_path)))
    assert not (tmp_path / "out").exists()
    assert own.query("SELECT max(number) AS n FROM schema_versions") == [{"n": 5}]
    own.append(rows(2), contract_id=1, file_id=2)
    assert asked.query("SELECT count() AS n FROM events") == [{"n": 2}], "nobody's session is spoilt"


def test_a_question_ends_in_time(asked: LogStore) -> None:
    with pytest.raises(StoreUnavailable, match="TIMEOUT_EXCEEDED"):
        asked.query("SELECT sum(number) FROM system.numbers", max_seconds=1)


def test_nothing_can_be_changed(asked: LogStore) -> None:
    for change in (
        asked.migrate,
        lambda: asked.append([(1, event(1))], contract_id=1, file_id=1),
        lambda: asked.append_together([SmallFile(1, 1, None)]),
        lambda: asked.discard(contract_id=1, file_id=1),
        lambda: asked.drop_day(contract_id=1, day=date(2026, 11, 1)),
        lambda: asked.forget_contract(1),
    ):
        with pytest.raises(StoreError, match="changes nothing"):
            change()


def test_what_is_no_value_is_refused_before_it_is_sent(asked: LogStore) -> None:
    with pytest.raises(StoreError, match="no value of a store: object"):
        asked.query("SELECT {x:String}", {"x": object()})


def test_errors_are_those_of_the_store(own: LogStore, asked: LogStore, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(StoreError, match="UNKNOWN_TABLE") as refused:
        asked.query("SELECT * FROM nowhere")
    assert not refused.value.retryable

    def full(contract_id: int) -> int:
        raise StoreUnavailable("full")

    monkeypatch.setattr(own, "count_contract", full)
    with pytest.raises(StoreUnavailable, match="full"):
        asked.count_contract(1)


def test_a_fault_in_the_running_process_is_told_and_the_door_stays(
    own: LogStore, asked: LogStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(contract_id: int) -> int:
        raise ZeroDivisionError

    monkeypatch.setattr(own, "count_contract", broken)
    with pytest.raises(StoreError, match="has noted an error"):
        asked.count_contract(1)
    asked.ping()


@contextmanager
def answered(path: Path, *sent: bytes) -> Iterator[dict[str, Any]]:
    with connected_socket(path, seconds=60) as connection:
        for part in sent:
            connection.sendall(part)
        connection.shutdown(socket.SHUT_WR)
        yield read_frame(connection, longest=10_000, deadline=monotonic() + 60)


@pytest.mark.parametrize(
    ("question", "said"),
    [
        ({"version": 2, "call": "ping", "given": {}}, "another version"),
        ({"version": 1, "call": "close", "given": {}}, "not known"),
        ({"version": 1, "call": "ping", "given": []}, "not known"),
        ({"version": 1, "call": "count_contract", "given": {"contract_id": {"pickle": "x"}}}, "not known"),
        ({"version": 1, "call": "count_contract", "given": {"contract": 1}}, "noted an error"),
    ],
)
def test_a_question_that_is_not_understood_has_an_answer(
    asked: LogStore, path: Path, question: dict[str, Any], said: str
) -> None:
    with answered(path, frame(json.dumps(question))) as answer:
        assert said in answer["error"]
    asked.ping()


@pytest.mark.parametrize("sent", [b"", b"\0", b"\xff\xff\xff\xff", b"\0\0\0\2{", b"\0\0\0\2[]", b"\0\0\0\2{x"])
def test_bytes_that_are_no_question_have_an_answer(asked: LogStore, path: Path, sent: bytes) -> None:
    with answered(path, sent) as answer:
        assert answer["error"].startswith("not answered: ")
    asked.ping()


def test_who_goes_away_or_says_nothing_keeps_nobody_from_asking(
    asked: LogStore, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(answering, "_READ_SECONDS", 1.0)
    silent = [connected_socket(path, seconds=60) for _ in range(5)]
    asked.ping()
    for each in silent:
        each.close()
    asked.ping()


def test_without_a_door_nobody_answers(tmp_path: Path) -> None:
    assert answering_store(tmp_path / "nowhere" / "x.sock") is None


def test_what_a_killed_process_left_is_nobody_and_is_replaced(own: LogStore, url: str, path: Path) -> None:
    bound_socket(path).close()
    assert path.exists()
    assert answering_store(path) is None
    door = StoreDoor(own, url=url, path=path)
    door.start()
    found = answering_store(path)
    assert found is not None
    found.ping()
    door.stop()


def test_after_the_end_nothing_is_left(own: LogStore, url: str, path: Path) -> None:
    before = set(threading.enumerate())
    door = StoreDoor(own, url=url, path=path)
    door.start()
    silent = connected_socket(path, seconds=60)
    asked = AskedStore(path)
    asked.ping()
    door.stop()
    silent.close()
    assert not path.exists()
    assert answering_store(path) is None
    assert set(threading.enumerate()) == before
    with pytest.raises(StoreUnavailable, match="has not answered"):
        asked.ping()
    door.stop()


def test_where_no_socket_can_be_made_the_process_goes_on(own: LogStore, url: str, tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    door = StoreDoor(own, url=url, path=tmp_path / "file" / "x.sock")
    door.start()
    door.stop()
    assert answering_store(tmp_path / "file" / "x.sock") is None


def test_who_may_not_ask_is_told(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def forbidden(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("sakimori.logs.store.asking.connected_socket", forbidden)
    with pytest.raises(StoreUnavailable, match="cannot be asked"):
        answering_store(path)


def test_a_long_path_is_no_hindrance(own: LogStore, url: str, tmp_path: Path) -> None:
    path = socket_path(tmp_path / ("x" * 120), url)
    assert len(os.fsencode(path)) > 108
    door = StoreDoor(own, url=url, path=path)
    door.start()
    found = answering_store(path)
    assert found is not None
    found.ping()
    door.stop()
    assert not path.exists()


def test_each_store_has_a_socket_of_its_own(tmp_path: Path) -> None:
    paths = {socket_path(tmp_path, f"chdb:///{name}") for name in ("a", "b")}
    assert len(paths) == 2
    assert {path.parent for path in paths} == {tmp_path}


def test_moments_go_to_the_millisecond(own: LogStore, asked: LogStore) -> None:
    moment = datetime(2026, 11, 1, 3, 0, 0, 123_000, tzinfo=UTC)
    sql = "SELECT {moment:DateTime64(3, 'UTC')} AS moment, {day:Date} AS day, {words:Array(String)} AS words"
    values = {"moment": moment, "day": date(2026, 11, 1), "words": ["'", "\x00"]}
    assert asked.query(sql, values) == own.query(sql, values) == [values]
