"""The measuring side of `./run bench small`, in a process of its own: what a small file costs, together and alone.

It prints one JSON object. Processor time is that of the whole process, with all threads of the embedded log store.
"""

import json
import sys
import time
from collections.abc import Iterator
from itertools import count

import django

from bench.load import Lines

django.setup()

from django.db.models import Q  # noqa: E402 - rows need the settings first

from sakimori import backends  # noqa: E402
from sakimori.customers.models import Contract, Customer  # noqa: E402
from sakimori.customers.secrets import give_key  # noqa: E402
from sakimori.lib.jst import utc_now  # noqa: E402
from sakimori.logs import duties  # noqa: E402
from sakimori.logs.models import LogFile, LogFileState  # noqa: E402
from sakimori.logs.receive.accept import accept  # noqa: E402
from sakimori.run.cli import configure_logging  # noqa: E402
from sakimori.run.prepare import prepare  # noqa: E402

_ROUNDS = 3
_NUMBERS = count(1)


def main() -> None:
    """Of so many contracts: one file of each in a group, four of each, and one by one."""
    configure_logging()
    prepare()
    contracts = [_contract(number) for number in range(int(sys.argv[1]))]
    bodies = _bodies()
    _measure(contracts, bodies, each=1)  # Compiled passes and the engine are awake from here on.
    together, four_each = _measure(contracts, bodies, each=1), _measure(contracts, bodies, each=4)
    duties.SMALL = Q(pk=None)
    alone = _measure(contracts, bodies, each=1)
    if LogFile.objects.exclude(state=LogFileState.STORED).exists():
        raise RuntimeError("not every file is stored")
    sys.stdout.write(
        json.dumps(
            {
                "alone_processor_ms": alone,
                "together_processor_ms": together,
                "four_of_each_processor_ms": four_each,
                "files_per_processor_second": round(1000 / four_each),
                "ratio": round(alone / together, 1),
            }
        )
    )


def _measure(contracts: list[Contract], bodies: Iterator[bytes], *, each: int) -> float:
    """Milliseconds of processor time for a file, from the spool to rows and ledger."""
    store, spool = backends.log_store(), backends.spool()
    files, seconds = 0, 0.0
    for _ in range(_ROUNDS):
        for contract in contracts * each:
            name = f"{next(_NUMBERS)}.log"
            accept([next(bodies)], contract=contract, door="hec", name=name, spool=spool, now=utc_now())
        began = time.process_time()
        while done := duties.ingest_due(store=store, spool=spool, worker="bench", clock=utc_now):
            files += done
        seconds += time.process_time() - began
    return round(seconds / files * 1000, 1)


def _bodies() -> Iterator[bytes]:
    """Files of a hundred lines, all identifiers different."""
    lines = Lines()
    while True:
        events = json.JSONDecoder()
        text, place, found = lines.events()[0].decode(), 0, []
        while place < len(text):
            event, place = events.raw_decode(text, place)
            found.append(event["event"].encode() + b"\n")
        yield b"".join(found)


def _contract(number: int) -> Contract:
    customer = Customer(number=f"C-{number}", name=f"Customer {number}", created_at=utc_now())
    give_key(customer)
    customer.save()
    return Contract.objects.create(
        customer=customer, number=f"K-{number}", keeps_access_lines=True, starts_on=utc_now().date(), keeps_logs=True
    )


main()
