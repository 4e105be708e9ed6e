"""From a spooled file to rows in the store, so that a crash at any point can be put right.

1. The ledger says `storing`. 2. Quarantined lines of an earlier try are forgotten; rows of it need not be, for storing
a file again completes it. 3. Lines become rows; unreadable lines go to quarantine. 4. The store is asked how many rows
it holds of this file; only if that is what was written the ledger says `stored`, and with it the file's link is written
into the chain. A file that cannot be read as a whole leaves nothing behind but its reason.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import pyarrow.lib as pa
import structlog
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from django.db import transaction
from django.db.models import F

from sakimori.customers.models import Contract
from sakimori.customers.secrets import open_log_keys
from sakimori.lib.crypto import CannotOpen
from sakimori.lib.jst import day_of
from sakimori.logs.access_lines import is_access_line, without_access_lines
from sakimori.logs.chain.writing import Span, add_link
from sakimori.logs.extent import Extent
from sakimori.logs.fields import Event
from sakimori.logs.lateness import IMPORT_DOOR
from sakimori.logs.models import LogFile, LogFileState, QuarantinedLine
from sakimori.logs.read_ahead import Reading
from sakimori.logs.read_file import BadLine
from sakimori.logs.spool import Spool
from sakimori.logs.store.interface import LogStore, StoreError
from sakimori.logs.unpack import Limits, UnpackedFile, UnreadableFile, read_log_file

_log = structlog.get_logger()
_KEPT_BYTES = 4096
_BATCH = 500
_RETRY = timedelta(seconds=5)
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
    "claimed_by",
    "claimed_until",
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
    for keeps in (True, False):
        alike = [file.pk for file in files if file.keeps_access_lines is keeps]
        if alike:
            LogFile.objects.filter(pk__in=alike).update(
                state=LogFileState.STORING, attempts=F("attempts") + 1, keeps_access_lines=keeps
            )


def open_spooled(file: LogFile, spool: Spool) -> UnpackedFile:
    """Open a file with the keys of its contract. Raises `UnreadableFile`, `CannotOpen` or OSError."""
    return read_log_file(spool.path(file.spool_name), private_keys=private_keys(file.contract), limits=Limits())


def store_alone(file: LogFile, reading: Reading, *, store: LogStore, clock: Callable[[], datetime]) -> None:
    """Store one file that has begun, whatever its size. Closes the reading."""
    try:
        _store_or_quarantine(file, reading, store=store, clock=clock)
    except (StoreError, OSError, CannotOpen) as error:
        postpone([file], error, now=clock())


def _store_or_quarantine(file: LogFile, reading: Reading, *, store: LogStore, clock: Callable[[], datetime]) -> None:
    file.bad_lines.all().delete()
    try:
        count = _store(file, reading, store=store)
    except UnreadableFile as error:
        store.discard(contract_id=file.contract_id, file_id=file.pk)
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
        """Let events through and put bad lines aside, in batches, whatever their number.

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


def _store(file: LogFile, reading: Reading, *, store: LogStore) -> Count:
    count = Count(file, Extent(received_at=file.received_at))
    with reading as read:
        store.append(count.rows_of(read), contract_id=file.contract_id, file_id=file.pk)
    count.write_bad_lines()
    held = store.count_file(contract_id=file.contract_id, file_id=file.pk)
    if held != count.rows:
        raise StoreError(f"the store holds {held} rows of file {file.pk}, {count.rows} were written")
    if file.door == IMPORT_DOOR:  # Who imports wants to know how much of it was there already.
        count.doubles = store.doubles(contract_id=file.contract_id, file_id=file.pk)
    return count


def private_keys(contract: Contract) -> dict[int, RSAPrivateKey]:
    """The keys that open this contract's encrypted files, by the number that the file's header names."""
    keys = {}
    for key_id, pem in open_log_keys(contract).items():
        key = load_pem_private_key(pem, password=None)
        if isinstance(key, RSAPrivateKey):
            keys[key_id] = key
    return keys


def _bad_line(file: LogFile, bad: BadLine) -> QuarantinedLine:
    return QuarantinedLine(file=file, line_number=bad.line_no, reason=bad.reason, raw=bad.raw[:_KEPT_BYTES])


def _finish(file: LogFile, *, state: LogFileState, reason: str, now: datetime, count: Count | None = None) -> None:
    """One transaction: how the file stands, and if it is stored its link. A link that is there stays as it is."""
    file.state, file.reason, file.stored_at = state, reason, now
    if count is None:
        file.lines = file.rows = file.quarantined_lines = file.unkept_lines = file.doubles = 0
        file.first_at = file.last_at = None
    else:
        count.fill_in(file)
    file.claimed_by, file.claimed_until = "", None
    with transaction.atomic():
        if count is None:
            file.bad_lines.all().delete()
        else:
            add_link(file, count.span, now=now)
        file.save(update_fields=_FINISHED)


def postpone(files: Sequence[LogFile], error: Exception, *, now: datetime) -> None:
    """Let go of files for a while, the longer, the more often they were tried."""
    for file in files:
        _log.warning("ingest.postponed", file=file.pk, error=f"{type(error).__name__}: {error}"[:300])
        pause: timedelta = _RETRY * 2 ** min(file.attempts, 10)
        LogFile.objects.filter(pk=file.pk).update(
            next_try_at=now + min(pause, _LONGEST_PAUSE), claimed_by="", claimed_until=None
        )
