"""How the intake of contracts is: complete until when, what is missing, how late. A fixed number of questions.

Callers say which contracts; pages take them through `customers.access`.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.db.models import Count, Min, OuterRef, Q, QuerySet, Subquery

from sakimori.logs.completeness import Completeness, completeness
from sakimori.logs.flow import Flow, Lag, our_lag, source_lag
from sakimori.logs.following import flow_of
from sakimori.logs.gaps import Gap, Why, since, why_missing, window
from sakimori.logs.models import DoorFlow, LogFile, LogFileState, MissingFiles, Residue
from sakimori.logs.unreadable import hardly_read

_WAITING = (LogFileState.RECEIVED, LogFileState.STORING)
_MOST_FILES = 1000
_BESIDE = ("before", "after")


@dataclass(frozen=True, slots=True)
class Waiting:
    """Files that have come and are not stored yet."""

    files: int = 0
    oldest_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class DoorHealth:
    """One door of a contract. The lags are None as long as no file says so."""

    door: str
    files: int
    last_received_at: datetime
    complete_until: datetime | None
    source: Lag | None
    ours: Lag | None


@dataclass(frozen=True, slots=True)
class Health:
    """One contract's intake."""

    completeness: Completeness
    doors: Sequence[DoorHealth] = ()
    waiting: Waiting = field(default_factory=Waiting)


def health_of(
    contracts: Collection[int], *, now: datetime, limit: timedelta, reaching: datetime
) -> Mapping[int, Health]:
    """The intake of each of the contracts, by key. limit: after which a door may be silent; gaps that reach beyond
    `reaching` are told, those of which nobody knows when they are if they were noticed after it.
    """
    flows = _flows(contracts)
    gaps: dict[int, list[Gap]] = defaultdict(list)
    for kind in (_missing, _files, _unreadable, _cuts):
        for contract, gap in kind(contracts, reaching):
            gaps[contract].append(gap)
    waiting = _waiting(contracts)
    return {
        contract: Health(
            completeness(flows[contract], since(gaps[contract], reaching), now=now, limit=limit),
            [_door(door, flow) for door, flow in sorted(flows[contract].items())],
            waiting.get(contract, Waiting()),
        )
        for contract in contracts
    }


def _flows(contracts: Collection[int]) -> Mapping[int, Mapping[str, Flow]]:
    found: dict[int, dict[str, Flow]] = defaultdict(dict)
    for row in DoorFlow.objects.filter(contract__in=contracts):
        found[row.contract_id][row.door] = flow_of(row)
    return found


def _door(door: str, flow: Flow) -> DoorHealth:
    return DoorHealth(door, flow.files, flow.last_received_at, flow.complete_until, source_lag(flow), our_lag(flow))


def _waiting(contracts: Collection[int]) -> Mapping[int, Waiting]:
    """Asked by state alone: few files wait, while a contract has millions that do not."""
    rows = LogFile.objects.filter(state__in=_WAITING).order_by().values("contract")
    counted = rows.annotate(files=Count("pk"), oldest=Min("received_at"))
    return {row["contract"]: Waiting(row["files"], row["oldest"]) for row in counted if row["contract"] in contracts}


def _missing(contracts: Collection[int], reaching: datetime) -> Iterable[tuple[int, Gap]]:
    known = Q(ends_at__gte=reaching) | Q(ends_at=None, noticed_at__gte=reaching)
    open_ = MissingFiles.objects.filter(known, contract__in=contracts, dismissed_at=None)
    for hole in open_.order_by("-pk")[:_MOST_FILES]:
        numbers = hole.last - hole.first + 1
        why = why_missing(numbers, was_listed=hole.was_listed)
        yield hole.contract_id, Gap(why, hole.begins_at, hole.ends_at, numbers)


def _files(contracts: Collection[int], reaching: datetime) -> Iterable[tuple[int, Gap]]:
    """Quarantined files, and those that were tried in vain: between the events of the files that came beside them."""
    rows = _with_neighbours(LogFile.objects.filter(contract__in=contracts))
    bad = rows.filter(state=LogFileState.QUARANTINED, received_at__gte=reaching).order_by("-received_at")
    in_vain = Q(attempts__gt=1) | Q(attempts=1, claimed_until=None)
    stuck = rows.filter(in_vain, state__in=_WAITING).order_by("received_at")
    for why, files in ((Why.QUARANTINED, bad), (Why.WAITING, stuck)):
        for row in files.values("contract", *_BESIDE)[:_MOST_FILES]:
            yield row["contract"], Gap(why, *window(*(row[name] for name in _BESIDE)))


def _unreadable(contracts: Collection[int], reaching: datetime) -> Iterable[tuple[int, Gap]]:
    """Between the events of the file; where not a line of it could be read the files beside it tell, or its receipt."""
    bad = hardly_read(since=reaching, contracts=contracts)
    lost = _with_neighbours(LogFile.objects.filter(pk__in=[row.pk for row in bad if row.first_at is None]))
    beside = {key: window(*times) for key, *times in lost.values_list("pk", *_BESIDE)}
    for row in bad:
        begins, ends = beside.get(row.pk, (row.first_at, row.last_at))
        yield row.contract_id, Gap(Why.UNREADABLE, begins, ends or row.received_at, row.quarantined_lines)


def _with_neighbours(files: QuerySet[LogFile]) -> QuerySet[LogFile]:
    beside = LogFile.objects.filter(contract=OuterRef("contract"), door=OuterRef("door"), last_at__isnull=False)
    before = beside.filter(received_at__lte=OuterRef("received_at")).order_by("-received_at", "-pk")
    after = beside.filter(received_at__gt=OuterRef("received_at")).order_by("received_at", "pk")
    times = Subquery(before.values("last_at")[:1]), Subquery(after.values("first_at")[:1])
    return files.annotate(**dict(zip(_BESIDE, times, strict=True)))


def _cuts(contracts: Collection[int], reaching: datetime) -> Iterable[tuple[int, Gap]]:
    """When within its day a cut was is only known of the last one. One without lines counts too: nobody knows."""
    cuts = Residue.objects.filter(contract__in=contracts, last_at__gte=reaching)
    for contract, last_at, lines in cuts.values_list("contract", "last_at", "lines"):
        yield contract, Gap(Why.CUT, last_at, last_at, lines)
