"""What a month's rows count to: the log store counts events, the ledger counts files. Days are days of Japan."""

from collections.abc import Iterable
from datetime import date, timedelta
from typing import Any

from django.db.models import Count as CountRows
from django.db.models import Q, QuerySet, Sum
from django.db.models.functions import TruncDate

from sakimori.customers.models import Contract
from sakimori.lib.jst import JST, start_of_day
from sakimori.logs.attack_kinds import AttackKind, Outcome
from sakimori.logs.models import LogFile, LogFileState
from sakimori.logs.queries import access_lines_left_out
from sakimori.logs.store.clickhouse import ADDRESS_TEXT, EVENTS
from sakimori.logs.store.interface import LogStore
from sakimori.reports.figures import Count, LogNote, SourceFigure, Tally

TOP_SOURCES = 10
_KINDS_OF_SOURCE = 3
_MONTH = "contract_id = {contract_id:UInt32} AND day >= {first:Date} AND day <= {last:Date}"
_ATTACK = f"attack_kind != '{AttackKind.NONE}'"
_COUNTS = f"""
SELECT day, site, attack_kind, outcome, count() AS events
FROM {EVENTS} WHERE {_MONTH}
GROUP BY day, site, attack_kind, outcome ORDER BY day, site, attack_kind, outcome
"""  # noqa: S608 - only constants of ours are put in; values go as bound parameters
_SOURCES = f"""
SELECT {ADDRESS_TEXT} AS address, topK(1)(country)[1] AS land,
    topK({_KINDS_OF_SOURCE})(attack_kind) AS kinds, count() AS events,
    countIf(outcome = '{Outcome.BLOCKED}') AS blocked,
    countIf(outcome = '{Outcome.ALLOWED}') AS passed,
    countIf(outcome = '{Outcome.CHALLENGED}') AS challenged
FROM {EVENTS} WHERE {_MONTH} AND {_ATTACK} AND client_ip IS NOT NULL
GROUP BY address ORDER BY events DESC, address LIMIT {TOP_SOURCES}
"""  # noqa: S608 - see above
_SOURCE_COUNT = f"SELECT uniqExact(client_ip) AS addresses FROM {EVENTS} WHERE {_MONTH} AND {_ATTACK}"  # noqa: S608


def counts(store: LogStore, contract: Contract, days: tuple[date, date]) -> list[Count]:
    """Events of a contract by day, site, kind and outcome; access lines are of the kind `none`."""
    rows = store.query(_COUNTS, _bound(contract, days))
    return [Count(row["day"], row["site"], row["attack_kind"], row["outcome"], int(row["events"])) for row in rows]


def top_sources(store: LogStore, contract: Contract, days: tuple[date, date]) -> list[SourceFigure]:
    """The addresses with the most attacks, the most first."""
    return [_source(row) for row in store.query(_SOURCES, _bound(contract, days))]


def source_count(store: LogStore, contract: Contract, days: tuple[date, date]) -> int:
    """How many addresses attacked."""
    return int(store.query(_SOURCE_COUNT, _bound(contract, days))[0]["addresses"])


def files_by_day(contract: Contract, days: tuple[date, date]) -> dict[date, int]:
    """How many log files came in on each day on which one did."""
    rows = _files(contract, days).annotate(on=TruncDate("received_at", tzinfo=JST)).values_list("on")
    return dict(rows.annotate(number=CountRows("pk")).order_by("on"))


def log_note(contract: Contract, days: tuple[date, date]) -> LogNote:
    """The ledger's sums over the files that came in on these days."""
    waiting = (LogFileState.RECEIVED, LogFileState.STORING)
    sums = _files(contract, days).aggregate(
        files=CountRows("pk"),
        lines=Sum("lines", default=0),
        rows=Sum("rows", default=0),
        quarantined_lines=Sum("quarantined_lines", default=0),
        unkept_lines=Sum("unkept_lines", default=0),
        quarantined_files=CountRows("pk", filter=Q(state=LogFileState.QUARANTINED)),
        waiting_files=CountRows("pk", filter=Q(state__in=waiting)),
    )
    return LogNote(**sums)


def keeps_access_lines(contract: Contract, days: tuple[date, date]) -> bool:
    """Whether the contract keeps access lines, and did so for every file that came in on these days."""
    since, until = start_of_day(days[0]), start_of_day(days[1] + timedelta(days=1))
    return contract.keeps_access_lines and not access_lines_left_out(contract, since=since, until=until)


def _files(contract: Contract, days: tuple[date, date]) -> QuerySet[LogFile]:
    first, last = days
    return LogFile.objects.filter(
        contract=contract,
        received_at__gte=start_of_day(first),
        received_at__lt=start_of_day(last + timedelta(days=1)),
    )


def _source(row: dict[str, Any]) -> SourceFigure:
    known = int(row["blocked"]), int(row["passed"]), int(row["challenged"])
    kinds: Iterable[str] = row["kinds"]
    tally = Tally(*known, other=int(row["events"]) - sum(known))
    return SourceFigure(str(row["address"]), str(row["land"]), list(kinds), tally)


def _bound(contract: Contract, days: tuple[date, date]) -> dict[str, object]:
    return {"contract_id": contract.pk, "first": days[0], "last": days[1]}
