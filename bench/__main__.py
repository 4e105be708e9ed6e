"""`./run bench NAME`: run one benchmark; without a name, say which there are."""

import json
import sys
from collections.abc import Callable, Mapping

from bench.chain import measure_chain
from bench.ingest import measure_ingest
from bench.machine import machine_facts
from bench.parse import measure_parse

BENCHES: dict[str, tuple[str, Callable[[], Mapping[str, object]]]] = {
    "chain": ("attack -> blocked -> mailed, click -> restored, through the demo's real doors", measure_chain),
    "ingest": ("compressed files to durable rows: lines per second, memory, bytes on disk", measure_ingest),
    "parse": ("CEF lines per second on one core, and file to stored rows", measure_parse),
}


def main() -> int:
    """Run what the arguments name."""
    name = sys.argv[1] if len(sys.argv) > 1 else ""
    if name not in BENCHES:
        for known, (what, _) in BENCHES.items():
            print(f"./run bench {known:<8} {what}")
        return 0 if not name else 2
    figures = BENCHES[name][1]()
    print(json.dumps({"bench": name, **figures, "machine": machine_facts()}, ensure_ascii=False))
    return 0


sys.exit(main())
