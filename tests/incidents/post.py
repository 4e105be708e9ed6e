"""The room at work: real duties on a clock that a test moves, pages and line as a test wants them."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sakimori.customers.models import Contact, Contract, Site
from sakimori.incidents import duties
from sakimori.incidents.models import Incident
from sakimori.incidents.settling import Rhythm
from sakimori.incidents.signals import Times
from sakimori.incidents.visit import Limits, Trouble, Visit
from sakimori.incidents.visitors import World
from sakimori.logs.fields import Event
from sakimori.logs.formats.cef import parse_cef
from sakimori.logs.models import LogFile
from sakimori.logs.store.interface import LogStore
from tests.incidents.stage import AtOnce, Pages
from tests.lines import cef
from tests.moments import Clock
from tests.people import make_file

LATE = timedelta(minutes=60)
RHYTHM = Rhythm(reprobe=timedelta(seconds=60), watch=timedelta(minutes=5), quiet=timedelta(minutes=30))
TIMES = Times(late=LATE, quiet=RHYTHM.quiet)
LIMITS = Limits(probe_seconds=30, slow_seconds=10, training=False)
CONTROL = "https://control.example.com/"


def dead(at: datetime, url: str) -> Visit:
    return Visit(at=at, url=url, trouble=Trouble.TIMEOUT, total_ms=30_000)


def slow(at: datetime, url: str) -> Visit:
    return Visit(at=at, url=url, status=200, size_bytes=900, total_ms=15_000)


def inner(at: datetime, url: str) -> Visit:
    return Visit(at=at, url=url, trouble=Trouble.FORBIDDEN, total_ms=1)


def flapping(verdicts: list[bool]) -> Callable[[datetime, str], Visit]:
    """A page that is well or dead, visit after visit."""

    def make(at: datetime, url: str) -> Visit:
        well = verdicts.pop(0)
        return Visit(at=at, url=url, status=200, total_ms=100) if well else dead(at, url)

    return make


@dataclass
class Post:
    """One installation's duties of this room."""

    store: LogStore
    pages: Pages = field(default_factory=Pages)
    clock: Clock = field(default_factory=Clock)
    controls: tuple[str, ...] = (CONTROL,)
    called: AtOnce = field(default_factory=AtOnce)
    watching: AtOnce = field(default_factory=AtOnce)

    @property
    def world(self) -> World:
        return World(self.pages, LIMITS, self.controls, self.clock, lambda: None)

    def file(self, contract: Contract, lines: list[bytes], *, door: str = "pull") -> LogFile:
        """A stored file with these lines."""
        file = make_file(contract, door=door, received_at=self.clock(), stored_at=self.clock())
        events: list[tuple[int, Event]] = [(number, parse_cef(line)) for number, line in enumerate(lines, 1)]
        self.store.append(events, contract_id=contract.pk, file_id=file.pk)
        return file

    def ddos(
        self, contract: Contract, *, number: int = 3, ago: timedelta = timedelta(minutes=1), door: str = "pull"
    ) -> LogFile:
        """A file that tells of a DDoS on the contract's site."""
        at, site = self.clock() - ago, contract.sites.get()
        line = lambda i: cef(  # noqa: E731
            "DDoS",
            f"198.51.100.{i + 1}",
            at=at,
            act="REQ_BLOCKED_DDOS",
            site_id=site.vendor_site_id,
            site=site.domain,
        )
        return self.file(contract, [line(i) for i in range(number)], door=door)

    def search(self) -> int:
        return duties.search_signals(store=self.store, times=TIMES, clock=self.clock)

    def probe(self) -> None:
        """Send what is due and write down what came back."""
        for _ in range(2):
            duties.probe_incidents(runner=self.called, world=self.world, rhythm=RHYTHM, worker="one")

    def watch(self) -> None:
        for _ in range(2):
            duties.watch_sites(runner=self.watching, world=self.world, rhythm=RHYTHM, worker="one")

    def outages(self) -> None:
        duties.find_outages(world=self.world, rhythm=RHYTHM, now=self.clock())

    def round(self, **span: float) -> None:
        """Let time pass, then do every duty once."""
        self.clock.pass_time(**span)
        self.search()
        self.probe()
        self.watch()
        self.outages()

    def recover(self, **span: float) -> None:
        """As `round`, and twice more a minute apart: a site is well when three looks in a row say so."""
        self.round(**span)
        self.round(minutes=1)
        self.round(minutes=1)


def url_of(contract: Contract) -> str:
    return contract.sites.get().page_url


def make_contacts(contract: Contract) -> None:
    for priority, (name, phone) in enumerate((("桜井 花子", "03-0000-1001"), ("吉野 太郎", "03-0000-1002")), start=1):
        Contact.objects.create(
            customer=contract.customer,
            name=name,
            email=f"c{priority}@{contract.number.lower()}.example.jp",
            phone=phone,
            priority=priority,
        )


def watch_site(contract: Contract) -> Site:
    """The customer agrees to visits at quiet times."""
    contract.sites.update(watched=True)
    return contract.sites.get()


def only() -> Incident:
    return Incident.objects.get()
