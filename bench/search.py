"""`./run bench search`: many events in the log store, and the questions that its pages ask, by their own functions.

address   the page of one contract, 90 days, one address: the chart and the newest rows
top       the 20 most frequent addresses of a contract's month
text      the page of a text in URLs over a contract's month
append    storing one file of 20,000 lines in the empty store and in the full one
"""

import argparse
import random
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path
from statistics import median
from typing import cast

from bench.events import CONTRACTS, DAYS, fill
from bench.figures import percentile
from bench.lines import bench_lines
from sakimori.lib.jst import day_of, start_of_day
from sakimori.logs.condition import LogQuery
from sakimori.logs.fields import Event
from sakimori.logs.filters import By, filter_of
from sakimori.logs.read_file import tables_and_events
from sakimori.logs.search import listed, tops
from sakimori.logs.store.clickhouse import ClickHouseStore, open_store
from sakimori.logs.store.interface import LogStore
from sakimori.logs.timeline import span_of_rows, timeline
from sakimori.logs.unpack import read_log_file

_NOW = datetime(2026, 11, 23, 15, 0, tzinfo=UTC)  # Midnight in Japan: the last day is whole.
_BYTES_PER_EVENT = 250
_FILE_LINES, _FILES = 20_000, 5
_PER_PAGE = 50
_WORDS = ("union%20select", "wp-login", "item-4242", "products/17", "no-such-text")


def measure_search(arguments: Sequence[str]) -> dict[str, object]:
    """Fill, ask, and take everything away again. SystemExit where the disk has no room for it."""
    parser = argparse.ArgumentParser(prog="./run bench search")
    parser.add_argument("--events", type=int, default=5_000_000)
    parser.add_argument("--folder", type=Path, default=None, help="where the store lies meanwhile")
    parser.add_argument("--questions", type=int, default=50, help="of each kind; one for each contract in turn")
    given = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory(prefix="sakimori-bench-", dir=given.folder) as name:
        free = shutil.disk_usage(name).free
        if free < 2 * given.events * _BYTES_PER_EVENT:
            raise SystemExit(f"{given.events} events may take {2 * given.events * _BYTES_PER_EVENT >> 30} GiB of disk")
        store = cast("ClickHouseStore", open_store(f"chdb://{name}/store"))
        store.migrate()
        try:
            return _measure(store, given, Path(name))
        finally:
            store.close()


def _measure(store: ClickHouseStore, given: argparse.Namespace, folder: Path) -> dict[str, object]:
    lines = bench_lines(1, _FILE_LINES * _FILES * 2)
    small = _append_us(store, lines, folder, contract_id=CONTRACTS + 1)
    store.forget_contract(CONTRACTS + 1)
    began = time.perf_counter()
    events = fill(store, given.events, last_day=day_of(_NOW - timedelta(hours=1)))
    filled = time.perf_counter() - began
    chance = random.Random(1)  # noqa: S311 - which questions are asked
    figures: dict[str, object] = {"events": events, "fill_seconds": round(filled)}
    for name, ask in (("address", _address), ("top", _top), ("text", _text), ("lists", _lists)):
        asked = [ask(store, number % CONTRACTS + 1, chance) for number in range(given.questions)]
        seconds, processor = [each[0] for each in asked], [each[1] for each in asked]
        figures |= {
            f"{name}_p50_ms": round(median(seconds) * 1000, 1),
            f"{name}_p95_ms": round(percentile(seconds, 0.95) * 1000, 1),
            f"{name}_max_ms": round(max(seconds) * 1000, 1),
            f"{name}_processor_p95_ms": round(percentile(processor, 0.95) * 1000, 1),
        }
    full = _append_us(store, lines, folder, contract_id=1)
    sums = store.query("SELECT count() AS parts, sum(bytes_on_disk) AS bytes FROM system.parts WHERE active")[0]
    return {
        **figures,
        "append_us_per_line_empty": small,
        "append_us_per_line_full": full,
        "append_full_by_empty": round(full / small, 2),
        "parts": sums["parts"],
        "bytes_per_event": round(sums["bytes"] / events, 1),
    }


def _timed(ask: Callable[[], object]) -> tuple[float, float]:
    """How long it took, and the processor time of all threads, which other work beside it hardly changes."""
    began, processor = time.perf_counter(), time.process_time()
    ask()
    return time.perf_counter() - began, time.process_time() - processor


def _page(store: LogStore, query: LogQuery) -> None:
    """What a page of the log search asks: how many when, and the newest rows in the span where they lie."""
    found = timeline(store, query)
    span = span_of_rows(found, offset=0, limit=_PER_PAGE)
    if span is not None:
        begins, ends, skipped = span
        listed(store, query.within(begins, ends), offset=skipped, limit=_PER_PAGE)


def _period(days: int) -> tuple[datetime, datetime]:
    """The last so many days."""
    return start_of_day(day_of(_NOW) - timedelta(days=days)), _NOW


def _address(store: LogStore, contract_id: int, chance: random.Random) -> tuple[float, float]:
    """Of an event somewhere in the contract: so frequent addresses are sought more often."""
    begins, ends = _period(DAYS)
    sql = (
        "SELECT client_ip_text AS address FROM events WHERE contract_id = {contract:UInt32}"
        " AND cityHash64(request_id, {salt:UInt32}) % 1000 = 0 LIMIT 1"
    )
    found = store.query(sql, {"contract": contract_id, "salt": chance.randrange(1000)})
    address = found[0]["address"] if found else "198.18.0.1"
    query = LogQuery(contract_id, begins, ends, frozenset({filter_of(By.ADDRESS, address)}))
    return _timed(lambda: _page(store, query))


def _top(store: LogStore, contract_id: int, _chance: random.Random) -> tuple[float, float]:
    return _timed(lambda: tops(store, LogQuery(contract_id, *_period(31)), (By.ADDRESS,), limit=20))


def _text(store: LogStore, contract_id: int, chance: random.Random) -> tuple[float, float]:
    text = filter_of(By.TEXT, chance.choice(_WORDS))
    return _timed(lambda: _page(store, LogQuery(contract_id, *_period(31), frozenset({text}))))


def _lists(store: LogStore, contract_id: int, _chance: random.Random) -> tuple[float, float]:
    return _timed(lambda: tops(store, LogQuery(contract_id, *_period(31))))


def _append_us(store: LogStore, lines: Iterator[bytes], folder: Path, *, contract_id: int) -> float:
    """Processor time for each line of the middle one of some files, whose events lie on one of the stored days."""
    costs = []
    for number in range(1, _FILES + 1):
        path = folder / "file.log"
        path.write_bytes(b"".join(line + b"\n" for line in islice(lines, _FILE_LINES)))
        began = time.process_time()
        with read_log_file(path) as file:
            rows = (row for row in tables_and_events(file) if not isinstance(row, tuple) or isinstance(row[1], Event))
            store.append(rows, contract_id=contract_id, file_id=number)  # type: ignore[arg-type]
        held = store.count_file(contract_id=contract_id, file_id=number)
        costs.append((time.process_time() - began) / _FILE_LINES * 1e6)
        if held != _FILE_LINES:
            raise RuntimeError(f"{held} rows of {_FILE_LINES} lines")
    return round(median(costs), 1)
