"""Small files, of whatever contracts, from the spool to rows in the store in one go.

What a file costs is mostly what is done once for each: statements of the store, the ledger's transaction. The promises
are those of `ingest.py`, file by file, and so are the steps. Whatever is odd about a file (it cannot be read, it is
large after all, the store has taken it for wrong) is left to the way for single files, and the others are stored.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime

import structlog
from django.db import transaction
from django.db.models import Q

from sakimori.lib.claims import still_held
from sakimori.logs.chain.writing import add_links
from sakimori.logs.contract_keys import ContractKeys
from sakimori.logs.doors import GATHERING_DOORS
from sakimori.logs.extent import Extent
from sakimori.logs.ingest import Count, begin, give_way, postpone
from sakimori.logs.lateness import IMPORT_DOOR
from sakimori.logs.models import LogFile, LogFileState, QuarantinedLine
from sakimori.logs.read_file import tables_and_events
from sakimori.logs.spool import Spool
from sakimori.logs.store.blocks import as_one_table
from sakimori.logs.store.interface import LogStore, SmallFile, StoreBusy, StoreError, StoreUnavailable
from sakimori.logs.unpack import Limits, read_log_file

_log = structlog.get_logger()
# As it lies in the spool, where gathered lines are not compressed: with a limit for all, contracts whose lines are
# gathered for longer because the store is behind would cost it most. Who imports waits for figures that only the way
# for single files gives.
SMALL = (Q(size_bytes__lte=256 << 10) | Q(size_bytes__lte=4 << 20, door__in=GATHERING_DOORS)) & ~Q(door=IMPORT_DOOR)
# Of one file when it is read, and of those that are stored by one statement: they lie in memory meanwhile.
_MOST_LINES, _MOST_BYTES = 5_000, 8 << 20
_MOST_LINES_TOGETHER, _MOST_BYTES_TOGETHER = 20_000, 32 << 20
_COUNTED = ["lines", "rows", "quarantined_lines", "unkept_lines", "first_at", "last_at"]


@dataclass(frozen=True, slots=True)
class House:
    """Where files come from and go to."""

    store: LogStore
    spool: Spool
    clock: Callable[[], datetime]


@dataclass(frozen=True, slots=True)
class _Read:
    """A file with all of its rows, and what was counted on the way."""

    file: LogFile
    count: Count
    small: SmallFile


def ingest_together(files: Sequence[LogFile], house: House) -> list[LogFile]:
    """Store claimed files. Afterwards each is stored or due again later, except those that are given back: they have
    begun and are to be stored alone.
    """
    if not files:
        return []
    begin(files)
    QuarantinedLine.objects.filter(file__in=[file.pk for file in files]).delete()
    alone: list[LogFile] = []
    for group in _groups(files, house, alone):
        alone += _store(group, house)
    return alone


def _groups(files: Sequence[LogFile], house: House, alone: list[LogFile]) -> Iterator[list[_Read]]:
    """Read files, as many at a time as may lie in memory."""
    keys = {file.contract_id: ContractKeys(file.contract) for file in files}
    group, lines, size = list[_Read](), 0, 0
    for file in files:
        read = _read(file, house, keys[file.contract_id])
        if read is None:
            alone.append(file)
            continue
        group.append(read)
        lines += read.count.lines
        size += read.small.rows.nbytes
        if lines >= _MOST_LINES_TOGETHER or size >= _MOST_BYTES_TOGETHER:
            yield group
            group, lines, size = [], 0, 0
    if group:
        yield group


def _read(file: LogFile, house: House, keys: ContractKeys) -> _Read | None:
    """Read a whole file; None if that cannot be done, or if it is not small."""
    count, rows, size = Count(file, Extent(received_at=file.received_at)), [], 0
    try:
        path = house.spool.path(file.spool_name)
        unpacked = read_log_file(path, private_keys=keys, limits=Limits())
        with unpacked, closing(tables_and_events(unpacked, with_threads=False)) as read:
            for item in count.rows_of(read):
                rows.append(item)
                size += len(item[1].line) if isinstance(item, tuple) else item.nbytes
                if count.lines > _MOST_LINES or size > _MOST_BYTES:
                    return None
    except Exception:  # noqa: BLE001 - the way for single files meets it again, and says what it is
        return None
    return _Read(file, count, SmallFile(file.contract_id, file.pk, as_one_table(rows)))


def _store(group: Sequence[_Read], house: House) -> list[LogFile]:
    """Returns the files that are to be stored alone. Files of a contract for which another process is storing wait for
    their turn, and the others do not wait for them.
    """
    files = [read.file for read in group]
    try:
        _store_or_postpone(group, house)
    except StoreBusy as busy:
        give_way([file for file in files if file.contract_id in busy.contracts], now=house.clock())
        others = [read for read in group if read.file.contract_id not in busy.contracts]
        return _store(others, house) if others else []
    except StoreUnavailable as error:
        postpone(files, error, now=house.clock())
    except Exception as error:  # noqa: BLE001 - whichever of them it lies at is found one by one
        _log.warning("ingest.one_by_one", files=len(files), error=f"{type(error).__name__}: {error}"[:300])
        return files
    return []


def _store_or_postpone(group: Sequence[_Read], house: House) -> None:
    held = house.store.append_together([read.small for read in group])
    whole = [read for read, rows in zip(group, held, strict=True) if rows == read.count.rows]
    _finish(whole, now=house.clock())
    for read, rows in zip(group, held, strict=True):
        if rows != read.count.rows:
            wrong = StoreError(f"the store holds {rows} rows of file {read.file.pk}, {read.count.rows} were written")
            postpone([read.file], wrong, now=house.clock())


def _finish(group: Sequence[_Read], *, now: datetime) -> None:
    """One transaction: how the files stand that are still ours, their bad lines and their links."""
    for read in group:
        read.count.fill_in(read.file)
    with transaction.atomic():
        held = still_held(LogFile.objects.all(), [read.file for read in group])
        mine = [read for read in group if read.file.pk in held]
        for read in mine:
            read.count.write_bad_lines()
        add_links([(read.file, read.count.span) for read in mine], now=now)
        LogFile.objects.bulk_update([read.file for read in mine], _COUNTED)
        LogFile.objects.filter(pk__in=held).update(
            state=LogFileState.STORED, reason="", stored_at=now, doubles=None, claimed_by="", claimed_until=None
        )
