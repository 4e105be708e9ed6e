"""How fast log lines are read: parsing alone on one core, and a whole compressed file into stored rows."""

import random
import tempfile
import time
import zlib
from itertools import islice
from pathlib import Path

from sakimori.logs.fields import Event
from sakimori.logs.formats.detect import LineParser
from sakimori.logs.read_file import numbered_events
from sakimori.logs.store.clickhouse import open_store
from sakimori.logs.unpack import Limits, read_log_file
from sakimori.simulators.attack_kinds import ATTACKS
from sakimori.simulators.cef import Verdict, cef_line
from sakimori.simulators.spec import AccountSpec, SiteSpec
from sakimori.simulators.traffic import Request, mixed_traffic

LINES = 60_000


def measure_parse() -> dict[str, float]:
    """Lines per second, with lines of the simulator's realistic mix."""
    lines = _lines()
    parser = LineParser()
    began = time.perf_counter()
    for line in lines:
        parser.parse(line)
    parsed = time.perf_counter() - began
    body = b"format:CEF\n|==|\n" + zlib.compress(b"\n".join(lines))
    with tempfile.TemporaryDirectory(prefix="sakimori-bench-") as folder:
        store = open_store(f"chdb://{Path(folder) / 'store'}")
        store.migrate()
        began = time.perf_counter()
        with read_log_file(body, private_keys={}, limits=Limits()) as file:
            rows = ((number, event) for number, event in numbered_events(file) if isinstance(event, Event))
            stored = store.append(rows, contract_id=1, file_id=1)
        seconds = time.perf_counter() - began
        store.close()
    return {
        "lines": len(lines),
        "bytes_per_line": round(sum(map(len, lines)) / len(lines)),
        "parsed_lines_per_second": round(len(lines) / parsed),
        "stored_lines_per_second": round(stored / seconds),
    }


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
