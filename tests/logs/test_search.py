"""The question of the log page: contract, period and address are bound, and bounded."""

from datetime import UTC, datetime, timedelta

import pytest

from sakimori.lib.addresses import parse_network
from sakimori.logs.fields import Event
from sakimori.logs.search import LogQuery, condition_of, count, rows
from sakimori.logs.store.interface import LogStore

NOON = datetime(2026, 11, 1, 3, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)


def sought(address: str = "", *, begins: datetime = NOON, ends: datetime = NOON + HOUR, contract: int = 1) -> LogQuery:
    return LogQuery(contract, begins, ends, parse_network(address) if address else None)


@pytest.fixture
def store(log_store: LogStore) -> LogStore:
    addresses = ["198.51.100.7", "198.51.100.9", "198.51.101.1", "2001:db8::7", "2001:db8:1::7", None]
    for contract_id in (1, 2):
        events = [
            (number, Event(time=NOON + timedelta(seconds=number), request_id=f"r{number}", client_ip=address))
            for number, address in enumerate(addresses)
        ]
        log_store.append(events, contract_id=contract_id, file_id=contract_id)
    return log_store


def found(store: LogStore, query: LogQuery, **page: int) -> list[str]:
    return [row["request_id"] for row in rows(store, query, **({"offset": 0, "limit": 50} | page))]


def test_the_newest_comes_first_and_only_of_this_contract(store: LogStore) -> None:
    assert found(store, sought()) == ["r5", "r4", "r3", "r2", "r1", "r0"]
    assert count(store, sought()) == 6
    assert found(store, sought(contract=3)) == []


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("198.51.100.7", ["r0"]),
        ("::ffff:198.51.100.7", ["r0"]),
        ("198.51.100.0/24", ["r1", "r0"]),
        ("198.51.100.8/31", ["r1"]),
        ("2001:0db8::0007", ["r3"]),
        ("2001:db8::/48", ["r3"]),
        ("2001:db8::/32", ["r4", "r3"]),
        ("203.0.113.1", []),
    ],
)
def test_one_address_or_a_network_in_any_writing(store: LogStore, address: str, expected: list[str]) -> None:
    assert found(store, sought(address)) == expected
    assert count(store, sought(address)) == len(expected)


def test_the_period_takes_its_beginning_and_not_its_end(store: LogStore) -> None:
    query = sought(begins=NOON + timedelta(seconds=1), ends=NOON + timedelta(seconds=3))
    assert found(store, query) == ["r2", "r1"]


def test_a_period_may_run_over_days_of_japan(log_store: LogStore) -> None:
    midnight = datetime(2026, 10, 31, 15, 0, tzinfo=UTC)
    events = [(n, Event(time=midnight + timedelta(hours=n), request_id=f"r{n}")) for n in (-1, 0, 1)]
    log_store.append([(n + 2, event) for n, event in events], contract_id=1, file_id=1)
    assert found(log_store, sought(begins=midnight - HOUR, ends=midnight + HOUR)) == ["r0", "r-1"]


def test_pages(store: LogStore) -> None:
    assert found(store, sought(), offset=2, limit=2) == ["r3", "r2"]


def test_nothing_of_the_reader_becomes_part_of_the_question() -> None:
    condition, values = condition_of(sought("198.51.100.7"))
    assert "198.51" not in condition
    assert values["address"] == "198.51.100.7"
    assert set(values) == {"contract_id", "first_day", "last_day", "begins", "ends", "address"}
