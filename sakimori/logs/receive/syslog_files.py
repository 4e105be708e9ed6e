"""Where the lines of syslog connections are gathered until they go into the spool.

A connection writes into a file of its own, which others can see to be in use by the lock on it. What was written
survives a killed process; the next start takes it. A file's name is its name in the ledger, so it is taken once.
"""

import fcntl
import os
import secrets
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path

from django.db import close_old_connections, transaction
from django.db.models import F

from sakimori.customers.models import Contract, LogSender
from sakimori.customers.queries import running
from sakimori.lib.jst import day_of
from sakimori.logs.models import Residue
from sakimori.logs.receive.accept import accept
from sakimori.logs.spool import Spool

DOOR = "syslog"
_NEW, _OPEN, _READY = ".new", ".open", ".ready"
_CHUNK_BYTES = 1 << 20


class Gathered:
    """One file under one contract, open for lines. Only the process that made it may write."""

    def __init__(self, folder: Path, contract_id: int) -> None:
        self.size_bytes = 0
        self.since: float | None = None
        self._is_finished = False
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
            os.ftruncate(self._descriptor, self.size_bytes)
            os.lseek(self._descriptor, self.size_bytes, os.SEEK_SET)
            raise
        self.size_bytes += done
        self.since = self.since or time.monotonic()

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


class SyslogDoor:
    """What a syslog server needs of us: who a sender is, and where his lines go. Every method may block."""

    def __init__(self, folder: Path, spool: Spool, clock: Callable[[], datetime]) -> None:
        self.folder = folder
        self._spool, self._clock = spool, clock
        folder.mkdir(parents=True, exist_ok=True)

    def has_room(self) -> bool:
        """Whether the disk takes more. While it does not nobody is read from: his lines wait where they are."""
        return not self._spool.floor.is_reached()

    def certificates(self) -> str:
        """Every registered certificate, as PEM."""
        close_old_connections()
        return "\n".join(LogSender.objects.order_by("pk").values_list("certificate", flat=True))

    def contract_of(self, fingerprint: str) -> int | None:
        """The key of the contract whose certificate it is. From the day of cancellation on nobody is known."""
        close_old_connections()
        today = running(day_of(self._clock()), contract="contract")
        sender = LogSender.objects.filter(today, fingerprint=fingerprint).first()
        return sender.contract_id if sender else None

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
                    _chunks(ready), contract=contract, door=DOOR, name=ready.stem, spool=self._spool, now=self._clock()
                )
        ready.unlink(missing_ok=True)

    def sweep(self, *, older_than: timedelta) -> int:
        """Hand over what nobody did: files whose hand-over failed, and those of a process that is no more.

        How much a killed process lost besides is unknown, so such a file counts as a cut. Returns how many.
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
            self.note_cut(_contract_id(path), lines=0, size_bytes=0)
            path.rename(path.with_suffix(_READY))
            return 1
        return 0

    def note_cut(self, contract_id: int, *, lines: int, size_bytes: int) -> None:
        """Count what a cut took: a connection's, or of messages that were too long to be taken."""
        close_old_connections()
        if not Contract.objects.filter(pk=contract_id).exists():
            return
        now = self._clock()
        with transaction.atomic():
            row, _ = Residue.objects.get_or_create(contract_id=contract_id, day=day_of(now), defaults={"last_at": now})
            Residue.objects.filter(pk=row.pk).update(
                cuts=F("cuts") + 1, lines=F("lines") + lines, size_bytes=F("size_bytes") + size_bytes, last_at=now
            )


def _contract_id(path: Path) -> int:
    number = path.name.partition("-")[0]
    return int(number) if number.isdecimal() else 0


def _chunks(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK_BYTES):
            yield chunk
