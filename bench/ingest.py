"""From compressed files of the vendor to durable, queryable rows: lines per second, memory and bytes on disk."""

import hashlib
import resource
import tempfile
import time
import zlib
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import closing
from multiprocessing import get_context
from pathlib import Path
from statistics import median

from bench.lines import bench_lines
from sakimori.lib.memory import settle_in
from sakimori.logs.fields import Event
from sakimori.logs.read_ahead import one_ahead
from sakimori.logs.store.clickhouse import open_store
from sakimori.logs.store.interface import LogStore
from sakimori.logs.unpack import read_log_file

FILES = 24
LINES_PER_FILE = 100_000
_FIRST_LINES = 2_000
_STEP_BYTES = 64 * 1024
# What a user would pick instead: name -> how many lines per second from the same file to its typed rows.
PEERS: dict[str, Callable[[Path], float]] = {}


def measure_ingest() -> dict[str, object]:
    """Files of 1.2 kB lines, one after the other, the next one read ahead, as the spool's worker does it.

    A worker runs for weeks: a small file before the others loads the machine code and opens the store, and counts for
    nothing. Another process makes the files, so that its memory is not taken for the worker's.
    """
    with tempfile.TemporaryDirectory(prefix="sakimori-bench-") as name:
        folder = Path(name)
        first, *files = _written(folder)
        lines = FILES * LINES_PER_FILE
        inflated = lines / sum(map(_inflate_seconds, files))
        settle_in()  # As every worker does.
        store = open_store(f"chdb://{folder / 'store'}")
        store.migrate()
        stored = _stored(store, first, files)
        facts = {
            "lines": lines,
            "bytes_per_line": round(sum(map(_content_bytes, files)) / lines),
            **stored,
            "inflated_lines_per_second": round(inflated),
            "inflate_ratio": round(stored["lines_per_second"] / inflated, 3),
            **_space(store, lines + _FIRST_LINES),
            "peers": {name: round(measure(files[0])) for name, measure in PEERS.items()},
        }
        store.close()
    return facts


def _stored(store: LogStore, first: Path, files: Sequence[Path]) -> dict[str, float]:
    """Store them all, and say how fast that was and how much memory it took."""
    (began,) = _ingest_seconds(store, [first], lines=_FIRST_LINES, first_number=FILES)
    before, processor = _peak_mib(), time.process_time()
    seconds = list(_ingest_seconds(store, files, lines=LINES_PER_FILE))
    processor, lines = time.process_time() - processor, len(files) * LINES_PER_FILE
    return {
        "lines_per_second": round(lines / sum(seconds)),
        "best_file_lines_per_second": round(LINES_PER_FILE / min(seconds)),
        "median_file_lines_per_second": round(LINES_PER_FILE / median(seconds)),
        "processor_us_per_line": round(processor / lines * 1e6, 1),
        "peak_rss_mib": _peak_mib(),
        "rss_before_mib": before,
        "first_small_file_seconds": round(began, 2),
    }


def _space(store: LogStore, lines: int) -> dict[str, float]:
    unmerged = _bytes_per_event(store, lines)["bytes_per_event"]
    # What the engine does by itself when a day is over; storing does not wait for it.
    store._command("OPTIMIZE TABLE events FINAL")  # type: ignore[attr-defined]  # noqa: SLF001
    return {**_bytes_per_event(store, lines), "bytes_per_event_before_merging": unmerged}


def _written(folder: Path) -> list[Path]:
    with ProcessPoolExecutor(max_workers=2, mp_context=get_context("spawn")) as makers:
        counts = [_FIRST_LINES, *[LINES_PER_FILE] * FILES]
        waiting = [
            makers.submit(_write, folder / f"{number}.log", number, count) for number, count in enumerate(counts)
        ]
        return [file.result() for file in waiting]


def _write(path: Path, number: int, count: int) -> Path:
    content = b"".join(line + b"\n" for line in bench_lines(number, count))
    checksum = hashlib.md5(content, usedforsecurity=False).hexdigest()
    path.write_bytes(f"format:CEF\nchecksum:{checksum}\n|==|\n".encode() + zlib.compress(content))
    return path


def _inflate_seconds(path: Path) -> float:
    """What one thread needs that inflates the file in steps and does nothing else."""
    body = path.read_bytes().partition(b"|==|\n")[2]
    began = time.perf_counter()
    decoder = zlib.decompressobj()
    for place in range(0, len(body), _STEP_BYTES):
        data = body[place : place + _STEP_BYTES]
        while data:
            decoder.decompress(data, _STEP_BYTES)
            data = decoder.unconsumed_tail
    return time.perf_counter() - began


def _content_bytes(path: Path) -> int:
    return len(zlib.decompress(path.read_bytes().partition(b"|==|\n")[2]))


def _ingest_seconds(store: LogStore, files: Sequence[Path], *, lines: int, first_number: int = 0) -> Iterator[float]:
    """How long each file takes, from the end of the one before it."""
    began = time.perf_counter()
    with closing(one_ahead(files, read_log_file)) as opened:
        for number, (_, reading) in enumerate(opened, first_number):
            with reading as read:
                rows = (row for row in read if not isinstance(row, tuple) or isinstance(row[1], Event))
                store.append(rows, contract_id=1, file_id=number)  # type: ignore[arg-type]
            held = store.count_file(contract_id=1, file_id=number)
            if held != lines:
                raise RuntimeError(f"{held} rows of {lines} lines")
            yield time.perf_counter() - began
            began = time.perf_counter()


def _bytes_per_event(store: LogStore, lines: int) -> dict[str, float]:
    """What lies on disk, and without the original line: its frame, or the whole of it."""
    whole = store.query("SELECT sum(bytes_on_disk) AS bytes FROM system.parts WHERE table = 'events' AND active")
    line = store.query(
        "SELECT sum(column_bytes_on_disk) AS bytes FROM system.parts_columns"
        " WHERE table = 'events' AND active AND column IN ('line', 'frame')"
    )
    with_line, only_line = int(whole[0]["bytes"]), int(line[0]["bytes"])
    return {
        "bytes_per_event": round(with_line / lines, 1),
        "bytes_per_event_without_line": round((with_line - only_line) / lines, 1),
    }


def _peak_mib() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
