"""A store whose columns had other types keeps its rows, before and after its parts are rewritten."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

import sakimori.logs.store
from sakimori.logs.fields import Event
from sakimori.logs.store import statements
from sakimori.logs.store.clickhouse import EVENTS, ClickHouseStore, _statements, open_store
from tests.fixtures_logstore import fresh_store_url

NOON = datetime(2026, 11, 1, 3, 0, tzinfo=UTC)
_LAST_WITH_TEXTS = 4


def file_of(*numbers: int) -> list[tuple[int, Event]]:
    return [(line_no, event(number)) for line_no, number in enumerate(numbers, start=1)]


def event(number: int) -> Event:
    return Event(
        time=NOON + timedelta(seconds=number),
        request_id=f"r{number}",
        name="DDoS",
        query=f"page={number % 7}" if number % 3 else "",
        referrer=f"https://www.example.jp/{number % 5}\u3042" if number % 4 else "",
    )


def texts(store: ClickHouseStore) -> list[dict[str, object]]:
    return store.query(f"SELECT request_id, query, referrer FROM {EVENTS} ORDER BY time")


@pytest.fixture
def older_store() -> Iterator[ClickHouseStore]:
    """A store of the schema before, with rows; its parts are left alone until merges are started."""
    store = open_store(fresh_store_url())
    assert isinstance(store, ClickHouseStore)
    store._command(statements.MAKE_VERSIONS)
    for path in sorted((Path(sakimori.logs.store.__path__[0]) / "schema").glob("*.sql"))[:_LAST_WITH_TEXTS]:
        for sql in _statements(path.read_text(encoding="utf-8")):
            store._command(sql)
        store._command(statements.NOTE_VERSION, number=int(path.name[:4]))
    store.append(file_of(*range(60)), contract_id=1, file_id=1)
    store._command("SYSTEM STOP MERGES events")
    yield store
    store.close()


def test_referrers_and_queries_stay_while_their_columns_are_rewritten(older_store: ClickHouseStore) -> None:
    store = older_store
    store.migrate()
    assert store.append(file_of(*range(50, 90)), contract_id=1, file_id=2) == 40
    told = [
        {"request_id": each.request_id, "query": each.query, "referrer": each.referrer}
        for each in map(event, range(90))
    ]
    assert texts(store) == told
    assert store.query("SELECT count() AS n FROM system.mutations WHERE table = 'events' AND NOT is_done")[0]["n"] > 0
    store._command("SYSTEM START MERGES events")
    store._command("OPTIMIZE TABLE events FINAL")
    assert texts(store) == told
    assert store.doubles(contract_id=1, file_id=2) == 10
