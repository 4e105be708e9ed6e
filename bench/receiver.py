"""The receiving side of `./run bench doors`, in a process of its own: doors, log store and the duties of the logs.

It speaks JSON lines: first where its doors are, then an answer to each question that comes on its standard input.
`find`: when each of these events can first be searched (answered once for each, by the system-wide steady clock);
`sums`: what lies where by now. It ends with its input.
"""

import hashlib
import json
import sys
import threading
import time
from collections.abc import Iterable
from pathlib import Path

import django
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import load_pem_x509_certificate

django.setup()

from django.conf import settings  # noqa: E402 - rows need the settings first
from django.db.models import Sum  # noqa: E402

from sakimori import backends  # noqa: E402
from sakimori.customers.models import Contract, Customer, LogSender, VendorAccount  # noqa: E402
from sakimori.customers.secrets import give_key, issue_collector_token  # noqa: E402
from sakimori.lib.jst import utc_now  # noqa: E402
from sakimori.logs.models import LogFile, LogFileState, Residue  # noqa: E402
from sakimori.logs.store.clickhouse import EVENTS  # noqa: E402
from sakimori.run.cli import configure_logging  # noqa: E402
from sakimori.run.collector import CollectorServer, self_signed  # noqa: E402
from sakimori.run.duties import all_duties  # noqa: E402
from sakimori.run.loops import Loops  # noqa: E402
from sakimori.run.prepare import prepare  # noqa: E402
from sakimori.run.syslog import SyslogServer  # noqa: E402

# Those that look at every log file. The others speak to the outside, which is not there.
_DUTIES = {"ingest", "find", "signals", "watch", "spool", "retention"}
_POLL_SECONDS = 0.1


class Finder(threading.Thread):
    """Asks the log store again and again for events that somebody waits for."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self._wanted: set[str] = set()
        self._stopping = threading.Event()

    def want(self, request_ids: Iterable[str]) -> None:
        """Tell when these can be searched."""
        self._wanted |= set(request_ids)

    def stop(self) -> None:
        """Before the log store is closed."""
        self._stopping.set()
        self.join(10)

    def run(self) -> None:
        """Until it is stopped."""
        sql = f"SELECT request_id FROM {EVENTS} WHERE request_id IN {{wanted:Array(String)}}"  # noqa: S608
        while not self._stopping.wait(_POLL_SECONDS):
            if wanted := list(self._wanted):
                for row in backends.log_store().query(sql, {"wanted": wanted}):
                    self._wanted.discard(row["request_id"])
                    say({"found": row["request_id"], "at": time.monotonic()})


def say(answer: dict[str, object]) -> None:
    """One line for the other side."""
    sys.stdout.write(json.dumps(answer) + "\n")
    sys.stdout.flush()


def main() -> None:
    """Open the doors for so many contracts, and answer until the input ends."""
    configure_logging()
    prepare()
    contracts = [_contract(number) for number in range(int(sys.argv[1]))]
    collector, syslog = CollectorServer("127.0.0.1", 0), SyslogServer("127.0.0.1", 0)
    loops = Loops([duty for duty in all_duties() if duty.name in _DUTIES])
    collector.start()
    syslog.start()
    loops.start()
    finder = Finder()
    finder.start()
    say({"hec": collector.port, "syslog": syslog.port, "contracts": contracts})
    for line in sys.stdin:
        question = json.loads(line)
        if "find" in question:
            finder.want(question["find"])
        else:
            say(_sums())
    finder.stop()
    collector.stop()
    syslog.stop()
    loops.stop(timeout_seconds=30)
    backends.log_store().close()


def _contract(number: int) -> dict[str, str]:
    """A contract, and with what its sender gets in."""
    customer = Customer(number=f"C-{number}", name=f"Customer {number}", created_at=utc_now())
    give_key(customer)
    customer.save()
    contract = Contract.objects.create(
        customer=customer, number=f"K-{number}", keeps_access_lines=True, starts_on=utc_now().date(), keeps_logs=True
    )
    account = VendorAccount(contract=contract, api_id="1", sealed_api_key="x")
    token = issue_collector_token(account)
    account.save()
    certificate, key = self_signed("sender.example.jp", now=utc_now())
    der = load_pem_x509_certificate(certificate).public_bytes(Encoding.DER)
    LogSender.objects.create(
        contract=contract,
        fingerprint=hashlib.sha256(der).hexdigest(),
        certificate=certificate.decode(),
        added_at=utc_now(),
    )
    folder = Path(settings.CONFIG.data)
    paths = folder / f"sender-{number}.pem", folder / f"sender-{number}-key.pem"
    paths[0].write_bytes(certificate)
    paths[1].write_bytes(key)
    return {"token": token, "certificate": str(paths[0]), "key": str(paths[1])}


def _sums() -> dict[str, object]:
    store = backends.log_store()
    rows = store.query("SELECT count() AS rows, uniqExact(request_id) AS events FROM events")[0]
    parts = store.query("SELECT count() AS parts FROM system.parts WHERE active AND table = 'events'")[0]
    files = LogFile.objects.all()
    sums = files.aggregate(lines=Sum("lines", default=0), bad=Sum("quarantined_lines", default=0))
    residue = Residue.objects.aggregate(cuts=Sum("cuts", default=0), lines=Sum("lines", default=0))
    return {
        **rows,
        **parts,
        **sums,
        "files": files.count(),
        "waiting": files.exclude(state__in=[LogFileState.STORED, LogFileState.QUARANTINED]).count(),
        "cuts": residue["cuts"],
        "cut_lines": residue["lines"],
        "processor_seconds": time.process_time(),
    }


main()
