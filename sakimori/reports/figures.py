"""The figures of a report: from counted rows to sums, and to the JSON in which they are frozen and back. Pure."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import date, timedelta
from typing import Any

from sakimori.logs.attack_kinds import AttackKind, Outcome


@dataclass(frozen=True, slots=True)
class Count:
    """So many events of one day, site, kind and outcome, as the log store counts them."""

    day: date
    site: str
    kind: str
    outcome: str
    events: int


@dataclass(frozen=True, slots=True)
class Tally:
    """Requests by what became of them."""

    blocked: int = 0
    passed: int = 0
    challenged: int = 0
    other: int = 0

    @property
    def total(self) -> int:
        """All of them."""
        return self.blocked + self.passed + self.challenged + self.other


@dataclass(frozen=True, slots=True)
class KindFigure:
    """Attacks of one kind."""

    kind: str
    tally: Tally


@dataclass(frozen=True, slots=True)
class DayFigure:
    """Attacks of one day (`2026-10-01`)."""

    day: str
    tally: Tally


@dataclass(frozen=True, slots=True)
class SiteFigure:
    """Attacks on one site. good: good requests; None where they cannot be known."""

    site: str
    tally: Tally
    good: int | None


@dataclass(frozen=True, slots=True)
class SourceFigure:
    """Attacks from one address. kinds: the most frequent ones."""

    address: str
    country: str
    kinds: list[str]
    tally: Tally


@dataclass(frozen=True, slots=True)
class TicketFigure:
    """A ticket of the month, with its contents. Moments are text already."""

    number: str
    kind: str
    subject: str
    opened: str
    state: str
    detected: str
    handled: str
    result: str
    severity: str = ""


@dataclass(frozen=True, slots=True)
class IncidentFigure:
    """An incident that the customer was told of, with its clocks as text (empty: it has not happened).

    probe, judged: until the first visit and its verdict; verdict: until the first bad one.
    """

    ticket: str
    kind: str
    site: str
    severity: str
    opened: str
    verdict: str
    mail: str
    ring: str
    reached: str
    ended: str
    probe: str = ""
    judged: str = ""


@dataclass(frozen=True, slots=True)
class LogNote:
    """How complete the log is: the ledger's sums of the month, and days on which nothing came at all."""

    files: int = 0
    lines: int = 0
    rows: int = 0
    quarantined_lines: int = 0
    unkept_lines: int = 0
    quarantined_files: int = 0
    waiting_files: int = 0
    silent_days: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class ScanFigure:
    """A scan that was announced beforehand. Moments are text already."""

    begins: str
    ends: str
    networks: list[str]


@dataclass(frozen=True, slots=True)
class StopFigure:
    """A planned stop of a site, as it took place. Moments are text already."""

    site: str
    begins: str
    ends: str


@dataclass(frozen=True, slots=True)
class Figures:
    """All numbers of one report. good: None means that good traffic is unknown, which is never zero.

    scanned: requests of the announced scans, which are counted among the attacks.
    """

    first_day: str
    last_day: str
    events: int
    good: int | None
    total: Tally
    kinds: list[KindFigure]
    days: list[DayFigure]
    sites: list[SiteFigure]
    sources: list[SourceFigure]
    source_count: int
    tickets: list[TicketFigure]
    log: LogNote
    scans: list[ScanFigure] = field(default_factory=list)
    scanned: int = 0
    incidents: list[IncidentFigure] = field(default_factory=list)
    stops: list[StopFigure] = field(default_factory=list)

    @property
    def received(self) -> bool:
        """Whether any log of the month came in."""
        return self.events > 0 or self.log.files > 0


def add_up(counts: Iterable[Count]) -> Tally:
    """Sum up by outcome."""
    sums: Counter[str] = Counter()
    for count in counts:
        sums[_COLUMNS.get(count.outcome, "other")] += count.events
    return Tally(**sums)


def summarise(
    counts: Sequence[Count],
    *,
    days: tuple[date, date],
    sites: Iterable[str],
    sources: Sequence[SourceFigure],
    source_count: int,
    tickets: Sequence[TicketFigure],
    log: LogNote,
    files_by_day: Mapping[date, int],
    keeps_access_lines: bool,
) -> Figures:
    """All figures of the days given (first and last). sites: those of the contract, shown even when all was quiet."""
    first, last = days
    attacks = [count for count in counts if count.kind != AttackKind.NONE]
    access = [count for count in counts if count.kind == AttackKind.NONE]
    known = keeps_access_lines and bool(access)
    span = [first + timedelta(days=number) for number in range((last - first).days + 1)]
    heard = {count.day for count in counts} | {day for day, files in files_by_day.items() if files}
    return Figures(
        first_day=first.isoformat(),
        last_day=last.isoformat(),
        events=sum(count.events for count in counts),
        good=add_up(access).passed if known else None,
        total=add_up(attacks),
        kinds=_kinds(attacks),
        days=_days(attacks, span),
        sites=_sites(attacks, access, sites, known=known),
        sources=list(sources),
        source_count=source_count,
        tickets=list(tickets),
        log=LogNote(**{**asdict(log), "silent_days": [day.isoformat() for day in span if day not in heard]}),
    )


def to_json(figures: Figures) -> dict[str, Any]:
    """What is frozen in the report's row."""
    return asdict(figures)


def from_json(frozen: Mapping[str, Any]) -> Figures:
    """The figures of a row, as they were frozen."""
    lists = {
        "kinds": [KindFigure(**_opened(row)) for row in frozen["kinds"]],
        "days": [DayFigure(**_opened(row)) for row in frozen["days"]],
        "sites": [SiteFigure(**_opened(row)) for row in frozen["sites"]],
        "sources": [SourceFigure(**_opened(row)) for row in frozen["sources"]],
        "tickets": [TicketFigure(**row) for row in frozen["tickets"]],
        "scans": [ScanFigure(**row) for row in frozen.get("scans", ())],
        "stops": [StopFigure(**row) for row in frozen.get("stops", ())],
        "incidents": [IncidentFigure(**row) for row in frozen.get("incidents", ())],
    }
    return Figures(**{**frozen, **lists, "total": Tally(**frozen["total"]), "log": LogNote(**frozen["log"])})


def _opened(row: Mapping[str, Any]) -> dict[str, Any]:
    return {**row, "tally": Tally(**row["tally"])}


def _kinds(attacks: Sequence[Count]) -> list[KindFigure]:
    groups: defaultdict[str, list[Count]] = defaultdict(list)
    for count in attacks:
        groups[count.kind].append(count)
    found = [KindFigure(kind, add_up(group)) for kind, group in groups.items()]
    return sorted(found, key=lambda figure: (-figure.tally.total, figure.kind))


def _days(attacks: Sequence[Count], span: Sequence[date]) -> list[DayFigure]:
    groups: defaultdict[date, list[Count]] = defaultdict(list)
    for count in attacks:
        groups[count.day].append(count)
    return [DayFigure(day.isoformat(), add_up(groups[day])) for day in span]


def _sites(attacks: Sequence[Count], access: Sequence[Count], sites: Iterable[str], *, known: bool) -> list[SiteFigure]:
    groups: defaultdict[str, list[Count]] = defaultdict(list, {site: [] for site in sites})
    for count in attacks:
        groups[count.site].append(count)
    good: Counter[str] = Counter()
    for count in access:
        groups[count.site] = groups[count.site]
        good[count.site] += count.events if count.outcome == Outcome.ALLOWED else 0
    found = [SiteFigure(site, add_up(group), _good(good, site, known=known)) for site, group in groups.items()]
    return sorted(found, key=lambda figure: (-figure.tally.total, figure.site))


def _good(good: Mapping[str, int], site: str, *, known: bool) -> int | None:
    """A site that had not a single access line may not log them: then nobody knows, and it is not zero."""
    return good[site] if known and site in good else None


_COLUMNS = {Outcome.BLOCKED.value: "blocked", Outcome.ALLOWED.value: "passed", Outcome.CHALLENGED.value: "challenged"}
