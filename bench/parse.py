"""How fast log lines are read: parsing alone on one core, and a whole compressed file into stored rows.

Also of files that somebody has made as dear as he can: every line odd, so that the careful parser reads it, and one
JSON document, which is cut into its events first; and single lines of 64 KiB (`worst_lines.py`).
"""

import json
import random
import tempfile
import time
import zlib
from collections.abc import Sequence
from contextlib import closing
from itertools import islice
from pathlib import Path

from bench.worst_lines import measure_worst_lines
from sakimori.logs.fields import Event
from sakimori.logs.formats.detect import LineParser
from sakimori.logs.read_file import numbered_events, tables_and_events
from sakimori.logs.store.clickhouse import open_store
from sakimori.logs.store.interface import LogStore
from sakimori.logs.unpack import Limits, read_log_file
from sakimori.simulators.attack_kinds import ATTACKS
from sakimori.simulators.cef import Verdict, cef_line
from sakimori.simulators.spec import AccountSpec, SiteSpec
from sakimori.simulators.traffic import Request, mixed_traffic

LINES = 60_000
# A visitor who knows how can make any line of his an odd one.
_TYPED = b" src=192.0.2.66 request="


def measure_parse() -> dict[str, float | str]:
    """Lines per second, with lines of the simulator's realistic mix."""
    lines = _lines()
    parser = LineParser()
    began = time.perf_counter()
    for line in lines:
        parser.parse(line)
    parsed = time.perf_counter() - began
    odd = [line.replace(b" request=", _TYPED, 1) for line in lines]
    with tempfile.TemporaryDirectory(prefix="sakimori-bench-") as folder:
        store = open_store(f"chdb://{Path(folder) / 'store'}")
        store.migrate()
        stored = _stored_one_by_one(lines, store)
        _stored(lines[:1000], store, 2)  # Compiled code is loaded.
        kinds = {"": lines, "odd_": odd, "document_": _document(lines)}
        measured = {kind: _stored(each, store, number) for number, (kind, each) in enumerate(kinds.items(), start=3)}
        store.close()
    return {
        "lines": len(lines),
        "bytes_per_line": round(sum(map(len, lines)) / len(lines)),
        "parsed_lines_per_second": round(len(lines) / parsed),
        "stored_lines_per_second": round(stored),
        **{f"file_of_{kind}lines_per_second": round(rate) for kind, (rate, _) in measured.items()},
        **{f"file_of_{kind}lines_processor_us": round(cost, 1) for kind, (_, cost) in measured.items()},
        **measure_worst_lines(),
    }


def _stored_one_by_one(lines: Sequence[bytes], store: LogStore) -> float:
    began = time.perf_counter()
    with read_log_file(_body(lines), private_keys={}, limits=Limits()) as file:
        rows = ((number, event) for number, event in numbered_events(file) if isinstance(event, Event))
        stored = store.append(rows, contract_id=1, file_id=1)
    return stored / (time.perf_counter() - began)


def _stored(lines: Sequence[bytes], store: LogStore, file_id: int) -> tuple[float, float]:
    """Rows per second, read and stored as the duty does it, and processor time of each in microseconds."""
    began, used = time.perf_counter(), time.process_time()
    with read_log_file(_body(lines)) as file, closing(tables_and_events(file)) as read:
        rows = (item for item in read if not isinstance(item, tuple) or isinstance(item[1], Event))
        stored = store.append(rows, contract_id=1, file_id=file_id)  # Bad lines are left out.
    return stored / (time.perf_counter() - began), (time.process_time() - used) / stored * 1e6


def _body(lines: Sequence[bytes]) -> bytes:
    return b"format:CEF\n|==|\n" + zlib.compress(b"\n".join(lines))


def _document(lines: Sequence[bytes]) -> Sequence[bytes]:
    return [b'{"logs": [', *(_record(line) + b"," for line in lines[:-1]), _record(lines[-1]) + b"]}"]


def _record(line: bytes) -> bytes:
    """A near-real-time record that says about as much as a line of CEF."""
    event = LineParser().parse(line)
    return json.dumps(
        {
            "@timestamp": round(event.time.timestamp() * 1000),
            "event": {"id": event.request_id, "action": event.act, "code": event.name, "provider": "abp"},
            "client": {"ip": event.client_ip_text, "geo": {"country_iso_code": event.country, "city_name": event.city}},
            "url": {"path": event.url, "query": event.query},
            "user_agent": {"original": event.user_agent, "name": event.client_app},
            "imperva": {"ids": {"site_id": event.site_id, "account_id": event.account_id}, "x": event.client_signature},
        }
    ).encode()


def _lines() -> list[bytes]:
    """Lines of the simulator's generator: at least 20 good ones for every hostile one, odd ones among them."""
    sites = (SiteSpec(1, "shop.example.jp"), SiteSpec(2, "www.example.jp"))
    account = AccountSpec(1, "bench", "1", "1", log_config_id=1, log_api_id="1", log_api_key="1", sites=sites)
    chance = random.Random(1)  # noqa: S311 - invented traffic, no secrets
    requests = islice(mixed_traffic(1, sites, hostile=LINES // 20, start_ms=1_790_000_000_000), LINES)
    return [cef_line(account, request, _verdict(request), chance).encode() for request in requests]


def _verdict(request: Request) -> Verdict:
    if request.attack is None:
        return Verdict("Normal", 0, "REQ_PASSED", 200, 4591, 20)
    attack = ATTACKS[request.attack]
    return Verdict(attack.name, attack.severity, attack.blocked_act, None, 0, 3, attack.rules)
