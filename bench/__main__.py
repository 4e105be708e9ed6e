"""`./run bench NAME`: run one benchmark; without a name, say which there are."""

import json
import sys
from collections.abc import Callable, Mapping, Sequence

from bench.alarm import measure_alarm
from bench.blacklist import measure_blacklist
from bench.chain import measure_chain
from bench.doors import measure_doors
from bench.ingest import PEERS, measure_ingest
from bench.ledger import measure_histories, measure_settling, measure_storm
from bench.machine import machine_facts
from bench.parse import measure_parse
from bench.peers import available
from bench.probes import measure_probes
from bench.search import measure_search
from bench.small import measure_small

Measure = Callable[[Sequence[str]], Mapping[str, object]]


def _alone(measure: Callable[[], Mapping[str, object]]) -> Measure:
    return lambda _arguments: measure()


def _ingest() -> Mapping[str, object]:
    PEERS.update(available())
    return measure_ingest()


BENCHES: dict[str, tuple[str, Measure]] = {
    "alarm": ("20 incidents at once beside 200 sites: signal to visit, verdict, mails, rings", measure_alarm),
    "blacklist": ("stored -> blocked, click -> restored, and a storm of attackers", measure_blacklist),
    "chain": ("attack -> blocked -> mailed, click -> restored, through the demo's real doors", _alone(measure_chain)),
    "doors": ("push and syslog over TLS: answers, losses, how soon lines can be searched", measure_doors),
    "ingest": ("compressed files to durable rows: lines per second, memory, bytes on disk", _alone(_ingest)),
    "parse": (
        "CEF lines per second on one core, and file to stored rows, also of odd lines and of a JSON document",
        _alone(measure_parse),
    ),
    "probes": (
        "visits to HTTPS sites with all phases: how many a second, processor time of a baseline",
        measure_probes,
    ),
    "histories": (
        "random histories of the vendor's list (NUMBER FIRST_SEED): entries lost, forbidden writes, wrong ends",
        lambda arguments: measure_histories(*map(int, arguments)),
    ),
    "storm": (
        "ten thousand due blocks of one contract: calls to the vendor, and the list at the end",
        lambda arguments: measure_storm(int(arguments[0]) if arguments else 10_000),
    ),
    "settling": (
        "visits of quiet times written down and summed up: processor time",
        lambda arguments: measure_settling(int(arguments[0]) if arguments else 1000),
    ),
    "search": ("many events, and what the pages of the log search ask", measure_search),
    "small": ("small files of many contracts: processor time of each, stored together and alone", measure_small),
}


def main() -> int:
    """Run what the arguments name."""
    name = sys.argv[1] if len(sys.argv) > 1 else ""
    if name not in BENCHES:
        for known, (what, _) in BENCHES.items():
            print(f"./run bench {known:<9} {what}")
        return 0 if not name else 2
    figures = BENCHES[name][1](sys.argv[2:])
    print(json.dumps({"bench": name, **figures, "machine": machine_facts()}, ensure_ascii=False))
    return 0


sys.exit(main())
