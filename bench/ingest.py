"""From compressed files of the vendor to durable, queryable rows: lines per second, memory and bytes on disk."""

import hashlib
import resource
import tempfile
import time
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from pathlib import Path
from statistics import median

from bench.lines import bench_lines
from sakimori.logs.fields import Event
from sakimori.logs.read_ahead import one_ahead
from sakimori.logs.store.clickhouse import open_store
from sakimori.logs.store.interface import LogStore
from sakimori.logs.unpack import read_log_file

FILES = 6
LINES_PER_FILE = 100_000
_STEP_BYTES = 64 * 1024
# What a user would pick instead: name -> how many lines per second from the same file to its typed rows.
PEERS: dict[str, Callable[[Path], float]] = {}


def measure_ingest() -> dict[str, object]:
    """Files of 1.2 kB lines, one after the other, the next one read ahead, as the spool's worker does it."""
    with tempfile.TemporaryDirectory(prefix="sakimori-bench-") as name:
        folder = Path(name)
        files = [_write(folder / f"{number}.log", number) for number in range(FILES)]
        lines = FILES * LINES_PER_FILE
        inflated = lines / sum(map(_inflate_seconds, files))
        store = open_store(f"chdb://{folder / 'store'}")
        store.migrate()
        before = _peak_mib()
        processor = time.process_time()
        seconds = list(_ingest_seconds(store, files))
        processor = time.process_time() - processor
        peak = _peak_mib()
        unmerged = _bytes_per_event(store, lines)["bytes_per_event"]
        # What the engine does by itself when a day is over; storing does not wait for it.
        store._command("OPTIMIZE TABLE events FINAL")  # type: ignore[attr-defined]  # noqa: SLF001
        facts = {
            "lines": lines,
            "bytes_per_line": round(sum(map(_content_bytes, files)) / lines),
            "lines_per_second": round(lines / sum(seconds)),
            "best_file_lines_per_second": round(LINES_PER_FILE / min(seconds)),
            "median_file_lines_per_second": round(LINES_PER_FILE / median(seconds)),
            "processor_us_per_line": round(processor / lines * 1e6, 1),
            "inflated_lines_per_second": round(inflated),
            "inflate_ratio": round(lines / sum(seconds) / inflated, 3),
            **_bytes_per_event(store, lines),
            "bytes_per_event_before_merging": unmerged,
            "peak_rss_mib": peak,
            "rss_before_mib": before,
            "peers": {name: round(measure(files[0])) for name, measure in PEERS.items()},
        }
        store.close()
    return facts


def _write(path: Path, number: int) -> Path:
    content = b"".join(line + b"\n" for line in bench_lines(number, LINES_PER_FILE))
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


def _ingest_seconds(store: LogStore, files: Sequence[Path]) -> Iterator[float]:
    """How long each file takes, from the end of the one before it."""
    began = time.perf_counter()
    with closing(one_ahead(files, read_log_file)) as opened:
        for number, (_, reading) in enumerate(opened, 1):
            with reading as read:
                rows = (row for row in read if not isinstance(row, tuple) or isinstance(row[1], Event))
                store.append(rows, contract_id=1, file_id=number)  # type: ignore[arg-type]
            held = store.count_file(contract_id=1, file_id=number)
            if held != LINES_PER_FILE:
                raise RuntimeError(f"{held} rows of {LINES_PER_FILE} lines")
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
