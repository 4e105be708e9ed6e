"""What a user would pick instead of our ingest, on the very same file: inflate, parse every key into typed columns, and
write them with the original line to the disk, synced. None of them checks the checksum, mends odd lines, knows doubles
or goes on after a crash; lines that they read wrongly are not counted against them.

Each gives lines per second. What is not installed is left out, with a word on stderr.
"""

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from importlib.util import find_spec
from ipaddress import ip_address
from pathlib import Path

from sakimori.logs.fields import FIELDS, Kind

_NUMBERS = (Kind.INT, Kind.PORT)
# A key of the vendor's (in its first spelling) and how its value is typed.
_COLUMNS = {field.cef[0]: field.kind for field in FIELDS if field.cef}
_KEY = re.compile(r"(?:^|(?<=[ |]))([A-Za-z][A-Za-z0-9]*)=")
_RSYSLOG_SECONDS = 300.0


def available() -> dict[str, Callable[[Path], float]]:
    """The peers that are installed: their names and how to measure them."""
    found: dict[str, Callable[[Path], float]] = {"python_re_split": python_re_split}
    for name, measure in (("polars", polars_parquet), ("duckdb", duckdb_parquet)):
        if find_spec(name) and find_spec("pyarrow"):
            found[f"{name}_parquet"] = measure
        else:
            print(f"{name} is not installed (requirements-bench.lock): left out", file=sys.stderr)
    if shutil.which("rsyslogd"):
        found["rsyslog_mmnormalize_json"] = rsyslog_json
    else:
        print("rsyslogd is not installed: left out", file=sys.stderr)
    return found


@contextmanager
def _folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="sakimori-peer-") as name:
        yield Path(name)


def _content(path: Path) -> bytes:
    return zlib.decompress(path.read_bytes().partition(b"|==|\n")[2])


def _sync(path: Path) -> None:
    with path.open("rb") as file:
        os.fsync(file.fileno())


def python_re_split(path: Path) -> float:
    """Plain Python: one `re.split` for each line, values typed one by one, JSON lines."""
    with _folder() as folder:
        began, lines = time.perf_counter(), 0
        with (folder / "rows.json").open("w", encoding="utf-8") as out:
            for line in _content(path).decode(errors="replace").splitlines():
                parts = _KEY.split(line)
                row: dict[str, object] = dict(zip(parts[1::2], parts[2::2], strict=True))
                out.write(
                    json.dumps({"line": line, **{key: _typed(key, str(text)) for key, text in row.items()}}) + "\n"
                )
                lines += 1
        _sync(folder / "rows.json")
        return lines / (time.perf_counter() - began)


def _typed(key: str, text: str) -> object:
    kind, text = _COLUMNS.get(key), text.rstrip()
    try:
        if kind in _NUMBERS:
            return int(text)
        if kind is Kind.FLOAT:
            return float(text)
        if kind is Kind.TIME:
            return datetime.fromtimestamp(int(text) / 1000, UTC).isoformat()
        return str(ip_address(text)) if key == "src" else text
    except ValueError:
        return None


def polars_parquet(path: Path) -> float:
    """polars: one regular expression for each key, cast, Parquet with ZSTD. It takes all cores."""
    import polars as pl  # noqa: PLC0415 - only here

    types = {Kind.INT: pl.Int64, Kind.PORT: pl.UInt16, Kind.FLOAT: pl.Float64}
    with _folder() as folder:
        began = time.perf_counter()
        frame = pl.DataFrame({"line": _content(path).decode(errors="replace").splitlines()})
        columns = []
        for key, kind in _COLUMNS.items():
            column = pl.col("line").str.extract(_of(key), 1)
            if kind is Kind.TIME:
                column = pl.from_epoch(column.cast(pl.Int64, strict=False), time_unit="ms")
            elif kind in types:
                column = column.cast(types[kind], strict=False)
            columns.append(column.alias(key))
        frame.with_columns(columns).write_parquet(folder / "rows.parquet", compression="zstd")
        _sync(folder / "rows.parquet")
        return frame.height / (time.perf_counter() - began)


def duckdb_parquet(path: Path) -> float:
    """DuckDB: one regular expression for each key, cast, Parquet with ZSTD. It takes all cores."""
    import duckdb  # noqa: PLC0415 - only here
    import pyarrow as pa  # noqa: PLC0415

    types = {Kind.INT: "BIGINT", Kind.PORT: "USMALLINT", Kind.FLOAT: "DOUBLE"}
    with _folder() as folder:
        began = time.perf_counter()
        lines = pa.table({"line": _content(path).decode(errors="replace").splitlines()})
        columns = []
        for key, kind in _COLUMNS.items():
            column = f"nullif(regexp_extract(line, '{_of(key)}', 1), '')"
            if kind is Kind.TIME:
                column = f"epoch_ms(TRY_CAST({column} AS BIGINT))"
            elif kind in types:
                column = f"TRY_CAST({column} AS {types[kind]})"
            columns.append(f'{column} AS "{key}"')
        out = folder / "rows.parquet"
        with duckdb.connect() as engine:
            engine.register("lines", lines)
            select = f"SELECT line, {', '.join(columns)} FROM lines"  # noqa: S608 - names of ours only
            engine.execute(f"COPY ({select}) TO '{out}' (FORMAT parquet, COMPRESSION zstd)")
        _sync(out)
        return lines.num_rows / (time.perf_counter() - began)


def _of(key: str) -> str:
    """The value of a key: up to the next key or the end."""
    return f"(?:^|[ |]){key}=(.*?)(?: [A-Za-z][A-Za-z0-9]*=|$)"


def rsyslog_json(path: Path) -> float:
    """rsyslog: its CEF parser (mmnormalize) into JSON lines, values as text. From its start to its last line."""
    with _folder() as folder:
        began = time.perf_counter()
        content = _content(path)
        (folder / "lines.log").write_bytes(content)
        (folder / "cef.rule").write_text("version=2\nrule=:%cef:cef%\n")
        (folder / "rsyslog.conf").write_text(_RSYSLOG.format(folder=folder))
        command = ["rsyslogd", "-n", "-f", f"{folder}/rsyslog.conf", "-i", f"{folder}/pid"]
        process = subprocess.Popen(command, stderr=subprocess.DEVNULL)  # noqa: S603 - words of ours only
        try:
            _wait_for(folder / "rows.json", content.count(b"\n"))
            _sync(folder / "rows.json")
            return content.count(b"\n") / (time.perf_counter() - began)
        finally:
            process.terminate()
            process.wait(30)


_RSYSLOG = """
global(workDirectory="{folder}" maxMessageSize="256k")
module(load="imfile" mode="inotify")
module(load="mmnormalize")
main_queue(queue.size="200000" queue.workerThreads="2" queue.dequeueBatchSize="1000")
input(type="imfile" file="{folder}/lines.log" tag="cwaf" freshStartTail="off")
action(type="mmnormalize" ruleBase="{folder}/cef.rule" useRawMsg="off")
set $!line = $msg;
template(name="all" type="list") {{ property(name="$!all-json-plain") constant(value="\\n") }}
action(type="omfile" file="{folder}/rows.json" template="all" asyncWriting="off" ioBufferSize="256k" flushOnTXEnd="on")
"""


def _wait_for(path: Path, lines: int) -> None:
    """Wait until a file has so many lines. TimeoutError if it never has."""
    stop_at, seen, position = time.perf_counter() + _RSYSLOG_SECONDS, 0, 0
    while seen < lines:
        if time.perf_counter() > stop_at:
            raise TimeoutError(f"rsyslog has written {seen} of {lines} lines")
        time.sleep(0.05)
        if path.exists():
            with path.open("rb") as file:
                file.seek(position)
                while chunk := file.read(1 << 22):
                    seen += chunk.count(b"\n")
                    position += len(chunk)
