"""`./run bench search`: many events in the log store, and the questions that its pages ask, by their own functions.

address   the page of one contract, 90 days, one address: the chart and the newest rows
top       the 20 most frequent addresses of a contract's month
text      the page of a text in URLs over a contract's month
text_ja   the same with Japanese words, as people type them and as URLs carry them (percent-encoded UTF-8)
chart     the page of one contract, 90 days, everything
lists     all six lists of the most frequent values over a contract's month
append    storing one file of 100,000 lines in an empty store and in the full one
"""

import argparse
import random
import resource
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from datetime import UTC, date, datetime, timedelta
from itertools import islice
from multiprocessing import get_context
from pathlib import Path
from statistics import median
from typing import cast

import pyarrow.lib as pa

from bench.events import CONTRACTS, DAYS, fill, fill_days, sizes
from bench.figures import percentile
from bench.lines import bench_lines
from sakimori.lib.jst import day_of
from sakimori.logs.condition import LogQuery
from sakimori.logs.extent import Extent
from sakimori.logs.fields import Event
from sakimori.logs.filters import By, filter_of
from sakimori.logs.read_file import tables_and_events
from sakimori.logs.store.clickhouse import ClickHouseStore, open_store
from sakimori.logs.store.interface import LogStore
from sakimori.logs.timeline import rows_of_page, timeline
from sakimori.logs.top_lists import tops
from sakimori.logs.unpack import UnpackedFile, read_log_file

_NOW = datetime(2026, 11, 23, 14, 20, tzinfo=UTC)
_BYTES_PER_EVENT = 250
_FILE_LINES, _FILES = 100_000, 5  # As large as in `ingest.py`.
_FED = (1, 11, 21, 31, 41)  # Contracts of every size, to which those files go in turn.
_PER_PAGE = 50
_WORDS = ("union%20select", "wp-login", "item-4242", "products/17", "no-such-text")
# Frequent (wide letters and a wide space, as Japanese keyboards make them), rarer, absent; the last has most writings.
_WORDS_JA = ("ＵＮＩＯＮ　ＳＥＬＥＣＴ", "冬のコート", "商品", "東京都 千代田区", "ショッピングカート　１２")


def measure_search(arguments: Sequence[str]) -> dict[str, object]:
    """Fill, ask, and take everything away again unless it is to be kept. SystemExit where the disk has no room."""
    parser = argparse.ArgumentParser(prog="./run bench search")
    parser.add_argument("--events", type=int, default=5_000_000)
    parser.add_argument("--folder", type=Path, default=None, help="where the store lies meanwhile")
    parser.add_argument(
        "--keep",
        type=Path,
        default=None,
        help="keep the filled store in this folder; contracts that are there already are not made again, so the"
        " questions can be asked once more, and a filling that was broken off goes on",
    )
    parser.add_argument("--questions", type=int, default=50, help="of each kind; one for each contract in turn")
    parser.add_argument("--only", nargs="+", choices=list(_QUESTIONS), help="these kinds alone, and nothing is stored")
    given = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory(prefix="sakimori-bench-", dir=given.folder) as name:
        place = (given.keep or Path(name)).resolve()
        is_new = given.keep is None or not place.exists()
        place.mkdir(parents=True, exist_ok=True)
        if is_new and shutil.disk_usage(place).free < given.events * _BYTES_PER_EVENT:
            raise SystemExit(f"{given.events} events may take {given.events * _BYTES_PER_EVENT >> 30} GiB of disk")
        store = cast("ClickHouseStore", open_store(f"chdb://{place}/store"))
        store.migrate()
        try:
            return _measure(store, given, Path(name))
        finally:
            store.close()


def _measure(store: ClickHouseStore, given: argparse.Namespace, folder: Path) -> dict[str, object]:
    last_day = day_of(_NOW - timedelta(hours=1))
    began = time.perf_counter()
    events = fill(store, given.events, last_day=last_day, tell=_tell)
    filled = time.perf_counter() - began
    chance = random.Random(1)  # noqa: S311 - which questions are asked
    largest, smallest = max(sizes(given.events)), min(sizes(given.events))
    figures: dict[str, object] = {
        "events": events,
        "largest_contract": largest,
        "largest_by_smallest": round(largest / smallest, 1),
        "fill_seconds": round(filled),
    }
    for name in given.only or _QUESTIONS:
        asked = [_QUESTIONS[name](store, number % CONTRACTS + 1, chance) for number in range(given.questions)]
        figures |= _figures(name, asked)
    if given.only:
        return figures
    return {**figures, **_append(store, given.events, last_day, folder), **_size(store, events)}


def _append(store: ClickHouseStore, events: int, last_day: date, folder: Path) -> dict[str, object]:
    """What storing costs in an empty store and in this one, which is made as it was afterwards."""
    with ProcessPoolExecutor(1, get_context("spawn")) as beside:  # An engine opens one folder only.
        empty = beside.submit(_append_us_empty, folder).result()
    full = _append_us(store, folder)
    for contract in _FED:
        fill_days(store, events, contract, days=_days_of_lines(store, contract), last_day=last_day)
    return {
        "append_us_per_line_empty": empty,
        "append_us_per_line_full": full,
        "append_full_by_empty": round(full / empty, 2),
    }


def _size(store: ClickHouseStore, events: int) -> dict[str, object]:
    sums = store.query(
        "SELECT count() AS parts, sum(bytes_on_disk) AS bytes FROM system.parts WHERE active AND table = 'events'"
    )[0]
    return {
        "parts": sums["parts"],
        "bytes_per_event": round(sums["bytes"] / events, 1),
        "peak_rss_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10,
    }


def _tell(events: int) -> None:
    print(f"\r{events:,} events", end="", file=sys.stderr, flush=True)


def _figures(name: str, asked: Sequence[tuple[float, float]]) -> dict[str, object]:
    seconds, processor = [each[0] for each in asked], [each[1] for each in asked]
    return {
        f"{name}_p50_ms": round(median(seconds) * 1000, 1),
        f"{name}_p95_ms": round(percentile(seconds, 0.95) * 1000, 1),
        f"{name}_max_ms": round(max(seconds) * 1000, 1),
        f"{name}_processor_p95_ms": round(percentile(processor, 0.95) * 1000, 1),
    }


def _timed(ask: Callable[[], object]) -> tuple[float, float]:
    """How long it took, and the processor time of all threads, which other work beside it hardly changes."""
    began, processor = time.perf_counter(), time.process_time()
    ask()
    return time.perf_counter() - began, time.process_time() - processor


def _page(store: LogStore, query: LogQuery) -> None:
    """What a page of the log search asks: how many when, and the newest rows in the span where they lie."""
    rows_of_page(store, query, timeline(store, query), offset=0, limit=_PER_PAGE)


def _period(days: int) -> tuple[datetime, datetime]:
    """The last so many days; neither the first nor the last is whole, as on the pages."""
    return _NOW - timedelta(days=days), _NOW


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
    return _text_page(store, contract_id, chance.choice(_WORDS))


def _text_ja(store: LogStore, contract_id: int, chance: random.Random) -> tuple[float, float]:
    return _text_page(store, contract_id, chance.choice(_WORDS_JA))


def _text_page(store: LogStore, contract_id: int, word: str) -> tuple[float, float]:
    text = filter_of(By.TEXT, word)
    return _timed(lambda: _page(store, LogQuery(contract_id, *_period(31), frozenset({text}))))


def _lists(store: LogStore, contract_id: int, _chance: random.Random) -> tuple[float, float]:
    return _timed(lambda: tops(store, LogQuery(contract_id, *_period(31))))


def _chart(store: LogStore, contract_id: int, _chance: random.Random) -> tuple[float, float]:
    return _timed(lambda: _page(store, LogQuery(contract_id, *_period(DAYS))))


_QUESTIONS = {
    "address": _address,
    "top": _top,
    "text": _text,
    "text_ja": _text_ja,
    "chart": _chart,
    "lists": _lists,
}


def _append_us_empty(folder: Path) -> float:
    """In a store of its own without rows."""
    store = open_store(f"chdb://{folder}/empty")
    store.migrate()
    try:
        return _append_us(store, folder)
    finally:
        store.close()


def _append_us(store: LogStore, folder: Path) -> float:
    """Processor time for each line of the middle one of some files, whose events lie on one of the stored days."""
    lines, costs = bench_lines(1, _FILE_LINES * _FILES), []
    for number in range(1, _FILES + 1):
        contract = _FED[number % len(_FED)]
        path = folder / "file.log"
        path.write_bytes(b"".join(line + b"\n" for line in islice(lines, _FILE_LINES)))
        began = time.process_time()
        with read_log_file(path) as file:
            extent = Extent(received_at=_NOW)
            store.append(_events_of(file, extent), contract_id=contract, file_id=number)
        days = day_of(extent.first_at or _NOW), day_of(extent.latest_at or _NOW)
        held = store.count_file(contract_id=contract, file_id=number, days=days)
        costs.append((time.process_time() - began) / _FILE_LINES * 1e6)
        if held != _FILE_LINES:
            raise RuntimeError(f"{held} rows of {_FILE_LINES} lines")
    return round(median(costs), 1)


def _events_of(file: UnpackedFile, extent: Extent) -> Iterator[pa.Table | tuple[int, Event]]:
    """What `ingest.py` lets through."""
    for item in tables_and_events(file):
        if isinstance(item, pa.Table):
            extent.add_table(item)
            yield item
        elif isinstance(item[1], Event):
            extent.add(item[1].time)
            yield item[0], item[1]


def _days_of_lines(store: LogStore, contract: int) -> list[date]:
    """The days on which those files have put events."""
    sql = f"SELECT DISTINCT day FROM events WHERE contract_id = {contract} AND file_id <= {_FILES}"  # noqa: S608 - constants
    return [row["day"] for row in store.query(sql)]
