"""Where lines that arrive bit by bit are gathered until they go into the spool, some moments' lines in one file.

Whoever takes lines writes into a file of his own, which others can see to be in use by the lock on it. What was written
survives a killed process, and what was synced a killed machine; the next start takes it. A file's name is its name in
the ledger, so it is taken once.
"""

import fcntl
import os
import secrets
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

from django.db import close_old_connections

from sakimori.customers.models import Contract
from sakimori.customers.queries import running
from sakimori.lib.crypto import sync_folder
from sakimori.lib.jst import day_of
from sakimori.logs.doors import GATHERING_DOORS
from sakimori.logs.models import LogFile, LogFileState
from sakimori.logs.receive.accept import accept
from sakimori.logs.spool import Spool

_NEW, _OPEN, _READY = ".new", ".open", ".ready"
_CHUNK_BYTES = 1 << 20
# What a file costs us, whatever is in it: to be stored with others, and to be searched for attacks and signals.
_SECONDS_PER_FILE = 0.04
_SECONDS_PER_WAITING_FILE = 0.5
_FEW_WAITING, _MANY_WAITING = 4, 100
_LONGEST_WHILE_STORE_KEEPS_UP, _LONGEST = 3.0, 30.0
_MOST_COUNTED = 200


def gathering_seconds(open_files: int, waiting_files: int, *, shortest: float) -> float:
    """How long lines are gathered into one file: the longer, the more files are open and wait for the log store.

    So files never come faster for long than the store takes them, however many contracts send and however busy the
    machine is: it then gets fewer and larger ones. Small files are stored together, so that a file or two of each that
    is open may well wait.
    """
    keeping_up = max(shortest, min(_LONGEST_WHILE_STORE_KEEPS_UP, open_files * _SECONDS_PER_FILE))
    always_waiting = max(_FEW_WAITING, min(_MANY_WAITING, 2 * open_files))
    behind = max(0, waiting_files - always_waiting) * _SECONDS_PER_WAITING_FILE
    return max(shortest, min(_LONGEST, keeping_up + behind))


class Gathered:
    """One file under one contract, open for lines. Only the process that made it may write."""

    def __init__(self, folder: Path, contract_id: int) -> None:
        self.size_bytes = 0
        self.since: float | None = None
        self._is_finished = self._is_name_synced = False
        self._path = folder / f"{contract_id}-{secrets.token_hex(12)}{_OPEN}"
        # Nobody sees it under this name before it is locked.
        unlocked = self._path.with_suffix(_NEW)
        self._descriptor = os.open(unlocked, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        fcntl.flock(self._descriptor, fcntl.LOCK_EX)
        unlocked.rename(self._path)

    def write(self, lines: bytes) -> None:
        """Add whole lines. After OSError (disk full) none of them is there."""
        done = 0
        try:
            while done < len(lines):
                done += os.write(self._descriptor, lines[done:])
        except OSError:
            self._cut_to(self.size_bytes)
            raise
        self.size_bytes += done
        self.since = self.since or time.monotonic()

    def write_durably(self, lines: bytes) -> None:
        """Add whole lines and sync them, and the file's name. After OSError none of them is there."""
        before = self.size_bytes
        self.write(lines)
        try:
            os.fsync(self._descriptor)
            if not self._is_name_synced:
                sync_folder(self._path.parent)
                self._is_name_synced = True
        except OSError:
            self._cut_to(before)
            raise

    def _cut_to(self, size_bytes: int) -> None:
        os.ftruncate(self._descriptor, size_bytes)
        os.lseek(self._descriptor, size_bytes, os.SEEK_SET)
        self.size_bytes = size_bytes

    def finish(self) -> Path | None:
        """No more lines come. Returns the file, ready to be handed over; None if there was nothing, or once it was."""
        if self._is_finished:
            return None
        self._is_finished = True
        ready = self._path.with_suffix(_READY)
        if self.size_bytes:
            self._path.rename(ready)
        else:
            self._path.unlink(missing_ok=True)
        os.close(self._descriptor)
        return ready if self.size_bytes else None


class GatheringDoor:
    """One door's folder of gathered files, and the way from there into spool and ledger. Methods may block."""

    name = ""

    def __init__(self, folder: Path, spool: Spool, clock: Callable[[], datetime]) -> None:
        self.folder = folder
        self._spool, self._clock = spool, clock
        self._waiting_files = 0
        folder.mkdir(parents=True, exist_ok=True)

    def gathering_seconds(self, open_files: int, *, shortest: float) -> float:
        """How long lines are gathered into one file just now. Does not block."""
        return gathering_seconds(open_files, self._waiting_files, shortest=shortest)

    def has_room(self) -> bool:
        """Whether the disk takes more. While it does not nobody is read from: his lines wait where they are."""
        return not self._spool.floor.is_reached()

    def hand_over(self, ready: Path) -> None:
        """Bring a finished file into spool and ledger, then remove it. Lines of a contract that has ended are dropped.

        After OSError or DatabaseError the file lies there still, and `sweep` tries again.
        """
        close_old_connections()
        today = running(day_of(self._clock()))
        contract = Contract.objects.filter(today, pk=_contract_id(ready)).first()
        if contract is not None:
            with suppress(FileNotFoundError):
                accept(
                    _chunks(ready),
                    contract=contract,
                    door=self.name,
                    name=ready.stem,
                    spool=self._spool,
                    now=self._clock(),
                    # Since its last line came it has waited for us, not for the sender.
                    available_at=datetime.fromtimestamp(ready.stat().st_mtime, UTC),
                )
        ready.unlink(missing_ok=True)
        waiting = LogFile.objects.filter(state__in=[LogFileState.RECEIVED, LogFileState.STORING])
        self._waiting_files = waiting[:_MOST_COUNTED].count()

    def sweep(self, *, older_than: timedelta) -> int:
        """Hand over what nobody did: files whose hand-over failed, and those of a process that is no more.

        Returns how many.
        """
        done = 0
        for path in sorted(self.folder.glob(f"*{_OPEN}")):
            done += self._adopt(path)
        limit = time.time() - older_than.total_seconds()
        for path in sorted(self.folder.glob(f"*{_READY}")):
            with suppress(FileNotFoundError):
                if path.stat().st_mtime <= limit:
                    self.hand_over(path)
                    done += 1
        return done

    def _adopt(self, path: Path) -> int:
        with suppress(FileNotFoundError, BlockingIOError), path.open("rb") as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            self.note_left_behind(_contract_id(path))
            path.rename(path.with_suffix(_READY))
            return 1
        return 0

    def note_left_behind(self, contract_id: int) -> None:
        """A process that is no more has left a file. A door at which that means a loss writes it down."""


def _contract_id(path: Path) -> int:
    number = path.name.partition("-")[0]
    return int(number) if number.isdecimal() else 0


def _chunks(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK_BYTES):
            yield chunk


def lying(data: Path, contract_id: int) -> list[Path]:
    """A contract's files that lie at any door and are not in the spool yet, whether open or ready.

    data: the folder in which each door that gathers has its own. For whoever deletes the contract.
    """
    return [path for door in GATHERING_DOORS for path in (data / door).glob(f"{contract_id:d}-*")]
