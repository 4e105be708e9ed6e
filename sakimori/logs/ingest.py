"""From a spooled file to rows in the store, so that a crash at any point can be put right.

1. The ledger says `storing`. 2. Quarantined lines of an earlier try are forgotten; rows of it need not be, for storing
a file again completes it. 3. Lines become rows; unreadable lines go to quarantine. 4. The store is asked how many rows
it holds of this file; only if that is what was written the ledger says `stored`, and with it the file's link is written
into the chain. A file that cannot be read as a whole leaves nothing behind but its reason, and a few of its bad lines
if those were too many.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import pyarrow.lib as pa
import structlog
from django.db import transaction
from django.db.models import F

from sakimori.lib.claims import renew, still_held
from sakimori.lib.jst import day_of
from sakimori.logs.access_lines import is_access_line, without_access_lines
from sakimori.logs.chain.writing import Span, add_link
from sakimori.logs.contract_keys import ContractKeys
from sakimori.logs.extent import Extent
from sakimori.logs.fields import Event
from sakimori.logs.formats.version import PARSER_VERSION
from sakimori.logs.lateness import IMPORT_DOOR
from sakimori.logs.models import LogFile, LogFileState, QuarantinedLine
from sakimori.logs.read_ahead import Read, Reading
from sakimori.logs.read_file import BadLine
from sakimori.logs.spool import Spool
from sakimori.logs.store.interface import LogStore, StoreBusy, StoreError
from sakimori.logs.unpack import FileReason, Limits, UnpackedFile, UnreadableFile, read_log_file

_log = structlog.get_logger()
_KEPT_BYTES = 4096
_BATCH = 500
# Of a file's bad lines, as rows of the database; all are counted. A file with more of them stays in the spool.
MOST_BAD_LINES_KEPT = 1000
_EXAMPLES = 100  # Of the bad lines of a file that has too many.
LEASE = timedelta(minutes=15)
_RETRY = timedelta(seconds=5)
_TURN_PAUSE = timedelta(seconds=1)
_LONGEST_PAUSE = timedelta(minutes=5)
_FINISHED = (
    "state",
    "reason",
    "stored_at",
    "lines",
    "rows",
    "quarantined_lines",
    "first_at",
    "last_at",
    "unkept_lines",
    "doubles",
)


def ingest(file: LogFile, reading: Reading, *, store: LogStore, clock: Callable[[], datetime]) -> None:
    """Store one claimed file. Afterwards it is stored, quarantined, or due again later; nothing is half-done."""
    begin([file])
    store_alone(file, reading, store=store, clock=clock)


def begin(files: Sequence[LogFile]) -> None:
    """Say that files are being stored. Rows of them may lie in the store from here on."""
    for file in files:
        file.attempts += 1
        if file.keeps_access_lines is None:
            # A further try must store the same rows, although the contract says something else by then.
            file.keeps_access_lines = file.contract.keeps_access_lines
        if file.parser_version is None:
            # Days that an earlier try has stored stay, so the oldest version that may have made one counts.
            file.parser_version = PARSER_VERSION
    for keeps, version in {(file.keeps_access_lines, file.parser_version) for file in files}:
        alike = [file.pk for file in files if (file.keeps_access_lines, file.parser_version) == (keeps, version)]
        LogFile.objects.filter(pk__in=alike).update(
            state=LogFileState.STORING,
            attempts=F("attempts") + 1,
            keeps_access_lines=keeps,
            parser_version=version,
        )


def open_spooled(file: LogFile, spool: Spool) -> UnpackedFile:
    """Open a file with the keys of its contract. Raises `UnreadableFile`, `CannotOpen` or OSError."""
    return read_log_file(spool.path(file.spool_name), private_keys=ContractKeys(file.contract), limits=Limits())


def store_alone(file: LogFile, reading: Reading, *, store: LogStore, clock: Callable[[], datetime]) -> None:
    """Store one file that has begun, whatever its size. Closes the reading.

    Whatever goes wrong with it, it is tried again later: one customer's odd file must never hold up those of others.
    """
    try:
        _store_or_quarantine(file, reading, store=store, clock=clock)
    except StoreBusy:
        give_way([file], now=clock())
    except Exception as error:  # noqa: BLE001 - logged with its kind; a file that goes on failing is an alarm
        postpone([file], error, now=clock())


def _store_or_quarantine(file: LogFile, reading: Reading, *, store: LogStore, clock: Callable[[], datetime]) -> None:
    file.bad_lines.all().delete()
    try:
        count = _store(file, reading, store=store, clock=clock)
    except UnreadableFile as error:
        store.discard(contract_id=file.contract_id, file_id=file.pk)
        _keep_examples(file, _EXAMPLES if error.reason is FileReason.TOO_MANY_BAD_LINES else 0)
        _finish(file, state=LogFileState.QUARANTINED, reason=error.reason.sentence, now=clock())
    except FileNotFoundError:
        store.discard(contract_id=file.contract_id, file_id=file.pk)
        _finish(file, state=LogFileState.QUARANTINED, reason="スプールにファイルがありません。", now=clock())
    else:
        _finish(file, state=LogFileState.STORED, reason="", now=clock(), count=count)


@dataclass
class Count:
    """Lines, rows, bad lines and access lines that are not kept, of one file, counted while they pass, and over which
    time its events extend.
    """

    file: LogFile
    extent: Extent
    lines: int = 0
    rows: int = 0
    bad: int = 0
    unkept: int = 0
    doubles: int | None = None
    waiting: list[QuarantinedLine] = field(default_factory=list)

    def rows_of(self, read: Iterable[pa.Table | tuple[int, Event | BadLine]]) -> Iterator[pa.Table | tuple[int, Event]]:
        """Let events through and put bad lines aside, in batches; of very many the first.

        Access lines only pass where they are kept.
        """
        for table_or_line in read:
            if isinstance(table_or_line, pa.Table):
                yield self._kept(table_or_line)
                continue
            line_no, item = table_or_line
            self.lines += 1
            if isinstance(item, BadLine):
                self.bad += 1
                if self.bad <= MOST_BAD_LINES_KEPT:
                    self.waiting.append(_bad_line(self.file, item))
                if len(self.waiting) >= _BATCH:
                    self.write_bad_lines()
                continue
            # A line that is not kept tells how far the log has come as well.
            self.extent.add(item.time)
            if self.file.keeps_access_lines or not is_access_line(item):
                self.rows += 1
                yield line_no, item
            else:
                self.unkept += 1

    def _kept(self, table: pa.Table) -> pa.Table:
        self.extent.add_table(table)
        kept = table if self.file.keeps_access_lines else without_access_lines(table)
        self.lines += table.num_rows
        self.rows += kept.num_rows
        self.unkept += table.num_rows - kept.num_rows
        return kept

    @property
    def span(self) -> Span:
        """The days of the events that have passed."""
        first, latest = self.extent.first_at, self.extent.latest_at
        return Span(day_of(first), day_of(latest)) if first and latest else Span()

    def fill_in(self, file: LogFile) -> None:
        """Write down in the file's row what was counted. Does not save."""
        file.lines, file.rows, file.quarantined_lines = self.lines, self.rows, self.bad
        file.first_at, file.last_at = self.extent.first_at, self.extent.last_at
        file.unkept_lines = self.unkept
        file.doubles = self.doubles  # None: the comparison will count them.

    def write_bad_lines(self) -> None:
        """Write the bad lines that wait. They count only once the file is stored."""
        QuarantinedLine.objects.bulk_create(self.waiting)
        self.waiting = []


def _store(file: LogFile, reading: Reading, *, store: LogStore, clock: Callable[[], datetime]) -> Count:
    count = Count(file, Extent(received_at=file.received_at))
    with reading as read:
        store.append(count.rows_of(_while_ours(read, file, clock)), contract_id=file.contract_id, file_id=file.pk)
    count.write_bad_lines()
    held = store.count_file(contract_id=file.contract_id, file_id=file.pk, days=count.span.days)
    if held != count.rows:
        raise StoreError(f"the store holds {held} rows of file {file.pk}, {count.rows} were written")
    if file.door == IMPORT_DOOR:  # Who imports wants to know how much of it was there already.
        count.doubles = store.doubles(contract_id=file.contract_id, file_id=file.pk)
    return count


def _while_ours(read: Iterator[Read], file: LogFile, clock: Callable[[], datetime]) -> Iterator[Read]:
    """Begin the lease anew at its half: a large file takes what it takes. Raises LookupError if it was taken over."""
    for item in read:
        now = clock()
        is_old = file.claimed_until is not None and now > file.claimed_until - LEASE / 2
        if is_old and not renew(LogFile.objects.all(), file, now=now, lease=LEASE):
            raise LookupError(f"another worker has file {file.pk}")
        yield item


def _keep_examples(file: LogFile, number: int) -> None:
    """Forget the bad lines of a file that is not stored, but for the first."""
    kept = file.bad_lines.order_by("line_number").values_list("pk", flat=True)[:number]
    file.bad_lines.exclude(pk__in=list(kept)).delete()


def _bad_line(file: LogFile, bad: BadLine) -> QuarantinedLine:
    return QuarantinedLine(file=file, line_number=bad.line_no, reason=bad.reason, raw=bad.raw[:_KEPT_BYTES])


def _finish(file: LogFile, *, state: LogFileState, reason: str, now: datetime, count: Count | None = None) -> None:
    """One transaction: how the file stands, and if it is stored its link. A link that is there stays as it is.

    Whoever has lost the claim meanwhile leaves that to who has it: both store the same.
    """
    file.state, file.reason, file.stored_at = state, reason, now
    if count is None:
        file.lines = file.rows = file.quarantined_lines = file.unkept_lines = file.doubles = 0
        file.first_at = file.last_at = None
    else:
        count.fill_in(file)
    with transaction.atomic():
        if not still_held(LogFile.objects.all(), [file]):
            return
        if count is not None:
            add_link(file, count.span, now=now)
        file.save(update_fields=_FINISHED)
        # Not in the row in hand: should the transaction fail, the claim stands.
        LogFile.objects.filter(pk=file.pk).update(claimed_by="", claimed_until=None)


def postpone(files: Sequence[LogFile], error: Exception, *, now: datetime) -> None:
    """Let go of claimed files for a while, the longer, the more often they were tried. Those that somebody else has by
    now are left to him.
    """
    for file in files:
        _log.warning("ingest.postponed", file=file.pk, error=f"{type(error).__name__}: {error}"[:300])
        pause: timedelta = _RETRY * 2 ** min(file.attempts, 10)
        mine = LogFile.objects.filter(pk=file.pk, claimed_by=file.claimed_by, claimed_until=file.claimed_until)
        mine.update(next_try_at=now + min(pause, _LONGEST_PAUSE), claimed_by="", claimed_until=None)


def give_way(files: Sequence[LogFile], *, now: datetime) -> None:
    """Let go of claimed files because another process is storing for their contracts. That was no try."""
    for file in files:
        mine = LogFile.objects.filter(pk=file.pk, claimed_by=file.claimed_by, claimed_until=file.claimed_until)
        mine.update(attempts=F("attempts") - 1, next_try_at=now + _TURN_PAUSE, claimed_by="", claimed_until=None)
