"""The whole chain from log file to mail in one place: real duties, real stores, twins for vendor and mail."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

from sakimori.blacklist import duties as blacklist
from sakimori.customers.models import Contact, Contract, VendorAccount
from sakimori.logs import duties as logs
from sakimori.logs.receive.pull import pull_due
from sakimori.logs.spool import Spool
from sakimori.logs.store.interface import LogStore
from sakimori.notify import duties as notify
from sakimori.notify.memory import MemoryMailer
from sakimori.tickets import duties as tickets
from sakimori.waf.interface import WafVendor
from sakimori.waf.memory import MemoryVendor
from tests.lines import log_file
from tests.moments import Clock

WAVE = timedelta(minutes=15)


@dataclass
class Chain:
    """One installation. `settle` runs every duty for some rounds. lists: who keeps the lists, where not `vendor`."""

    store: LogStore
    spool: Spool
    vendor: MemoryVendor = field(default_factory=MemoryVendor)
    mailer: MemoryMailer = field(default_factory=MemoryMailer)
    clock: Clock = field(default_factory=Clock)
    worker: str = "one"
    delivered: int = 0
    lists: WafVendor | None = None

    def deliver(self, lines: list[bytes]) -> str:
        """Let the vendor publish a log file with these lines. Returns its name."""
        self.delivered += 1
        name = f"1001_{self.delivered}.log"
        self.vendor.put_log(name, log_file(lines))
        return name

    def duties(self) -> list[Callable[[], int]]:
        """Every duty of the chain, in the order in which work flows."""
        return [
            lambda: pull_due(
                open_logs=lambda _: self.vendor, spool=self.spool, clock=self.clock, pause=timedelta(seconds=1)
            ),
            lambda: logs.ingest_due(store=self.store, spool=self.spool, worker=self.worker, clock=self.clock),
            lambda: blacklist.find_attacks(store=self.store, clock=self.clock),
            lambda: blacklist.decide_findings(store=self.store, now=self.clock()),
            lambda: blacklist.apply_blocks(
                open_vendor=lambda _: self.lists or self.vendor, worker=self.worker, clock=self.clock
            ),
            lambda: tickets.open_tickets(wave=WAVE, now=self.clock()),
            lambda: tickets.mail_blocks(wave=WAVE, now=self.clock()),
            lambda: tickets.mail_restores(wave=WAVE, now=self.clock()),
            lambda: tickets.tell_news(now=self.clock()),
            lambda: tickets.follow_incidents(now=self.clock()),
            lambda: tickets.tell_ends(now=self.clock()),
            lambda: notify.send_due_mails(mailer=self.mailer, worker=self.worker, now=self.clock()),
        ]

    def settle(self, *, rounds: int = 20) -> None:
        """Run all duties, two seconds apart, for some rounds."""
        for _ in range(rounds):
            for duty in self.duties():
                duty()
            self.clock.pass_time(seconds=2)


def make_chain(store: LogStore, folder: Path, contract: Contract) -> Chain:
    """A chain for one contract, with a vendor account and two contacts."""
    VendorAccount.objects.create(contract=contract, api_id="1", sealed_api_key="x", log_base_url="https://logs.example")
    for priority, name in enumerate(("桜井 花子", "吉野 太郎"), start=1):
        Contact.objects.create(
            customer=contract.customer, name=name, email=f"contact{priority}@example.jp", priority=priority
        )
    return Chain(store=store, spool=Spool(folder / "spool"))
