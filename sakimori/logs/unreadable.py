"""Which stored files could hardly be read: not a line of them, or so few that their format must have changed.

A sender's own files are judged one by one. A file that we gather from a push door holds what came within a second, so
there the lines of an hour are judged together. What somebody imports he is told of at once.
"""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import reduce
from operator import or_

from django.db.models import F, Q, Sum
from django.db.models.functions import TruncHour

from sakimori.logs.doors import GATHERING_DOORS
from sakimori.logs.lateness import IMPORT_DOOR
from sakimori.logs.models import LogFile, LogFileState, QuarantinedLine

# More than one line in twenty (5 %): a sender's odd lines are one in thousands, while of a format that has changed
# hardly a line is read. Up to two lines beside readable ones are odd lines, however short the file is.
ONE_IN = 20
FEW = 2
_MOST_FILES = 1000
_MOST_HOURS = 50
Hour = tuple[int, str, datetime]


def is_hardly_read(lines: int, bad: int) -> bool:
    """Whether `bad` unreadable ones among so many lines are more than odd lines. Pure."""
    return bad > 0 and (bad == lines or (bad > FEW and bad * ONE_IN > lines))


def hardly_read(*, since: datetime, contracts: Collection[int] | None = None) -> list[LogFile]:
    """Those of the files received since then, of these contracts or all, with contract and customer; the newest first.

    Two questions at the most. Of very many files with bad lines the newest thousand are looked at.
    """
    # The bad lines must lead to their files: they are few, while a contract has millions of files. A plain condition on
    # contract or state would make the database walk through all of those by an index.
    files = LogFile.objects.filter(pk__in=QuarantinedLine.objects.values("file"), received_at__gte=since)
    files = files.filter(quarantined_lines__gt=0).exclude(door=IMPORT_DOOR).select_related("contract__customer")
    if contracts is not None:
        files = files.annotate(owner=F("contract_id") + 0).filter(owner__in=contracts)
    rows = [row for row in files.order_by("-received_at", "-pk")[:_MOST_FILES] if row.state == LogFileState.STORED]
    hours = _bad_hours([row for row in rows if row.door in GATHERING_DOORS])
    return [row for row in rows if _is_hardly_read(row, hours)]


def _is_hardly_read(row: LogFile, hours: Collection[Hour]) -> bool:
    if row.door in GATHERING_DOORS:
        return _hour_of(row) in hours
    return is_hardly_read(row.lines, row.quarantined_lines)


def _bad_hours(rows: Sequence[LogFile]) -> Collection[Hour]:
    """The hours in which a gathering door brought hardly a readable line; all files of the hour are counted."""
    bad: dict[Hour, int] = defaultdict(int)
    for row in rows:
        bad[_hour_of(row)] += row.quarantined_lines
    doubtful = [hour for hour, number in bad.items() if number > FEW][:_MOST_HOURS]
    lines = _lines_of(doubtful) if doubtful else {}
    return {hour for hour in doubtful if is_hardly_read(lines.get(hour, 0), bad[hour])}


def _lines_of(hours: Sequence[Hour]) -> Mapping[Hour, int]:
    spans = (
        Q(contract=contract, door=door, received_at__gte=begin, received_at__lt=begin + timedelta(hours=1))
        for contract, door, begin in hours
    )
    files = LogFile.objects.filter(reduce(or_, spans), state=LogFileState.STORED)
    sums = files.values("contract", "door", hour=TruncHour("received_at", tzinfo=UTC)).annotate(sum=Sum("lines"))
    return {(row["contract"], row["door"], row["hour"]): row["sum"] for row in sums.order_by()}


def _hour_of(row: LogFile) -> Hour:
    return row.contract_id, row.door, row.received_at.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
